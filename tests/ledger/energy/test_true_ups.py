"""A site's month is brought to its meter, again and again, and the sum is exact."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from ledger.books.models import JournalEntry, Posting
from ledger.energy import bills, reading, true_ups
from ledger.energy.bills import StatedBill
from ledger.energy.months import ReadingsIncomplete
from ledger.energy.reading import State
from ledger.parties.viewers import PLATFORM
from tests import factories
from tests.ledger.energy import metering
from tests.ledger.energy.metering import NOW, OCTOBER

pytestmark = pytest.mark.django_db

EVENT_JOULES = Decimal(2904)
EVENT_COST = Decimal("0.0002904")
KWH = Decimal(3_600_000)


def true_up(now: datetime = NOW) -> true_ups.TrueUp:
    return true_ups.true_up(metering.west(), starts_on=OCTOBER, by="tests", now=now)


def posted(entry_id: int | None) -> dict[str, Decimal]:
    rows = Posting.objects.filter(entry_id=entry_id).select_related("account")
    return {row.account.code: row.amount for row in rows}


def entry_of(done: true_ups.TrueUp) -> JournalEntry:
    assert done.entry_id is not None
    return JournalEntry.objects.get(pk=done.entry_id)


def balance(code: str) -> Decimal:
    amounts = Posting.objects.filter(account__code=code).values_list("amount", flat=True)
    return sum(amounts, Decimal(0))


def bill(amount: str = "0.60", kwh: str = "1", document: str = "B-1") -> StatedBill:
    return StatedBill(
        "west", None, document, OCTOBER, date(2026, 11, 1), Decimal(kwh), Decimal(amount), "CNY"
    )


class TestTrueUp:
    def test_posts_what_separates_the_meter_from_the_books(self) -> None:
        # Two events: 5,808 J, charged at 0.36 CNY/kWh. Metered: 0.002 kWh = 7,200 J.
        # Variance 1,392 J; 1,392 / 3,600,000 × 0.36 = 0.0001392 CNY.
        factories.publish()
        metering.use("a", "b")
        metering.count(metering.reading("0.002"))

        done = true_up()

        assert posted(done.entry_id) == {
            "site:west:energy_variance:usage:J": Decimal(1392),
            "provider:westcloud:energy:west:J": Decimal(-1392),
            "site:west:energy_variance:usage:CNY": Decimal("0.0001392"),
            "provider:westcloud:energy_cost_applied:CNY": Decimal("-0.0001392"),
        }
        entry = entry_of(done)
        assert (entry.kind, entry.accounting_date) == ("energy", date(2026, 10, 31))
        assert entry.agreement_id is None
        assert -balance("provider:westcloud:energy:west:J") == Decimal("0.002") * KWH

    def test_tells_the_building_apart_where_the_machines_have_a_meter(self) -> None:
        # IT 0.0015 kWh at the standard PUE of 1.2 explains 0.0018 kWh: 0.0002 kWh are the building.
        factories.publish()
        metering.use("a", "b")
        metering.count(metering.reading("0.002"), metering.reading("0.0015", "it"))

        done = true_up()

        assert done.variances.parts["J", "pue"] == Decimal(720)
        assert done.variances.parts["J", "efficiency"] == Decimal(1392 - 720)

    def test_does_nothing_when_it_runs_again(self) -> None:
        factories.publish()
        metering.use("a")
        metering.count(metering.reading("0.002"))
        first = true_up()

        again = true_up(NOW + timedelta(days=1))

        assert (again.run, again.entry_id) == (first.run, None)
        assert JournalEntry.objects.filter(kind="energy").count() == 1

    def test_posts_the_difference_alone_after_a_corrected_reading(self) -> None:
        factories.publish()
        metering.use("a", "b")
        metering.count(metering.reading("0.002"))
        true_up()
        metering.count(metering.reading("0.003"))

        done = true_up(datetime(2026, 12, 5, tzinfo=UTC))

        assert done.run == 2
        assert posted(done.entry_id)["site:west:energy_variance:usage:J"] == Decimal(3600)
        assert entry_of(done).accounting_date == date(2026, 12, 5)
        assert -balance("provider:westcloud:energy:west:J") == Decimal("0.003") * KWH

    def test_takes_in_late_usage_with_the_next_run(self) -> None:
        factories.publish()
        metering.use("a")
        metering.count(metering.reading("0.002"))
        true_up()
        metering.use("late")

        (stale,) = reading.reports([metering.west()], starts_on=OCTOBER)
        done = true_up()
        (current,) = reading.reports([metering.west()], starts_on=OCTOBER)

        assert (stale.state, current.state) == (State.STALE, State.CURRENT)
        assert posted(done.entry_id)["site:west:energy_variance:usage:J"] == -EVENT_JOULES
        assert -balance("provider:westcloud:energy:west:J") == Decimal("0.002") * KWH

    def test_leaves_usage_of_the_next_month_in_the_sites_time_zone_alone(self) -> None:
        factories.publish()
        metering.use("october", occurred_at=metering.END - timedelta(seconds=1))
        metering.use("november", occurred_at=metering.END)
        metering.count(metering.reading("0.002"))

        done = true_up()

        assert done.variances.total("J") == 7200 - EVENT_JOULES

    def test_refuses_a_month_with_a_hole_and_names_it(self) -> None:
        factories.publish()
        metering.use("a")
        hole = metering.BEGIN + timedelta(days=3)
        metering.count(
            metering.reading("1", end=hole),
            metering.reading("1", begin=hole + timedelta(minutes=15)),
        )

        with pytest.raises(ReadingsIncomplete) as refused:
            true_up()

        assert refused.value.missing == [
            {"starts_at": hole, "ends_at": hole + timedelta(minutes=15)}
        ]
        assert not JournalEntry.objects.filter(kind="energy").exists()

    def test_holds_the_utilitys_bill_against_the_standard_price(self) -> None:
        # 0.60 CNY for a kWh where the standard is 0.36: 0.24 × 0.002 kWh metered.
        factories.publish()
        metering.use("a", "b")
        metering.count(metering.reading("0.002"))
        booked = bills.book(PLATFORM, bill(), by="tests", now=NOW)

        done = true_up()

        assert posted(booked.journal_entry_id) == {
            "site:west:energy_cost:CNY": Decimal("0.60"),
            "provider:westcloud:energy_billed:CNY": Decimal("-0.60"),
        }
        assert done.variances.parts["CNY", "price"] == Decimal("0.00048")
        assert done.variances.total("CNY") == Decimal("0.0012") - 2 * EVENT_COST

    def test_is_run_from_the_command_line(self) -> None:
        factories.publish()
        metering.use("a", "b")
        metering.count(metering.reading("0.002"))
        out = StringIO()

        call_command("true_up_energy", "2026-10", stdout=out)

        assert "west 2026-10: 0.002 kWh metered, 0.000 kWh above booked" in out.getvalue()

    def test_says_on_the_command_line_what_is_missing(self) -> None:
        factories.publish()
        metering.use("a")
        out = StringIO()

        with pytest.raises(CommandError, match="1 sites are not trued up"):
            call_command("true_up_energy", "2026-10", stdout=out)

        assert "from 2026-09-30 16:00 to 2026-10-31 16:00 UTC" in out.getvalue()


class TestBills:
    def test_are_booked_once(self) -> None:
        factories.publish()
        first = bills.book(PLATFORM, bill(), by="tests", now=NOW)

        again = bills.book(PLATFORM, bill(), by="tests", now=NOW)

        assert again == first
        assert JournalEntry.objects.count() == 1

    def test_are_not_booked_over(self) -> None:
        factories.publish()
        bills.book(PLATFORM, bill(), by="tests", now=NOW)

        with pytest.raises(bills.EnergyBillDiffers):
            bills.book(PLATFORM, bill(amount="0.61"), by="tests", now=NOW)

        assert JournalEntry.objects.count() == 1

    def test_stay_within_a_month(self) -> None:
        factories.publish()
        stated = StatedBill(
            "west",
            None,
            "B-2",
            date(2026, 9, 30),
            date(2026, 10, 31),
            Decimal(1),
            Decimal(1),
            "CNY",
        )

        with pytest.raises(bills.EnergyBillInvalid, match="within its month"):
            bills.book(PLATFORM, stated, by="tests", now=NOW)

    def test_are_booked_from_the_command_line(self) -> None:
        factories.publish()
        out = StringIO()

        call_command(
            *("book_energy_bill", "west", "B-3", "--from", "2026-10-01", "--to", "2026-11-01"),
            *("--kwh", "10", "--amount", "4.50", "--currency", "CNY"),
            stdout=out,
        )

        assert "B-3 of west is in journal entry" in out.getvalue()
        assert balance("site:west:energy_cost:CNY") == Decimal("4.50")
