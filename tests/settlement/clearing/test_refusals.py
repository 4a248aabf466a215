"""What the database refuses of settlements: attacks with plain SQL, as from a console."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import DatabaseError, connection, transaction

from ledger.constraints import AppendOnly, RefusedByTheBooks, refusal
from settlement.clearing.models import Settlement
from tests.settlement import factories
from tests.settlement.factories import LATER, NOVEMBER, user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _catalogue() -> None:
    factories.publish()


@contextmanager
def refused_by(constraint: str) -> Iterator[None]:
    with pytest.raises(DatabaseError) as error, transaction.atomic():
        yield
    found = refusal(error.value)
    assert isinstance(found, RefusedByTheBooks)
    assert found.constraint == constraint
    if constraint.endswith("append_only"):
        assert isinstance(found, AppendOnly)


def execute(sql: str, **parameters: int | str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


APPROVE = """
    INSERT INTO settlement_approval (settlement_id, checker_id, input_hash, approved_at)
    VALUES (%(settlement)s, %(checker)s, %(hash)s, now())
"""


class TestTheDatabase:
    @pytest.fixture
    def calculated(self) -> Settlement:
        factories.post("westcloud-eastcloud", price="70")
        factories.post("eastcloud-westcloud", price="50")
        return factories.calculate()

    @pytest.fixture
    def approved(self, calculated: Settlement) -> Settlement:
        return factories.settle()

    def test_refuses_an_approval_by_the_maker(self, calculated: Settlement) -> None:
        with refused_by("settlement_approval_checker_differs"):
            execute(
                APPROVE,
                settlement=calculated.pk,
                checker=calculated.made_by_id,
                hash=calculated.input_hash,
            )

    def test_refuses_an_approval_of_another_hash(self, calculated: Settlement) -> None:
        with refused_by("settlement_approval_hash_calculated"):
            execute(APPROVE, settlement=calculated.pk, checker=user("checker").pk, hash="0" * 64)

    def test_refuses_an_approval_of_what_is_void(self, calculated: Settlement) -> None:
        factories.calculate()

        with refused_by("settlement_approval_state_calculated"):
            execute(
                APPROVE,
                settlement=calculated.pk,
                checker=user("checker").pk,
                hash=calculated.input_hash,
            )

    def test_refuses_the_state_approved_without_an_approval(self, calculated: Settlement) -> None:
        with refused_by("settlement_settlement_approval_given"):
            execute("UPDATE settlement_settlement SET state = 'approved'")

    def test_refuses_a_settlement_that_is_born_approved(self, calculated: Settlement) -> None:
        with refused_by("settlement_settlement_begins_calculated"):
            execute(
                "INSERT INTO settlement_settlement (starts_on, ends_on, currency, state,"
                " input_hash, calculated_at, made_by_id) SELECT starts_on, ends_on, 'USD',"
                " 'approved', input_hash, calculated_at, made_by_id FROM settlement_settlement"
            )

    def test_refuses_a_second_settlement_of_the_month_and_currency(
        self, calculated: Settlement
    ) -> None:
        with refused_by("settlement_settlement_month_currency_uniq"):
            execute(
                "INSERT INTO settlement_settlement (starts_on, ends_on, currency, state,"
                " input_hash, calculated_at, made_by_id) SELECT starts_on, ends_on, currency,"
                " 'calculated', input_hash, calculated_at, made_by_id FROM settlement_settlement"
            )

    def test_refuses_to_let_the_maker_become_somebody_else(self, calculated: Settlement) -> None:
        with refused_by("settlement_settlement_fixed_append_only"):
            execute("UPDATE settlement_settlement SET made_by_id = %(user)s", user=user("other").pk)

    @pytest.mark.parametrize(
        ("statement", "constraint"),
        [
            ("UPDATE settlement_settlement SET state = 'void'", "settlement_settlement_fixed"),
            ("DELETE FROM settlement_settlement", "settlement_settlement"),
            ("TRUNCATE settlement_settlement CASCADE", "settlement_settlement"),
            ("UPDATE settlement_position SET entries = 0", "settlement_position_fixed"),
            ("UPDATE settlement_position SET journal_entry_id = NULL", "settlement_position_fixed"),
            ("DELETE FROM settlement_position", "settlement_position"),
            ("UPDATE settlement_netting SET amount = 1", "settlement_netting_fixed"),
            ("DELETE FROM settlement_netting", "settlement_netting"),
            ("UPDATE settlement_statement_line SET tokens = 0", "settlement_statement_line"),
            ("DELETE FROM settlement_statement_line", "settlement_statement_line"),
            ("UPDATE settlement_approval SET approved_at = now()", "settlement_approval"),
            ("DELETE FROM settlement_approval", "settlement_approval"),
            ("UPDATE settlement_settled_entry SET currency = 'USD'", "settlement_settled_entry"),
            ("DELETE FROM settlement_settled_entry", "settlement_settled_entry"),
            ("TRUNCATE settlement_settled_entry", "settlement_settled_entry"),
            ("UPDATE settlement_true_up SET volume = 0", "settlement_true_up"),
            ("DELETE FROM settlement_true_up", "settlement_true_up"),
        ],
    )
    def test_refuses_to_change_what_is_approved(
        self, approved: Settlement, statement: str, constraint: str
    ) -> None:
        with refused_by(f"{constraint}_append_only"):
            execute("SET CONSTRAINTS ALL IMMEDIATE")
            execute(statement)

    def test_refuses_to_add_to_what_is_approved(self, approved: Settlement) -> None:
        with refused_by("settlement_statement_line_added_append_only"):
            execute(
                "INSERT INTO settlement_statement_line (position_id, kind, deployment_id,"
                " prior_period, discloses_cost, events, tokens, energy_joules, co2_location_grams,"
                " co2_market_grams, compute, energy, green, scarcity, margin, fee_consumer,"
                " fee_provider) SELECT position_id, kind,"
                " deployment_id, NOT prior_period, false, events, tokens, energy_joules,"
                " co2_location_grams, co2_market_grams, compute, energy, green, scarcity, margin,"
                " fee_consumer, fee_provider FROM settlement_statement_line"
            )
        with refused_by("settlement_netting_added_append_only"):
            execute(
                "INSERT INTO settlement_netting (settlement_id, party_a_id, party_b_id, amount)"
                " SELECT settlement_id, party_a_id, party_a_id, amount FROM settlement_netting"
            )

    @pytest.mark.parametrize(
        ("amounts", "constraint"),
        [
            ("consumer_due + 1, provider_due, platform_fee, rounding + 1", "consumer"),
            ("consumer_due, provider_due + 1, platform_fee, rounding - 1", "provider"),
            ("consumer_due, provider_due, platform_fee + 1, rounding", "platform"),
        ],
    )
    def test_refuses_figures_that_do_not_add_up(
        self, calculated: Settlement, amounts: str, constraint: str
    ) -> None:
        with refused_by(f"settlement_position_{constraint}_adds_up"):
            execute(
                "INSERT INTO settlement_position (settlement_id, agreement_id, period_id, entries,"
                " price, fee_consumer, fee_provider, carried_consumer, carried_provider,"
                " consumer_residue, provider_residue, consumer_due, provider_due, platform_fee,"
                " rounding) SELECT settlement_id, (SELECT max(id) FROM ledger_agreement),"
                " period_id, entries, price, fee_consumer, fee_provider, carried_consumer,"
                f" carried_provider, consumer_residue, provider_residue, {amounts}"
                " FROM settlement_position WHERE price = 70"
            )

    def test_lets_an_entry_into_one_settlement_only(self, approved: Settlement) -> None:
        factories.post(price="1", day=NOVEMBER)
        later = factories.calculate(month=NOVEMBER, now=LATER)

        with refused_by("settlement_settled_entry_once"):
            execute(
                "INSERT INTO settlement_settled_entry (position_id, entry_id, currency)"
                " SELECT %(position)s, entry_id, currency FROM settlement_settled_entry",
                position=later.positions.get().pk,
            )
