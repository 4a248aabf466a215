"""Calculating a month: exact sums, what replaces what, and what is refused."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from ledger.books import journal
from ledger.books.entries import Draft
from ledger.books.models import JournalEntry, Posting
from ledger.pricing.models import Agreement
from settlement.clearing import calendars, runs
from settlement.clearing.gross import AgreementOutOfBalance
from settlement.clearing.models import Netting, Position, Settlement, StatementLine
from settlement.clearing.runs import AlreadySettled, MonthStillOpen
from tests.settlement import factories
from tests.settlement.factories import LATER, NOVEMBER, NOW, OCTOBER, user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _catalogue() -> None:
    factories.publish()


def figures(position: Position) -> dict[str, str]:
    names = (
        "price",
        "fee_consumer",
        "fee_provider",
        "consumer_due",
        "provider_due",
        "platform_fee",
        "rounding",
        "consumer_residue",
        "provider_residue",
    )
    return {name: f"{getattr(position, name).normalize():f}" for name in names}


class TestCalculate:
    def test_sums_usage_exactly_and_rounds_what_is_due(self) -> None:
        # One event costs 0.0083072140 and fees of 0.0001246081 and 0.0000415359: see test_rate.
        factories.use(*(f"evt-{number}" for number in range(1, 4)))

        settlement = factories.calculate()

        assert figures(settlement.positions.get()) == {
            "price": "0.024921642",
            "fee_consumer": "0.0001246077",
            "fee_provider": "0.0003738243",
            "consumer_due": "0.03",
            "provider_due": "0.02",
            "platform_fee": "0",
            "rounding": "0.01",
            "consumer_residue": "-0.0049537503",
            "provider_residue": "0.0045478177",
        }

    def test_writes_a_line_a_deployment_that_says_what_was_served(self) -> None:
        factories.use("evt-1", "evt-2")

        settlement = factories.calculate()

        line = StatementLine.objects.get(position__settlement=settlement)
        assert line.deployment is not None
        assert (line.deployment.code, line.prior_period, line.events) == ("qwen", False, 2)
        assert (line.tokens, line.energy_joules) == (Decimal(5_000), Decimal(5_808))
        assert (line.co2_location_grams, line.co2_market_grams) == (
            Decimal("0.968"),
            Decimal("0.484"),
        )
        assert (line.compute, line.energy, line.green, line.scarcity, line.margin) == (
            Decimal("0.00968"),
            Decimal("0.0005808"),
            Decimal("0.000003228"),
            Decimal("0.00484"),
            Decimal("0.0015104"),
        )

    def test_writes_a_line_without_a_deployment_for_what_is_no_usage(self) -> None:
        factories.use("evt-1")
        factories.post(price="-0.001", fee_consumer="-0.0001", margin="-0.0004")

        settlement = factories.calculate()

        line = StatementLine.objects.get(position__settlement=settlement, deployment=None)
        assert (line.events, line.tokens) == (0, Decimal(0))
        assert (line.compute, line.margin, line.fee_consumer) == (
            Decimal("-0.0006"),
            Decimal("-0.0004"),
            Decimal("-0.0001"),
        )

    def test_marks_lines_of_usage_that_came_after_its_month_was_closed(self) -> None:
        factories.use("evt-1")
        factories.settle()
        factories.use("late")

        settlement = factories.calculate(month=NOVEMBER, now=LATER)

        line = StatementLine.objects.get(position__settlement=settlement)
        assert (line.prior_period, line.events) == (True, 1)

    def test_leaves_out_what_is_dated_after_the_month(self) -> None:
        factories.post(price="1")
        factories.post(price="2", day=NOVEMBER)

        settlement = factories.calculate()

        assert settlement.positions.get().price == 1

    def test_makes_a_settlement_a_currency(self) -> None:
        factories.post(price="1")
        factories.post(price="2", currency="USD")
        calendars.close_month(starts_on=OCTOBER, user=user("maker"), now=NOW)

        settlements = runs.calculate(starts_on=OCTOBER, user=user("maker"), now=NOW)

        assert [(one.currency, one.positions.get().price) for one in settlements] == [
            ("CNY", Decimal(1)),
            ("USD", Decimal(2)),
        ]

    def test_makes_only_the_currency_that_is_named(self) -> None:
        factories.post(price="1")
        factories.post(price="2", currency="USD")
        calendars.close_month(starts_on=OCTOBER, user=user("maker"), now=NOW)

        runs.calculate(starts_on=OCTOBER, currency="USD", user=user("maker"), now=NOW)

        assert [one.currency for one in Settlement.objects.all()] == ["USD"]

    def test_gives_the_same_hash_for_the_same_books_and_voids_the_earlier_one(self) -> None:
        factories.post(price="1.234")
        first = factories.calculate()

        second = factories.calculate()

        assert second.input_hash == first.input_hash
        first.refresh_from_db()
        assert (first.state, second.state) == ("void", "calculated")

    def test_gives_another_hash_when_entries_came_that_cancel_each_other(self) -> None:
        factories.post(price="1.234")
        first = factories.calculate()
        factories.post(price="5")
        factories.post(price="-5")

        assert factories.calculate().input_hash != first.input_hash

    def test_sets_off_what_two_parties_and_one_with_itself_owe(self) -> None:
        factories.post("westcloud-eastcloud", price="70", fee_provider="1")
        factories.post("eastcloud-westcloud", price="50", fee_provider="0.75")
        factories.post("eastcloud-eastcloud", price="10", fee_provider="0.2")
        factories.post("westcloud-acme", price="30")

        settlement = factories.calculate()

        assert {
            (frozenset((one.party_a.code, one.party_b.code)), one.amount)
            for one in Netting.objects.filter(settlement=settlement)
        } == {
            (frozenset({"westcloud", "eastcloud"}), Decimal("49.25")),
            (frozenset({"eastcloud"}), Decimal("9.80")),
        }

    def test_posts_nothing(self) -> None:
        factories.post(price="1")

        factories.calculate()

        assert JournalEntry.objects.count() == 1
        assert Posting.objects.filter(account__purpose="due").count() == 0

    def test_gives_nothing_for_a_month_without_anything_to_settle(self) -> None:
        calendars.close_month(starts_on=OCTOBER, user=user("maker"), now=NOW)

        assert runs.calculate(starts_on=OCTOBER, user=user("maker"), now=NOW) == []

    def test_refuses_a_month_with_an_open_period(self) -> None:
        factories.post(price="1")

        with pytest.raises(MonthStillOpen) as refused:
            runs.calculate(starts_on=OCTOBER, user=user("maker"), now=NOW)

        assert refused.value.open_months == ["2026-10"]
        assert not Settlement.objects.exists()

    def test_refuses_a_month_before_which_another_is_open(self) -> None:
        factories.post(price="1")
        calendars.close_month(starts_on=NOVEMBER, user=user("maker"), now=LATER)

        with pytest.raises(MonthStillOpen) as refused:
            runs.calculate(starts_on=NOVEMBER, user=user("maker"), now=LATER)

        assert refused.value.open_months == ["2026-10"]

    def test_refuses_a_month_that_is_approved(self) -> None:
        factories.post(price="1")
        settlement = factories.settle()

        with pytest.raises(AlreadySettled) as refused:
            runs.calculate(starts_on=OCTOBER, user=user("maker"), now=NOW)

        assert refused.value.settlement == settlement.pk
        assert Settlement.objects.get().state == "approved"

    def test_refuses_entries_that_hold_an_agreements_money_elsewhere(self) -> None:
        factories.post(price="5", goodwill="0")
        agreement = Agreement.objects.get(code="westcloud-acme")
        _post_elsewhere(agreement)
        calendars.close_month(starts_on=OCTOBER, user=user("maker"), now=NOW)

        with pytest.raises(AgreementOutOfBalance) as refused:
            runs.calculate(starts_on=OCTOBER, user=user("maker"), now=NOW)

        assert (refused.value.agreement, refused.value.surplus) == ("westcloud-acme", Decimal(3))
        assert not Settlement.objects.exists()

    def test_takes_the_same_number_of_statements_for_one_agreement_and_for_four(
        self, django_assert_num_queries: Any
    ) -> None:
        for agreement in factories.AGREEMENTS:
            factories.post(agreement, price="1")
        calendars.close_month(starts_on=OCTOBER, user=user("maker"), now=NOW)

        # Savepoint and release, the lock, open periods, settlements, five readings, voids; then
        # settlements, positions, lines and set-offs.
        maker = user("maker")
        with django_assert_num_queries(17):
            runs.calculate(starts_on=OCTOBER, user=maker, now=NOW)


def _post_elsewhere(agreement: Agreement) -> None:
    """Take three yuan off the receivable and put them where no settlement looks."""
    draft = Draft(
        kind="manual",
        accounting_date=factories.DAY,
        narrative="Goodwill",
        postings=(
            ("consumer:acme:receivable:CNY", Decimal(-3)),
            ("platform:goodwill:CNY", Decimal(3)),
        ),
        agreement_id=agreement.id,
    )
    with transaction.atomic():
        journal.post([draft], now=NOW)
