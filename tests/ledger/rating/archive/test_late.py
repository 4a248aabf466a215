"""What comes late for an archived month: known if it was there, else set aside until a restore."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ledger import audit
from ledger.books.models import JournalEntry
from ledger.rating import rate
from ledger.rating.models import SetAside, UsageEntry
from ledger.usage.models import EventKey
from settlement.audits import EVERY_AUDIT
from tests import factories
from tests.ledger.rating.archive import months
from tests.ledger.rating.archive.months import EARLY, TABLE
from tests.settlement import factories as settling
from tests.settlement.factories import LATER

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _archived(tmp_path: Path) -> Iterator[None]:
    settling.publish()
    months.use_september()
    months.close()
    months.archive(tmp_path)
    yield
    assert audit.run(EVERY_AUDIT) == []


def aside() -> list[tuple[str, str, str]]:
    return list(SetAside.objects.values_list("event_id", "reason", "missing").order_by("event_id"))


class TestEventsThatWereArchived:
    def test_are_still_known(self) -> None:
        keys = EventKey.objects.count()

        again = factories.record(factories.event("plain", occurred_at=EARLY), now=LATER)
        other = factories.record(
            factories.event("plain", occurred_at=EARLY, usage={"input": 1}), now=LATER
        )

        assert (again.accepted, again.count("duplicate")) == (0, 1)
        assert (other.accepted, other.count("conflict")) == (0, 1)
        assert EventKey.objects.count() == keys
        assert rate.rate_pending(now=LATER) is None


class TestLateEvents:
    def test_are_set_aside_and_make_no_partition(self) -> None:
        before = months.partitions()

        settling.use("late", occurred_at=EARLY)

        assert aside() == [("late", "month_archived", "month:2026-09")]
        assert months.partitions() == before
        assert not UsageEntry.objects.filter(event_id="late").exists()
        assert len(months.rows(TABLE)) == 5

    def test_hold_up_nobody(self) -> None:
        factories.record(
            factories.event("october"),
            factories.event("late", occurred_at=EARLY),
            factories.event("late-2", occurred_at=EARLY + timedelta(days=9)),
            factories.event("october-2"),
            factories.event("nobody", occurred_at=EARLY, consumer="nobody"),
        )

        rated = rate.rate_pending(now=LATER)

        assert rated is not None
        assert (rated.entered, rated.set_aside) == (2, 3)
        assert {one[:2] for one in aside()} == {
            ("late", "month_archived"),
            ("late-2", "month_archived"),
            ("nobody", "unknown_consumer"),
        }
        assert set(UsageEntry.objects.values_list("event_id", flat=True)) == {
            "october",
            "october-2",
        }

    def test_stay_aside_when_they_are_tried_again(self) -> None:
        settling.use("late", occurred_at=EARLY)

        rate.retry_set_aside(now=LATER)

        assert aside() == [("late", "month_archived", "month:2026-09")]
        assert SetAside.objects.get().attempts == 2

    def test_cost_no_query_more_than_others(self) -> None:
        settling.use("warm", "up", occurred_at=EARLY + timedelta(days=40))
        factories.record(factories.event("in-time", occurred_at=EARLY + timedelta(days=40)))
        with CaptureQueriesContext(connection) as in_time:
            rate.rate_pending(now=LATER)
        factories.record(
            factories.event("in-time-2", occurred_at=EARLY + timedelta(days=40)),
            factories.event("late", occurred_at=EARLY),
        )

        with CaptureQueriesContext(connection) as late:
            rate.rate_pending(now=LATER)

        # One more to set it aside.
        assert len(late.captured_queries) == len(in_time.captured_queries) + 1

    def test_are_rated_after_a_restore_and_booked_as_late(self, tmp_path: Path) -> None:
        factories.record(factories.event("late", occurred_at=EARLY), now=LATER)
        rate.rate_pending(now=LATER)
        assert SetAside.objects.get().retry_at > LATER

        months.restore(tmp_path)
        months.retry()

        assert aside() == []
        entry = UsageEntry.objects.get(event_id="late")
        booked = JournalEntry.objects.get(id=entry.journal_entry_id)
        assert (entry.occurred_at, booked.accounting_date) == (EARLY, settling.NOVEMBER)
        assert booked.prior_period
        assert UsageEntry.objects.filter(occurred_at__lt="2026-10-01T00:00:00Z").count() == 6
