"""Closing a month: when it may, and where late usage goes from then on."""

from datetime import UTC, datetime

import pytest

from ledger.books.models import JournalEntry, Period
from ledger.books.periods import PeriodAlreadyClosed
from ledger.rating.waiting import Waiting
from settlement.clearing import calendars
from settlement.clearing.calendars import ClosedMonth, MonthNotOver, PeriodNotReady
from tests import factories as ledger
from tests.settlement import factories
from tests.settlement.factories import NOVEMBER, NOW, OCTOBER, user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _catalogue() -> None:
    factories.publish()


class TestCloseMonth:
    def test_closes_the_period_of_every_agreement_used_or_not(self) -> None:
        factories.use("evt-1")

        closed = calendars.close_month(starts_on=OCTOBER, user=user("maker"), now=NOW)

        assert closed == ClosedMonth(OCTOBER, NOVEMBER, periods=4, waiting=Waiting(0, 0))
        periods = Period.objects.filter(starts_on=OCTOBER)
        assert [(one.state, one.closed_by, one.closed_at) for one in periods] == [
            ("closed", user("maker"), NOW)
        ] * 4

    def test_refuses_a_month_that_runs_in_some_time_zone(self) -> None:
        # Shanghai's November begins at 16:00 UTC on 31 October.
        early = datetime(2026, 10, 31, 15, 59, tzinfo=UTC)

        with pytest.raises(MonthNotOver):
            calendars.close_month(starts_on=OCTOBER, user=user("maker"), now=early)

        assert not Period.objects.exists()
        calendars.close_month(
            starts_on=OCTOBER, user=user("maker"), now=datetime(2026, 10, 31, 16, 0, tzinfo=UTC)
        )

    def test_refuses_while_batches_wait_or_events_are_set_aside(self) -> None:
        factories.use("aside", deployment="unheard-of")
        ledger.record(ledger.event("waits"))

        with pytest.raises(PeriodNotReady) as refused:
            calendars.close_month(starts_on=OCTOBER, user=user("maker"), now=NOW)

        assert (refused.value.batches, refused.value.set_aside) == (1, 1)
        assert not Period.objects.filter(state="closed").exists()

    def test_reports_what_waits_when_told_to_close_despite_it(self) -> None:
        factories.use("aside", deployment="unheard-of")

        closed = calendars.close_month(
            starts_on=OCTOBER, user=user("maker"), now=NOW, despite_waiting=True
        )

        assert (closed.periods, closed.waiting) == (4, Waiting(batches=0, set_aside=1))

    def test_refuses_a_month_that_is_closed(self) -> None:
        calendars.close_month(starts_on=OCTOBER, user=user("maker"), now=NOW)

        with pytest.raises(PeriodAlreadyClosed):
            calendars.close_month(starts_on=OCTOBER, user=user("maker"), now=NOW)

    def test_sends_late_usage_to_the_next_month_even_of_an_agreement_without_any(self) -> None:
        calendars.close_month(starts_on=OCTOBER, user=user("maker"), now=NOW)

        factories.use("late")

        entry = JournalEntry.objects.get()
        assert (entry.accounting_date, entry.prior_period) == (NOVEMBER, True)
