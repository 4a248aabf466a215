"""Audits of settlements: silent over what the code writes, loud over what somebody changed."""

import pytest
from django.db import connection

from ledger import audit
from settlement.clearing import audits
from tests.settlement import factories
from tests.settlement.factories import LATER, NOVEMBER

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _two_months() -> None:
    factories.publish()
    factories.use("evt-1", "evt-2")
    factories.post("westcloud-eastcloud", price="70.0049", fee_provider="1.000000000001")
    factories.post("eastcloud-westcloud", price="50.005", fee_consumer="0.75")
    factories.settle()
    factories.post("westcloud-eastcloud", price="-12.345", day=NOVEMBER)
    factories.settle(month=NOVEMBER, now=LATER)
    factories.post("westcloud-acme", price="3", day=NOVEMBER)


def tamper(statement: str) -> None:
    """Run a statement with every trigger at rest, as a superuser may."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement)
        assert cursor.rowcount > 0, "nothing was changed"
        cursor.execute("SET LOCAL session_replication_role = origin")


class TestAudits:
    def test_find_nothing_in_settled_books(self) -> None:
        assert audit.run(audits.AUDITS) == []
        assert audit.run() == []

    @pytest.mark.parametrize(
        ("statement", "name"),
        [
            (
                "UPDATE settlement_statement_line SET margin = margin + 0.000000000001",
                "settlement-lines",
            ),
            (
                (
                    "UPDATE ledger_posting SET amount = amount + 0.01 WHERE account_id IN"
                    " (SELECT id FROM ledger_account WHERE purpose = 'due')"
                ),
                "settlement-postings",
            ),
            ("DELETE FROM settlement_settled_entry", "settled-once"),
            ("UPDATE settlement_approval SET input_hash = 'another'", "approvals"),
            (
                (
                    "UPDATE settlement_approval SET checker_id ="
                    " (SELECT made_by_id FROM settlement_settlement LIMIT 1)"
                ),
                "approvals",
            ),
            (
                (
                    "UPDATE ledger_posting SET amount = amount + 0.000000000001 WHERE account_id IN"
                    " (SELECT id FROM ledger_account WHERE purpose = 'receivable')"
                ),
                "residues",
            ),
            (
                (
                    "UPDATE ledger_posting SET amount = amount + 0.000000000001 WHERE account_id IN"
                    " (SELECT id FROM ledger_account WHERE component = 'residue')"
                ),
                "residues",
            ),
        ],
    )
    def test_find_what_was_changed_behind_the_programs_back(
        self, statement: str, name: str
    ) -> None:
        tamper(statement)

        assert name in {finding.audit for finding in audit.run(audits.AUDITS)}
