"""Events priced by a market, quarter hour by quarter hour, on days on which clocks change too.

With the small catalogue an input token takes 1.2 J at the meter, so that a price of 0.003 CNY/kWh
is 1,000 pico-CNY a token; compute is 2,000,000, green 667 and scarcity 1,000,000 a token.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from ledger import audit
from ledger.pricing.models import PriceDay
from ledger.rating import rate
from ledger.rating.models import SetAside, UsageEntry
from tests import factories
from tests.factories import NOW, version
from tests.ledger.rating.moments import energy, rated

pytestmark = pytest.mark.django_db

AUTUMN = date(2025, 10, 26)
SPRING = date(2026, 3, 29)


def price_day(day: date, prices: list[str | None], *, resolution: int = 15) -> dict[str, Any]:
    return {
        "series": "day-ahead",
        "day": day.isoformat(),
        "time_zone": "Europe/Berlin",
        "currency": "CNY",
        "resolution_minutes": resolution,
        "prices": prices,
        "provenance": "test",
    }


def rising(count: int) -> list[str | None]:
    """Return prices that name their quarter hour: 1,000 pico-CNY a token for each before it."""
    return [f"{index * 3 / 1000:.3f}" for index in range(count)]


def market(*days: dict[str, Any], fixed: str = "0") -> dict[str, Any]:
    """Return the small catalogue with its site buying at a German market's prices."""
    document = factories.catalogue()
    terms = {
        "kind": "series",
        "series": "day-ahead",
        "currency": "CNY",
        "time_zone": "Europe/Berlin",
        "components": [{"name": "grid", "per_kwh": fixed, "floats": False}],
    }
    document["tariff_versions"] = [version(tariff="flat", terms=terms)]
    document["price_days"] = list(days)
    return document


class TestPriceSeries:
    def test_has_a_hundred_quarter_hours_when_clocks_go_back(self) -> None:
        factories.publish(market(price_day(AUTUMN, rising(100))))
        midnight = datetime(2025, 10, 25, 22, 0, tzinfo=UTC)

        entries = rated(
            midnight,
            datetime(2025, 10, 26, 0, 15, tzinfo=UTC),  # a quarter past two, summer time
            datetime(2025, 10, 26, 1, 15, tzinfo=UTC),  # a quarter past two again
            datetime(2025, 10, 26, 22, 59, 59, 700_000, tzinfo=UTC),  # the day's last moment
        )

        assert energy(entries) == [0, 900_000, 1_300_000, 9_900_000]
        assert audit.run() == []

    def test_has_ninety_two_when_they_go_forward(self) -> None:
        factories.publish(market(price_day(SPRING, rising(92))))

        entries = rated(
            datetime(2026, 3, 29, 0, 59, tzinfo=UTC),  # a minute to two
            datetime(2026, 3, 29, 1, 0, tzinfo=UTC),  # three
            datetime(2026, 3, 29, 21, 45, tzinfo=UTC),  # a quarter to midnight
        )

        assert energy(entries) == [700_000, 800_000, 9_100_000]
        assert audit.run() == []

    @pytest.mark.parametrize(("resolution", "count"), [(30, 50), (60, 25)])
    def test_may_be_of_half_hours_and_hours(self, resolution: int, count: int) -> None:
        factories.publish(market(price_day(AUTUMN, rising(count), resolution=resolution)))
        midnight = datetime(2025, 10, 25, 22, 0, tzinfo=UTC)

        entries = rated(*(midnight + timedelta(minutes=15 * quarter) for quarter in (3, 4, 99)))

        slots = resolution // 15
        assert energy(entries) == [100_000 * (quarter // slots) for quarter in (3, 4, 99)]

    def test_may_fall_below_zero_and_lowers_the_price(self) -> None:
        # −0.06 and 0.03 CNY/kWh fixed: −10,000 pico a token. Price: (2,000,000 − 10,000 + 666.67
        # + 1,000,000) × 1.1 = 3,289,733.33; margin: what it leaves above the rounded parts.
        factories.publish(market(price_day(SPRING, ["-0.06"] * 92), fixed="0.03"))

        (entry,) = rated(datetime(2026, 3, 29, 12, 0, tzinfo=UTC))

        assert (entry.compute, entry.energy, entry.green, entry.scarcity, entry.margin) == (
            200_000_000,
            -1_000_000,
            66_700,
            100_000_000,
            29_906_600,
        )
        assert audit.run() == []

    def test_sets_a_gap_aside_by_its_interval_until_the_day_is_published_again(self) -> None:
        prices = rising(92)
        prices[48] = None
        factories.publish(market(price_day(SPRING, prices)))
        noon = datetime(2026, 3, 29, 11, 7, tzinfo=UTC)  # quarter 48 of the short day: 13:00

        assert rated(noon) == []

        aside = SetAside.objects.get()
        assert (aside.reason, aside.missing) == (
            "no_price_series",
            "price_series:day-ahead/2026-03-29",
        )
        assert aside.detail == (
            "no price from 2026-03-29T13:00:00+02:00 to 2026-03-29T13:15:00+02:00"
        )

        factories.publish({"price_days": [price_day(SPRING, rising(92))]})
        rate.retry_set_aside(now=NOW)

        assert UsageEntry.objects.get().energy == 4_800_000
        assert PriceDay.objects.count() == 2
        assert audit.run() == []

    def test_sets_aside_what_lies_on_a_day_without_prices_or_in_another_currency(self) -> None:
        factories.publish(market(price_day(SPRING, rising(92)) | {"currency": "USD"}))

        rated(datetime(2026, 3, 29, 12, 0, tzinfo=UTC), datetime(2026, 3, 30, 12, 0, tzinfo=UTC))

        assert list(SetAside.objects.order_by("row").values_list("missing", "detail")) == [
            (
                "price_series:day-ahead/2026-03-29",
                "prices of 2026-03-29 are stated in USD and Europe/Berlin",
            ),
            ("price_series:day-ahead/2026-03-30", "no prices of 2026-03-30 are published"),
        ]

    def test_keeps_what_was_rated_and_prices_later_events_by_the_corrected_day(self) -> None:
        factories.publish(market(price_day(SPRING, ["0.30"] * 92)))
        noon = datetime(2026, 3, 29, 12, 0, tzinfo=UTC)
        before = rated(noon)
        factories.publish({"price_days": [price_day(SPRING, ["0.60"] * 92)]})

        after = rated(noon)

        assert (energy(before), energy(after)) == ([10_000_000], [20_000_000])
        assert audit.run() == []
