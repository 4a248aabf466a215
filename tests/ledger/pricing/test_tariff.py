"""Tariffs: slots, periods, days and what a kilowatt-hour costs, against published tables."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.pricing.tariff import (
    HolidayCalendar,
    NoCalendarYear,
    TariffTerms,
    demand_price_per_kwh,
    local_month,
    period_at,
    periods_of,
    price_per_kwh,
    slot_of,
    slot_starts_at,
    slots_of_day,
)
from ledger.pricing.windows import InvalidTariff

BEIJING_2024_07: dict[str, Any] = {
    "kind": "calendar",
    "currency": "CNY",
    "time_zone": "Asia/Shanghai",
    "windows": [
        {"period": "flat", "spans": [["00:00", "24:00"]]},
        {"period": "peak", "rank": 1, "spans": [["10:00", "13:00"], ["17:00", "22:00"]]},
        {"period": "valley", "rank": 1, "spans": [["23:00", "24:00"], ["00:00", "07:00"]]},
        {
            "period": "sharp",
            "rank": 2,
            "spans": [["11:00", "13:00"], ["16:00", "17:00"]],
            "months": [7, 8],
        },
    ],
    "ratios": [{"by_period": {"sharp": "1.92", "peak": "1.6", "flat": "1", "valley": "0.4"}}],
    "components": [
        {"name": "energy", "per_kwh": "0.409176", "floats": True},
        {"name": "loss", "per_kwh": "0.012185", "floats": False},
        {"name": "transmission", "per_kwh": "0.206500", "floats": False},
        {"name": "system_operation", "per_kwh": "0.026306", "floats": False},
        {"name": "funds", "per_kwh": "0.027168", "floats": False},
    ],
    "demand_per_kw_month": "51",
    "load_factor": "0.85",
}
PUBLISHED = {"sharp": "1.057777", "peak": "0.926841", "flat": "0.681335", "valley": "0.435829"}

REST_DAYS: dict[str, Any] = BEIJING_2024_07 | {
    "holiday_calendar": "CN",
    "windows": [
        {"period": "flat", "spans": [["00:00", "24:00"]]},
        {"period": "valley", "rank": 1, "spans": [["00:00", "24:00"]], "day_types": ["rest_day"]},
        {
            "period": "sharp",
            "rank": 1,
            "spans": [["00:00", "24:00"]],
            "day_types": ["public_holiday"],
        },
    ],
}


def terms(**changes: Any) -> TariffTerms:
    return TariffTerms.from_document(BEIJING_2024_07 | changes)


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in BEIJING_2024_07.items() if key != name}


class TestSlotOf:
    def test_keeps_the_last_half_second_in_its_slot(self) -> None:
        last = slot_of(datetime(2026, 11, 24, 23, 59, 59, 700_000, tzinfo=UTC))

        assert last == slot_of(datetime(2026, 11, 24, 23, 45, tzinfo=UTC))
        assert last + 1 == slot_of(datetime(2026, 11, 25, tzinfo=UTC))

    def test_begins_at_the_epoch(self) -> None:
        assert slot_of(datetime(1970, 1, 1, tzinfo=UTC)) == 0
        assert slot_of(datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == -1

    @given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001 - hypothesis wants naive bounds
    def test_holds_the_instant_between_its_start_and_the_next(self, naive: datetime) -> None:
        at = naive.replace(tzinfo=UTC)

        starts_at = slot_starts_at(slot_of(at))

        assert starts_at <= at < starts_at + timedelta(minutes=15)


class TestSlotStartsAt:
    def test_is_on_a_quarter_hour(self) -> None:
        at = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)

        assert slot_starts_at(slot_of(at)) == at


class TestSlotsOfDay:
    @pytest.mark.parametrize(
        ("day", "time_zone", "slots"),
        [
            (date(2026, 11, 24), "Asia/Shanghai", 96),
            (date(2026, 3, 8), "America/Los_Angeles", 92),
            (date(2026, 11, 1), "America/Los_Angeles", 100),
            (date(2026, 3, 29), "Europe/Berlin", 92),
            (date(2026, 10, 25), "Europe/Berlin", 100),
        ],
    )
    def test_counts_what_the_clock_shows(self, day: date, time_zone: str, slots: int) -> None:
        assert len(slots_of_day(day, time_zone=time_zone)) == slots

    def test_follows_the_day_before_without_a_gap(self) -> None:
        day, next_day = date(2026, 3, 8), date(2026, 3, 9)

        assert (
            slots_of_day(day, time_zone="America/Los_Angeles").stop
            == slots_of_day(next_day, time_zone="America/Los_Angeles").start
        )


class TestHolidayCalendar:
    CALENDAR = HolidayCalendar(
        days={date(2026, 10, 1): "public_holiday", date(2026, 10, 10): "workday"},
        years=frozenset({2026}),
    )

    @pytest.mark.parametrize(
        ("day", "day_type"),
        [
            (date(2026, 11, 24), "workday"),
            (date(2026, 11, 28), "rest_day"),
            (date(2026, 10, 1), "public_holiday"),
            (date(2026, 10, 10), "workday"),
        ],
    )
    def test_takes_the_weekday_where_nothing_else_is_said(self, day: date, day_type: str) -> None:
        assert self.CALENDAR.day_type(day) == day_type

    def test_does_not_guess_a_year_that_is_not_published(self) -> None:
        with pytest.raises(NoCalendarYear) as refused:
            self.CALENDAR.day_type(date(2027, 1, 2))

        assert refused.value.year == 2027


class TestPeriodAt:
    @pytest.mark.parametrize(
        ("at", "period"),
        [
            (datetime(2026, 11, 24, 2, 30, tzinfo=UTC), "peak"),  # 10:30 in Beijing
            (datetime(2026, 11, 24, 1, 59, 59, tzinfo=UTC), "flat"),
            (datetime(2026, 11, 24, 15, 0, tzinfo=UTC), "valley"),
            (datetime(2026, 7, 1, 3, 0, tzinfo=UTC), "sharp"),
            (datetime(2026, 6, 30, 15, 59, 59, tzinfo=UTC), "valley"),
        ],
    )
    def test_reads_the_local_clock(self, at: datetime, period: str) -> None:
        assert period_at(terms(), slot=slot_of(at), calendar=None) == period

    def test_tells_days_apart_by_the_calendar(self) -> None:
        tariff = TariffTerms.from_document(REST_DAYS)
        calendar = TestHolidayCalendar.CALENDAR

        periods = [
            period_at(tariff, slot=slot_of(at), calendar=calendar)
            for at in (
                datetime(2026, 11, 24, 12, tzinfo=UTC),
                datetime(2026, 11, 28, 12, tzinfo=UTC),
                datetime(2026, 9, 30, 16, tzinfo=UTC),  # midnight of 1 October in Beijing
            )
        ]

        assert periods == ["flat", "valley", "sharp"]

    def test_has_no_answer_without_the_calendar_that_it_needs(self) -> None:
        tariff = TariffTerms.from_document(REST_DAYS)
        slot = slot_of(datetime(2026, 12, 31, 16, tzinfo=UTC))

        with pytest.raises(NoCalendarYear) as refused:
            period_at(tariff, slot=slot, calendar=None)

        assert refused.value.year == 2027

    def test_names_both_hours_that_a_clock_shows_twice(self) -> None:
        tariff = terms(
            time_zone="America/Los_Angeles",
            windows=[
                {"period": "flat", "spans": [["00:00", "24:00"]]},
                {"period": "peak", "rank": 1, "spans": [["01:00", "02:00"]]},
            ],
        )
        day = slots_of_day(date(2026, 11, 1), time_zone="America/Los_Angeles")

        assert periods_of(tariff, slots=day, calendar=None).count("peak") == 8


class TestLocalMonth:
    def test_is_that_of_the_tariffs_place(self) -> None:
        slot = slot_of(datetime(2026, 6, 30, 16, tzinfo=UTC))

        assert local_month(terms(), slot=slot) == 7


class TestPricePerKwh:
    @pytest.mark.parametrize("period", PUBLISHED)
    def test_agrees_with_the_table_of_beijing_from_its_components(self, period: str) -> None:
        computed = price_per_kwh(terms(), period=period, month=7)

        assert abs(computed - Decimal(PUBLISHED[period])) <= Decimal("0.0000005")

    def test_never_recomputes_a_published_price(self) -> None:
        tariff = terms(published={"peak": "0.926841"})

        assert price_per_kwh(tariff, period="peak", month=7) == Decimal("0.926841")
        assert price_per_kwh(terms(), period="peak", month=7) == Decimal("0.9268406")

    def test_takes_the_ratio_of_the_month(self) -> None:
        by_period = {"peak": "1.6", "flat": "1", "valley": "0.4", "sharp": "1.92"}
        tariff = terms(
            ratios=[
                {"months": [7, 8], "by_period": by_period},
                {
                    "months": [1, 2, 3, 4, 5, 6, 9, 10, 11, 12],
                    "by_period": by_period | {"peak": "2"},
                },
            ]
        )

        assert price_per_kwh(tariff, period="peak", month=7) == Decimal("0.9268406")
        assert price_per_kwh(tariff, period="peak", month=6) == Decimal("1.090511")


class TestDemandPricePerKwh:
    def test_spreads_a_month_over_the_hours_that_are_used(self) -> None:
        price = demand_price_per_kwh(terms())

        assert price * 730 * Decimal("0.85") == 51
        assert f"{price:.6f}" == "0.082192"

    def test_takes_capacity_where_no_demand_is_charged(self) -> None:
        tariff = TariffTerms.from_document(
            without("demand_per_kw_month") | {"capacity_per_kva_month": "31.025"}
        )

        assert demand_price_per_kwh(tariff) == Decimal("0.05")

    def test_is_zero_where_the_tariff_charges_neither(self) -> None:
        assert demand_price_per_kwh(TariffTerms.from_document(without("demand_per_kw_month"))) == 0


class TestFromDocument:
    @pytest.mark.parametrize(
        ("changes", "pointer"),
        [
            ({"kind": "series"}, "/terms/kind"),
            ({"currency": ""}, "/terms/currency"),
            ({"time_zone": "Asia/Atlantis"}, "/terms/time_zone"),
            ({"colour": "red"}, "/terms"),
            ({"windows": BEIJING_2024_07["windows"][1:]}, "/terms/windows"),
            ({"components": "energy"}, "/terms/components"),
            ({"components": [{"name": "energy", "per_kwh": "0.4"}]}, "/terms/components/0"),
            (
                {"components": [{"name": "energy", "per_kwh": 0.4, "floats": True}]},
                "/terms/components/0/per_kwh",
            ),
            ({"components": []}, "/terms/ratios"),
            ({"ratios": "1.6"}, "/terms/ratios"),
            ({"ratios": [{"by_period": {"peak": "1.6", "flat": "1"}}]}, "/terms/ratios"),
            ({"ratios": [{"by_period": {"peak": 1.6}}]}, "/terms/ratios/0/by_period/peak"),
            ({"ratios": BEIJING_2024_07["ratios"] * 2}, "/terms/ratios/1"),
            ({"published": {"peak": "dear"}}, "/terms/published/peak"),
            ({"demand_per_kw_month": "-1"}, "/terms/demand_per_kw_month"),
            ({"load_factor": None}, "/terms/load_factor"),
            ({"load_factor": "1.2"}, "/terms/load_factor"),
            ({"windows": REST_DAYS["windows"]}, "/terms/holiday_calendar"),
        ],
    )
    def test_points_at_what_is_wrong(self, changes: dict[str, Any], pointer: str) -> None:
        with pytest.raises(InvalidTariff) as refused:
            terms(**changes)

        assert refused.value.pointer == pointer

    def test_needs_neither_ratios_nor_components_where_all_prices_are_published(self) -> None:
        document = BEIJING_2024_07 | {"ratios": [], "components": [], "published": PUBLISHED}

        tariff = TariffTerms.from_document(document)

        assert price_per_kwh(tariff, period="valley", month=1) == Decimal("0.435829")
