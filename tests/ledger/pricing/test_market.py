"""Days of market prices and the tariffs that follow them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from ledger.pricing import market, tariff
from ledger.pricing.market import InvalidPriceDay, SeriesTerms
from ledger.pricing.tariff import TariffTerms
from ledger.pricing.windows import InvalidTariff

SPOT: dict[str, Any] = {
    "kind": "series",
    "series": "de",
    "currency": "EUR",
    "time_zone": "Europe/Berlin",
    "components": [{"name": "grid", "per_kwh": "0.0612", "floats": False}],
    "demand_per_kw_month": "73",
    "load_factor": "0.5",
}
AUTUMN: dict[str, Any] = {
    "day": "2025-10-26",
    "time_zone": "Europe/Berlin",
    "resolution_minutes": 15,
    "prices": ["0.1"] * 100,
}


class TestTermsFromDocument:
    def test_adds_fixed_parts_and_the_demand_charge(self) -> None:
        terms = market.terms_from_document(SPOT)

        assert isinstance(terms, SeriesTerms)
        price = market.price_per_kwh(terms, market_price=Decimal("-0.0712"))
        assert price == Decimal("-0.0100")
        assert tariff.demand_price_per_kwh(terms) == Decimal("0.2")  # 73 / (730 × 0.5)

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"series": None}, "/terms/series"),
            ({"time_zone": "Europe/Atlantis"}, "/terms/time_zone"),
            ({"windows": []}, "/terms"),
            ({"load_factor": None}, "/terms/load_factor"),
            (
                {"components": [{"name": "grid", "per_kwh": "0.06", "floats": True}]},
                "/terms/components/0/floats",
            ),
        ],
    )
    def test_refuses(self, change: dict[str, Any], pointer: str) -> None:
        with pytest.raises(InvalidTariff) as refused:
            market.terms_from_document(SPOT | change)

        assert refused.value.pointer == pointer


class TestCheckPriceDay:
    @pytest.mark.parametrize(
        ("day", "minutes", "count"),
        [
            ("2025-10-26", 15, 100),
            ("2025-10-26", 30, 50),
            ("2025-10-26", 60, 25),
            ("2026-03-29", 15, 92),
            ("2026-03-29", 60, 23),
            ("2026-06-01", 15, 96),
        ],
    )
    def test_wants_a_price_or_null_for_every_interval(
        self, day: str, minutes: int, count: int
    ) -> None:
        stated = AUTUMN | {"day": day, "resolution_minutes": minutes}

        market.check_price_day(stated | {"prices": ["-0.1", None] + ["0"] * (count - 2)})

        for wrong in (count - 1, count + 1):
            with pytest.raises(InvalidPriceDay) as refused:
                market.check_price_day(stated | {"prices": ["0.1"] * wrong})
            assert refused.value.pointer == "/prices"

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"resolution_minutes": 5}, "/resolution_minutes"),
            ({"resolution_minutes": True}, "/resolution_minutes"),
            ({"time_zone": "Mars"}, "/time_zone"),
            ({"prices": "0.1"}, "/prices"),
            ({"prices": [0.1] + ["0.1"] * 99}, "/prices/0"),
            ({"prices": [1] + ["0.1"] * 99}, "/prices/0"),
            ({"prices": ["NaN"] + ["0.1"] * 99}, "/prices/0"),
            # On Lord Howe Island clocks change by half an hour.
            (
                {"time_zone": "Australia/Lord_Howe", "day": "2026-04-05", "resolution_minutes": 60},
                "/resolution_minutes",
            ),
        ],
    )
    def test_refuses(self, change: dict[str, Any], pointer: str) -> None:
        with pytest.raises(InvalidPriceDay) as refused:
            market.check_price_day(AUTUMN | change)

        assert refused.value.pointer == pointer


class TestIntervalAt:
    def test_names_the_interval_by_local_time_with_its_offset(self) -> None:
        slot = tariff.slot_of(datetime(2025, 10, 26, 1, 20, tzinfo=UTC))

        interval = market.interval_at(
            day=date(2025, 10, 26),
            time_zone="Europe/Berlin",
            resolution_minutes=30,
            prices=[str(number) for number in range(50)],
            slot=slot,
        )

        assert interval.starts_at.isoformat() == "2025-10-26T02:00:00+01:00"
        assert interval.ends_at.isoformat() == "2025-10-26T02:30:00+01:00"
        assert interval.price_per_kwh == 6


class TestOverrides:
    def terms(self, *overrides: dict[str, Any]) -> TariffTerms:
        document = {
            "kind": "calendar",
            "currency": "CNY",
            "time_zone": "Asia/Shanghai",
            "windows": [
                {"period": "flat", "spans": [["00:00", "24:00"]]},
                {"period": "peak", "rank": 1, "spans": [["10:00", "12:00"]]},
            ],
            "published": {"flat": "0.4", "peak": "0.8"},
            "overrides": list(overrides),
        }
        return TariffTerms.from_document(document)

    @pytest.mark.parametrize(
        "override",
        [
            {"date": "2026-07-14", "periods": {"peak": "flat"}},
            {"date": "14.7.2026", "reason": "heat", "periods": {"peak": "flat"}},
            {"date": "2026-07-14", "reason": "heat"},
            {"date": "2026-07-14", "reason": "heat", "periods": {}},
            {"date": "2026-07-14", "reason": "heat", "periods": {"peak": "sharp"}},
            {"date": "2026-07-14", "reason": "heat", "day_type": "sunday"},
            {
                "date": "2026-07-14",
                "reason": "heat",
                "day_type": "workday",
                "periods": {"peak": "flat"},
            },
            {
                "date": "2026-07-14",
                "reason": "heat",
                "windows": [{"period": "flat", "spans": [["00:00", "23:45"]]}],
            },
            {
                "date": "2026-07-14",
                "reason": "heat",
                "windows": [{"period": "dear", "spans": [["00:00", "24:00"]]}],
            },
        ],
    )
    def test_refuse_what_says_no_reason_or_leaves_a_quarter_hour_without_a_price(
        self, override: dict[str, Any]
    ) -> None:
        with pytest.raises(InvalidTariff) as refused:
            self.terms(override)

        assert refused.value.pointer.startswith("/terms/overrides/0")

    def test_decide_a_day_once(self) -> None:
        override = {"date": "2026-07-14", "reason": "heat", "periods": {"peak": "flat"}}

        with pytest.raises(InvalidTariff, match="second time"):
            self.terms(override, override)

    def test_hold_on_the_local_day_and_no_longer(self) -> None:
        override = {"date": "2026-07-14", "reason": "heat", "periods": {"flat": "peak"}}
        terms = self.terms(override)
        slots = tariff.slots_of_day(date(2026, 7, 14), time_zone="Asia/Shanghai")

        def period(slot: int) -> str:
            return tariff.period_at(terms, slot=slot, calendar=None)

        assert {period(slot) for slot in slots} == {"peak"}
        assert (period(slots.start - 1), period(slots.stop)) == ("flat", "flat")
