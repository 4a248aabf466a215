"""Several people press the button at the same moment: real threads, real connections."""

import pytest

from ledger.books.models import JournalEntry
from settlement.clearing import approvals, calendars, runs
from settlement.clearing.approvals import SettlementChanged, SettlementNotOpen
from settlement.clearing.models import Approval, Settlement
from tests.at_once import at_once
from tests.settlement import factories
from tests.settlement.factories import LATER, NOVEMBER, NOW, OCTOBER, balance, user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _catalogue(transactional_db: None) -> None:
    factories.publish()


class TestApprove:
    def test_posts_once_when_four_people_approve_at_once(self) -> None:
        for agreement in factories.AGREEMENTS:
            factories.post(agreement, price="10.005")
        settlement = factories.calculate()
        checkers = [user(f"checker-{number}") for number in range(4)]

        done = at_once(
            *(
                lambda checker=checker: approvals.approve(
                    settlement_id=settlement.pk, user=checker, now=NOW
                )
                for checker in checkers
            )
        )

        assert sorted(type(one).__name__ for one in done) == [
            "Settlement",
            *["SettlementNotOpen"] * 3,
        ]
        assert any(isinstance(one, SettlementNotOpen) for one in done)
        assert Approval.objects.count() == 1
        assert JournalEntry.objects.filter(kind="settlement").count() == 4
        assert (
            balance("consumer:acme:due:CNY")
            == settlement.positions.get(agreement__code="westcloud-acme").consumer_due
        )

    def test_settles_an_entry_once_when_two_months_that_hold_it_are_approved_at_once(self) -> None:
        factories.post(price="3")
        factories.post(price="5", day=NOVEMBER)
        maker, checker = user("maker"), user("checker")
        for month in (OCTOBER, NOVEMBER):
            calendars.close_month(starts_on=month, user=maker, now=LATER)
        settlements = [
            *runs.calculate(starts_on=OCTOBER, user=maker, now=LATER),
            *runs.calculate(starts_on=NOVEMBER, user=maker, now=LATER),
        ]

        done = at_once(
            *(
                lambda id_=one.pk: approvals.approve(settlement_id=id_, user=checker, now=LATER)
                for one in settlements
            )
        )

        assert {type(one) for one in done} == {Settlement, SettlementChanged}
        first = Settlement.objects.get(state="approved")
        assert balance("consumer:acme:due:CNY") == (3 if first.starts_on == OCTOBER else 8)


class TestCalculate:
    def test_leaves_one_settlement_when_it_is_asked_twice_at_once(self) -> None:
        factories.post(price="3")
        maker = user("maker")
        calendars.close_month(starts_on=OCTOBER, user=maker, now=NOW)
        runs.calculate(starts_on=OCTOBER, user=maker, now=NOW)

        done = at_once(*[lambda: runs.calculate(starts_on=OCTOBER, user=maker, now=NOW)] * 3)

        assert [len(one) for one in done] == [1, 1, 1]
        assert Settlement.objects.filter(state="void").count() == 3
        assert Settlement.objects.filter(state="calculated").count() == 1
