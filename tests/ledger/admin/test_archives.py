"""Archived months on the operators' site: listed, and named where their usage entries were."""

from pathlib import Path

import pytest
from django.urls import reverse

from ledger.books.models import JournalEntry
from ledger.rating.archive import restoring, taking
from ledger.rating.archive.taking import Taken
from ledger.rating.identity import public_id
from ledger.rating.models import SetAside, UsageEntry
from ledger.usage.models import UsageBatch
from settlement.clearing import calendars
from tests import operators
from tests.settlement import factories as settling

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books")]

OCTOBER = settling.OCTOBER


@pytest.fixture
def entry_id(books: None) -> str:
    """Return the public id of a usage entry."""
    entry = UsageEntry.objects.get(event_id="evt-1")
    return public_id(occurred_at=entry.occurred_at, id_=entry.id)


@pytest.fixture
def archived(entry_id: str, tmp_path: Path) -> Taken:
    """Archive the month of the usage entry."""
    calendars.close_month(
        starts_on=OCTOBER, user=settling.user("maker"), now=settling.NOW, despite_waiting=True
    )
    SetAside.objects.all().delete()
    UsageBatch.objects.filter(state="pending").update(state="rated")
    return taking.archive_month(
        OCTOBER, folder=tmp_path, by="night watch", now=settling.NOW, drop=True
    )


class TestArchivedMonths:
    def test_are_listed_with_their_files(self, archived: Taken) -> None:
        client = operators.operator()

        said = operators.text(client.get(reverse("admin:ledger_archivedmonth_changelist")))

        for word in ("2026-10", archived.file.name, archived.sha256, "night watch"):
            assert word in said

    def test_say_when_they_came_back(self, archived: Taken) -> None:
        restoring.restore_month(
            OCTOBER, folder=archived.file.parent, by="night watch", now=settling.LATER
        )
        client = operators.operator()

        said = operators.text(client.get(reverse("admin:ledger_archivedmonth_changelist")))

        assert "2026-12-03 09:00:00" in said

    def test_are_named_where_a_usage_entry_was(self, archived: Taken, entry_id: str) -> None:
        client = operators.operator()

        said = operators.text(
            client.get(reverse("admin:ledger_usageentry_change", args=[entry_id]), follow=True)
        )

        assert "the usage entries of 2026-10 are archived" in said
        assert "restore_month 2026-10" in said

    def test_are_named_where_the_usage_of_a_journal_entry_was(self, archived: Taken) -> None:
        client = operators.operator()
        entry = JournalEntry.objects.get()

        said = operators.text(
            client.get(reverse("admin:ledger_journalentry_change", args=[entry.pk]))
        )

        assert "Not shown: the usage entries of 2026-10 are archived" in said
        assert "consumer:acme:receivable:CNY" in said
