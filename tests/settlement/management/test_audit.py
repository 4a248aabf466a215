"""`manage.py audit`: quiet on clean books, loud after one digit is changed behind its back."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from ledger.rating import rate
from settlement.audits import EVERY_AUDIT
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _books() -> None:
    factories.publish()
    factories.record(*(factories.event(f"evt-{number}") for number in range(3)))
    rate.rate_pending(now=factories.NOW)


def behind_the_back(statement: str) -> None:
    """Run a statement as a superuser who has switched the triggers off."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(statement)
        cursor.execute("SET session_replication_role = origin")


class TestAudit:
    def test_names_every_audit_and_finds_nothing(self, capsys: pytest.CaptureFixture[str]) -> None:
        call_command("audit")

        printed = capsys.readouterr().out
        assert f"{len(EVERY_AUDIT)} audits, clean" in printed
        assert all(audit.name in printed for audit in EVERY_AUDIT)

    def test_fails_and_names_the_entry_after_one_digit_is_changed(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        behind_the_back(
            "UPDATE ledger_posting SET amount = amount + 0.000000000001 WHERE id = "
            "(SELECT min(id) FROM ledger_posting)"
        )

        with pytest.raises(CommandError, match="the books are not clean"):
            call_command("audit")

        printed = capsys.readouterr().out
        assert "is out of balance by 0.000000000001 CNY" in printed
        assert "usage-postings: journal entry" in printed
