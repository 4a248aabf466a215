"""Statements: what each party reads, that it adds up, and what it does not read."""

from decimal import Decimal
from typing import Any

import pytest

from ledger.parties.models import Party
from settlement.clearing.approvals import NoSuchSettlement
from settlement.statements.statement import Side, Statement, statement, statements
from tests.settlement import factories
from tests.settlement.factories import LATER, NOVEMBER

pytestmark = pytest.mark.django_db


def told(party: str, settlement_id: int) -> Statement:
    return statement(settlement_id=settlement_id, party=Party.objects.get(code=party))


class TestStatement:
    @pytest.fixture(autouse=True)
    def _catalogue(self) -> None:
        factories.publish()

    def test_tells_a_consumer_what_it_bought_and_not_what_it_cost_to_serve(self) -> None:
        factories.use("evt-1", "evt-2", "evt-3")
        settlement = factories.settle()

        acme = told("acme", settlement.pk)

        (section,) = acme.sections
        (row,) = section.rows
        assert (section.role, section.counterparty) == ("consumer", "westcloud")
        assert (row.model, row.events, row.tokens, row.components) == (
            "qwen",
            3,
            Decimal(7_500),
            None,
        )
        assert (row.price, row.fee, row.amount) == (
            Decimal("0.024921642"),
            Decimal("0.0001246077"),
            Decimal("0.0250462497"),
        )
        assert (section.due, section.residue) == (Decimal("0.03"), Decimal("-0.0049537503"))
        assert (acme.energy_joules, acme.co2_location_grams) == (Decimal(8_712), Decimal("1.452"))

    def test_tells_the_provider_what_it_is_paid_less_its_fee_and_its_own_cost(self) -> None:
        factories.use("evt-1", "evt-2", "evt-3")
        settlement = factories.settle()

        (section,) = told("westcloud", settlement.pk).sections

        (row,) = section.rows
        assert row.components is not None
        assert row.components.compute == Decimal("0.01452")
        assert (row.fee, row.amount) == (Decimal("0.0003738243"), Decimal("0.0245478177"))
        assert (section.due, section.residue) == (Decimal("0.02"), Decimal("0.0045478177"))

    def test_adds_up_from_what_was_open_before_to_what_is_open(self) -> None:
        factories.post(price="10.004")
        factories.settle()
        factories.post(price="20.003", day=NOVEMBER)
        settlement = factories.settle(month=NOVEMBER, now=LATER)

        acme = told("acme", settlement.pk)

        assert acme.sides == [
            Side("consumer", Decimal(10), Decimal("20.01"), Decimal(0), Decimal("30.01"))
        ]
        assert acme.net == Decimal("-30.01")
        (section,) = acme.sections
        assert section.carried + section.price + section.fee == section.due + section.residue

    def test_reads_the_same_before_and_after_approval(self) -> None:
        factories.post(price="10.004")
        calculated = told("acme", factories.calculate().pk)

        approved = told("acme", factories.settle().pk)

        assert calculated.sides == approved.sides
        assert (calculated.state, approved.state) == ("calculated", "approved")

    def test_sets_off_what_a_party_is_owed_against_what_it_owes(self) -> None:
        factories.post("westcloud-eastcloud", price="70", fee_provider="1")
        factories.post("eastcloud-westcloud", price="50", fee_provider="0.75")
        settlement = factories.settle()

        east = told("eastcloud", settlement.pk)

        assert east.set_offs == [("westcloud", Decimal("49.25"))]
        assert east.sides == [
            Side("consumer", Decimal(0), Decimal(70), Decimal("49.25"), Decimal("20.75")),
            Side("provider", Decimal(0), Decimal("49.25"), Decimal("49.25"), Decimal(0)),
        ]
        assert east.net == Decimal("-20.75")

    def test_counts_usage_once_for_a_party_that_serves_itself(self) -> None:
        factories.post("eastcloud-eastcloud", price="10")
        settlement = factories.settle()

        east = told("eastcloud", settlement.pk)

        assert [section.role for section in east.sections] == ["consumer", "provider"]
        assert all(section.rows[0].components for section in east.sections)
        assert east.net == 0

    def test_says_nothing_to_who_is_not_in_it(self) -> None:
        factories.post(price="10")
        settlement = factories.settle()

        assert told("eastcloud", settlement.pk).sections == []

    def test_refuses_a_settlement_that_is_not_there(self) -> None:
        with pytest.raises(NoSuchSettlement):
            told("acme", 404_404_404)


class TestDisclosure:
    def test_shows_a_consumer_the_cost_where_the_agreement_discloses_it(self) -> None:
        factories.publish(discloses_cost=True)
        factories.use("evt-1")
        settlement = factories.settle()

        (section,) = told("acme", settlement.pk).sections

        assert section.rows[0].components is not None
        assert section.rows[0].components.margin == Decimal("0.0007552")


class TestStatements:
    def test_are_those_that_each_party_is_told_alone(self) -> None:
        factories.publish()
        for agreement in factories.AGREEMENTS:
            factories.post(agreement, price="10.005", fee_provider="0.5")
        settlement = factories.settle()

        everybody = statements(settlement_id=settlement.pk)

        assert everybody == [
            told(party, settlement.pk) for party in ("acme", "eastcloud", "westcloud")
        ]

    def test_take_six_statements_of_sql_for_everybody(self, django_assert_num_queries: Any) -> None:
        factories.publish()
        for agreement in factories.AGREEMENTS:
            factories.post(agreement, price="10")
        settlement = factories.settle()

        with django_assert_num_queries(6):
            statements(settlement_id=settlement.pk)
