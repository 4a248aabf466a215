"""The page that the site opens with."""

import pytest
from django.db import connection

from tests import factories as ledger_factories
from tests import operators
from tests.settlement import factories

pytestmark = pytest.mark.django_db


def overview(*permissions: str) -> str:
    client = operators.signed_in(operators.person("clerk", *permissions))
    return operators.text(client.get("/admin/"))


class TestTheOverview:
    def test_of_empty_books_says_so(self) -> None:
        said = operators.text(operators.operator().get("/admin/"))

        assert "The books empty" in said
        assert "Nothing is settled yet." in said
        assert "Nothing waits for the catalogue." in said

    def test_shows_that_the_books_balance_and_what_was_used(self) -> None:
        factories.publish()
        factories.use("evt-1", "evt-2")
        factories.settle()

        said = operators.text(operators.operator().get("/admin/"))

        assert "The books balance" in said
        assert "TOK tokens 5,000 5,000 0" in said
        # Two events at 0.008307214 CNY; 2 × 2,904 J.
        assert "CNY 2 5,000 0.016614" in said
        assert "Energy in 2026-10 0.002 kWh" in said
        assert "2026-10 CNY approved" in said

    def test_shows_what_waits(self) -> None:
        factories.publish()
        factories.use("evt-1", deployment="unheard-of")
        ledger_factories.record(ledger_factories.event("evt-2"))

        said = operators.text(operators.operator().get("/admin/"))

        assert "Batches waiting 1 oldest" in said
        assert "Events set aside 1" in said
        assert "2026-10-20 12:00:00" in said

    def test_is_loud_when_the_books_do_not_balance(self) -> None:
        factories.publish()
        factories.use("evt-1")
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(
                """
                UPDATE ledger_balance
                SET debits = debits + 0.000000000001
                WHERE account_id = (SELECT id FROM ledger_account
                                    WHERE code = 'consumer:acme:receivable:CNY')
                """
            )

        body = operators.operator().get("/admin/").content.decode()

        assert "out of balance: CNY" in body
        assert '<span class="cw-bad">0.000000000001</span>' in body

    def test_shows_each_part_to_those_who_may_see_it(self) -> None:
        factories.publish()
        factories.use("evt-1")

        assert "Trial balance" not in overview()
        assert "Batches waiting" not in overview("ledger.view_account")
        assert "Trial balance" in overview("ledger.view_account")
        assert "Last settlements" not in overview("ledger.view_usagebatch")
        assert "Batches waiting" in overview("ledger.view_usagebatch")
        assert "Last settlements" in overview("settlement.view_settlement")
