"""The default catalogue: complete, exact, and equal to the tables that it names."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import chinese_calendar
import pytest

from ledger.pricing.ownership import of_row, price_per_hour
from ledger.pricing.profile import Benchmark, split_benchmark
from ledger.pricing.tariff import (
    HolidayCalendar,
    TariffTerms,
    demand_price_per_kwh,
    period_at,
    periods_of,
    price_per_kwh,
    slot_of,
    slots_of_day,
)
from ledger.quantities import MINOR_UNIT_DIGITS

Catalogue = dict[str, list[dict[str, Any]]]

SURVEY = {
    "beijing-1-10kv": ("0.6813", "0.4358", "1.0578", "0.6886", "0.0822", "0.7708"),
    "ningxia-110kv": ("0.3869", "0.2572", "0.5167", "0.3869", "0.0413", "0.4282"),
}
"""CNY/kWh on workdays: flat, lowest, highest, average, demand charge spread, and all in."""

DAYS_OF_2026 = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]


@pytest.fixture(scope="module")
def terms_of(catalogue: Catalogue) -> dict[str, TariffTerms]:
    return {
        row["tariff"]: TariffTerms.from_document(row["terms"])
        for row in catalogue["tariff_versions"]
    }


@pytest.fixture(scope="module")
def calendar(catalogue: Catalogue) -> HolidayCalendar:
    days: dict[date, str] = {}
    for year in catalogue["holiday_calendars"]:
        days |= {date.fromisoformat(day): kind for day, kind in year["days"].items()}
    return HolidayCalendar(
        days=days, years=frozenset(year["year"] for year in catalogue["holiday_calendars"])
    )


class TestCatalogue:
    def test_names_a_provenance_that_exists_for_every_figure(self, catalogue: Catalogue) -> None:
        known = {row["code"] for row in catalogue["provenance"]}
        bare = {"provenance", "hardware", "sites", "tariffs"}

        used = {
            row["provenance"]
            for section, rows in catalogue.items()
            if section not in bare
            for row in rows
        }

        assert used == known

    def test_gives_every_site_all_that_a_price_needs(self, catalogue: Catalogue) -> None:
        for section in ("site_pue", "green_supplies", "site_tariffs"):
            sites = Counter(row["site"] for row in catalogue[section])
            assert sites == Counter(site["code"] for site in catalogue["sites"]), section
        factors = {(row["zone"], row["method"]) for row in catalogue["carbon_factors"]}
        for site in catalogue["sites"]:
            assert {(site["grid_zone"], "location"), (site["grid_zone"], "residual")} <= factors
        assert {row["tariff"] for row in catalogue["site_tariffs"]} <= {
            row["code"] for row in catalogue["tariffs"]
        }

    def test_holds_from_the_start_of_2023(self, catalogue: Catalogue) -> None:
        starts = {
            row["valid_from"] for rows in catalogue.values() for row in rows if "valid_from" in row
        }

        assert starts == {"2023-01-01T00:00:00Z"}

    def test_has_no_inexact_number(self, catalogue: Catalogue) -> None:
        def floats(value: object) -> bool:
            if isinstance(value, dict):
                return any(map(floats, value.values()))
            if isinstance(value, list):
                return any(map(floats, value))
            return isinstance(value, float)

        assert not floats(catalogue)

    def test_states_currencies_that_the_ledger_keeps(self, catalogue: Catalogue) -> None:
        currencies = {
            row[name]
            for rows in catalogue.values()
            for row in rows
            for name in ("currency", "base", "quote")
            if name in row
        }

        assert currencies == {"CNY", "USD"}
        assert currencies <= set(MINOR_UNIT_DIGITS)

    def test_names_things_in_lower_case_without_colons(self, catalogue: Catalogue) -> None:
        codes = [row["code"] for rows in catalogue.values() for row in rows if "code" in row]

        assert all(re.fullmatch(r"[a-z0-9.-]+", code) for code in codes)

    def test_grades_everything(self, catalogue: Catalogue) -> None:
        assert {row["grade"] for row in catalogue["provenance"]} == set("OMPDI")


class TestTariffs:
    def test_agree_with_the_terms_that_they_head(
        self, catalogue: Catalogue, terms_of: dict[str, TariffTerms]
    ) -> None:
        assert {row["code"] for row in catalogue["tariffs"]} == set(terms_of)
        for row in catalogue["tariffs"]:
            assert terms_of[row["code"]].currency == row["currency"]
            assert terms_of[row["code"]].time_zone == row["time_zone"]

    def test_give_every_quarter_hour_of_2026_one_period_with_a_price(
        self, terms_of: dict[str, TariffTerms], calendar: HolidayCalendar
    ) -> None:
        for code, terms in terms_of.items():
            counted = 0
            for day in DAYS_OF_2026:
                slots = slots_of_day(day, time_zone=terms.time_zone)
                periods = set(periods_of(terms, slots=slots, calendar=calendar))
                counted += len(slots)
                for period in periods:
                    assert price_per_kwh(terms, period=period, month=day.month) > 0, code
            assert counted == 8_760 * 4

    @pytest.mark.parametrize("tariff", SURVEY)
    def test_cost_a_steady_load_what_the_survey_found(
        self, tariff: str, terms_of: dict[str, TariffTerms]
    ) -> None:
        terms = terms_of[tariff]
        flat, lowest, highest, average, demand, in_all = SURVEY[tariff]
        prices = [
            price_per_kwh(terms, period=period, month=month)
            for month in range(1, 13)
            for period in terms.quarter_hours[month, "workday"]
        ]

        mean = sum(prices, start=Decimal(0)) / len(prices)

        assert f"{price_per_kwh(terms, period='flat', month=1):.4f}" == flat
        assert f"{min(prices):.4f}" == lowest
        assert f"{max(prices):.4f}" == highest
        assert f"{demand_price_per_kwh(terms):.4f}" == demand
        # The survey weighs days, this months: February is shorter.
        assert abs(mean - Decimal(average)) < Decimal("0.0003")
        assert abs(mean + demand_price_per_kwh(terms) - Decimal(in_all)) < Decimal("0.0003")

    @pytest.mark.parametrize(
        ("tariff", "tolerance"),
        [
            ("beijing-1-10kv", "0.0000005"),
            ("fujian-under-1kv", "0.0000005"),
            ("guangdong-north-under-1kv", "0.00008"),
        ],
    )
    def test_publish_prices_that_their_components_explain(
        self, tariff: str, tolerance: str, catalogue: Catalogue
    ) -> None:
        (row,) = (one for one in catalogue["tariff_versions"] if one["tariff"] == tariff)
        explained = TariffTerms.from_document(row["terms"] | {"published": {}})

        for period, published in row["terms"]["published"].items():
            computed = price_per_kwh(explained, period=period, month=7)
            assert abs(computed - Decimal(published)) <= Decimal(tolerance), period

    def test_make_shanghais_nights_cheap_on_days_of_rest(
        self, terms_of: dict[str, TariffTerms], calendar: HolidayCalendar
    ) -> None:
        terms = terms_of["shanghai-110kv"]

        def at_three(day: str) -> str:
            at = datetime.fromisoformat(f"{day}T03:00:00+08:00")
            return period_at(terms, slot=slot_of(at), calendar=calendar)

        assert at_three("2026-10-01") == "deep"  # National Day
        assert at_three("2026-10-10") == "valley"  # a Saturday that is worked
        assert at_three("2026-11-28") == "deep"  # a Saturday
        assert at_three("2026-11-24") == "valley"
        assert at_three("2026-07-25") == "valley"  # a Saturday in a month without deep valleys

    @pytest.mark.parametrize(
        ("at", "period"),
        [
            ("2026-07-15T21:30", "sharp"),
            ("2026-07-15T14:30", "deep"),
            ("2026-07-15T13:30", "valley"),
            ("2026-12-15T19:30", "sharp"),
            ("2026-12-15T21:30", "peak"),
            ("2026-12-15T14:30", "valley"),
        ],
    )
    def test_follow_the_notice_of_xinjiang(
        self, at: str, period: str, terms_of: dict[str, TariffTerms]
    ) -> None:
        slot = slot_of(datetime.fromisoformat(f"{at}:00+08:00"))

        assert period_at(terms_of["xinjiang-110kv"], slot=slot, calendar=None) == period

    def test_make_deep_valleys_a_tenth_in_xinjiang_and_a_fifth_less_than_valley_in_mongolia(
        self, terms_of: dict[str, TariffTerms]
    ) -> None:
        xinjiang, mongolia = terms_of["xinjiang-110kv"], terms_of["inner-mongolia-west-110kv"]

        # 0.25 × 0.1 + 0.168 and 0.2829 × 0.352 + 0.138
        assert price_per_kwh(xinjiang, period="deep", month=7) == Decimal("0.1930")
        assert price_per_kwh(mongolia, period="deep", month=7) == Decimal("0.2375808")


class TestGpuHours:
    def test_make_an_owned_h100_what_is_published(self, catalogue: Catalogue) -> None:
        owned = [
            price_per_hour(parts)
            for row in catalogue["gpu_hours"]
            if (parts := of_row(row)) is not None
        ]

        # 1.378633810292 and 0.24 USD; 1.4 to 1.65 are published.
        assert owned == [Decimal("1.618633810292")]


class TestHolidays:
    def test_agree_with_chinesecalendar_day_by_day(self, calendar: HolidayCalendar) -> None:
        day = date(2023, 1, 1)
        while day.year <= 2026:
            resting = calendar.day_type(day) != "workday"
            assert resting == chinese_calendar.is_holiday(day), day
            if calendar.day_type(day) == "public_holiday":
                assert chinese_calendar.get_holiday_detail(day)[1] is not None, day
                assert not chinese_calendar.is_in_lieu(day), day
            day += timedelta(days=1)

    def test_list_only_days_that_are_not_what_their_weekday_says(
        self, catalogue: Catalogue
    ) -> None:
        for year in catalogue["holiday_calendars"]:
            by_weekday = HolidayCalendar(days={}, years=frozenset({year["year"]}))
            for day, kind in year["days"].items():
                assert by_weekday.day_type(date.fromisoformat(day)) != kind, day


class TestBenchmarks:
    def test_can_all_be_split(
        self, catalogue: Catalogue, benchmark_of: Callable[[str], Benchmark]
    ) -> None:
        assert len(catalogue["benchmarks"]) == 13
        hardware = {row["code"] for row in catalogue["hardware"]}
        for row in catalogue["benchmarks"]:
            assert row["hardware"] in hardware
            assert len(split_benchmark(benchmark=benchmark_of(row["code"]))) == 3
