"""Public list prices: what is kept of the package's, and what cost comes to against them."""

import importlib.util
from datetime import UTC, date, datetime, time
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from ledger.parties.models import Party
from ledger.parties.viewers import Viewer
from ledger.pricing.list_prices import snapshot
from ledger.pricing.list_prices.listings import FROM_THE_BEGINNING, Listing, listings
from ledger.pricing.models import MarketPrice
from ledger.rating import market_coverage, rate
from tests import callers, factories
from tests.ledger.pricing.quoting.test_quotes import EVERYBODY

OCTOBER = (date(2026, 10, 1), date(2026, 11, 1))

pytestmark = pytest.mark.django_db


def priced(**per_million: str) -> SimpleNamespace:
    """Return a model's prices in the form that genai-prices 0.2.3 gives them."""
    return SimpleNamespace(**{name: Decimal(value) for name, value in per_million.items()})


def vendors() -> list[Any]:
    """Return four vendors of qwen: plain, dated, stepped, and one that prices by the hour too."""
    later = SimpleNamespace(start_date=date(2026, 10, 19))
    by_hour = SimpleNamespace(start_time=time(1, tzinfo=UTC), end_time=time(4, tzinfo=UTC))

    def of(constraint: Any, prices: Any) -> SimpleNamespace:
        return SimpleNamespace(constraint=constraint, prices=prices)

    def vendor(name: str, model: str, prices: Any) -> SimpleNamespace:
        return SimpleNamespace(id=name, models=[SimpleNamespace(id=model, prices=prices)])

    return [
        vendor("plain", "Lab/Qwen", priced(input_mtok="0.2", output_mtok="0.6")),
        vendor(
            "dated",
            "qwen",
            [
                of(None, priced(input_mtok="9", output_mtok="9")),
                of(later, priced(input_mtok="1", cache_read_mtok="0.1", output_mtok="2")),
                of(by_hour, priced(input_mtok="5", output_mtok="5")),
            ],
        ),
        vendor(
            "stepped",
            "lab/qwen-fp8",
            SimpleNamespace(
                input_mtok=SimpleNamespace(base=Decimal("0.4"), tiers=[]),
                output_mtok=Decimal("0.13999999999999999"),
            ),
        ),
        vendor("free", "qwen", SimpleNamespace()),
        vendor("other", "llama", priced(input_mtok="1", output_mtok="1")),
    ]


def take(version: str = "0.2.3", now: datetime = factories.NOW) -> snapshot.Taken:
    return snapshot.store(vendors(), version=version, now=now)


class TestListings:
    def test_are_one_a_class_and_a_day(self) -> None:
        found = listings(vendors())

        dated = [one for one in found if one.vendor == "dated"]
        assert {one.valid_from for one in dated} == {FROM_THE_BEGINNING, date(2026, 10, 19)}
        assert Decimal(5) not in {one.price_per_million for one in dated}
        assert Listing(
            "stepped", "lab/qwen-fp8", "output", FROM_THE_BEGINNING, Decimal("0.14")
        ) in (found)
        assert not [one for one in found if one.vendor == "free"]


class TestSnapshot:
    def test_is_kept_once_and_never_changed(self) -> None:
        first, again = take(), take()

        assert first.added == first.listings == MarketPrice.objects.count()
        assert again.added == 0
        with pytest.raises(IntegrityError, match="never edited"), transaction.atomic():
            MarketPrice.objects.filter(vendor="plain").delete()
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE ledger_market_price SET price_per_million = 0")

    def test_says_what_is_missing_where_the_package_is(self, monkeypatch: Any) -> None:
        with pytest.raises(snapshot.MarketPackageMissing):
            snapshot.take(now=factories.NOW, package=None)
        if importlib.util.find_spec("genai_prices") is None:
            with pytest.raises(CommandError, match=r"requirements-market\.txt"):
                call_command("snapshot_market_prices")


class TestCoverage:
    def used(self) -> None:
        document = factories.catalogue()
        document["fx_rates"] = [factories.version(base="USD", quote="CNY", rate="8")]
        factories.publish(document)
        factories.record(factories.event())
        rate.rate_pending(now=factories.NOW)

    def test_holds_the_mix_that_was_used_against_each_list(self) -> None:
        """By hand, for 800 input, 1,200 cached and 500 output tokens, 2,500 in all.

        Cost: (800 + 120 + 1,500) tokens' worth of prefill at 2,000,000 + 120,000 + 667 pico-CNY.
        Lists: plain (2,000 × 0.2 + 500 × 0.6) / 2,500 = 0.28, since it names no price for cached
        tokens; stepped (2,000 × 0.4 + 500 × 0.14) / 2,500 = 0.348; dated, from the 19th,
        (800 × 1 + 1,200 × 0.1 + 500 × 2) / 2,500 = 0.768.
        """
        self.used()
        take()

        (line,) = market_coverage.report(EVERYBODY, span=OCTOBER, now=factories.NOW).lines

        assert [(one.vendor, one.per_million) for one in line.vendors] == [
            ("plain", Decimal("0.28")),
            ("stepped", Decimal("0.348")),
            ("dated", Decimal("0.768")),
        ]
        assert line.median is not None
        assert line.median.vendor == "stepped"
        assert line.cost is not None
        by_hand = Decimal(2_420) * Decimal(2_120_667) / 10**12 / 8 / 2_500 * 10**6
        assert abs(line.cost - by_hand) < Decimal("0.0000001")
        assert line.covered is not None
        assert abs(line.covered - Decimal("0.348") / by_hand) < Decimal("0.000001")

    def test_has_no_lines_without_a_snapshot(self) -> None:
        self.used()

        found = market_coverage.report(EVERYBODY, span=None, now=factories.NOW)

        assert (found.starts_on, found.snapshot, found.lines) == (OCTOBER[0], None, [])

    def test_shows_a_consumer_the_price_and_no_cost(self) -> None:
        self.used()
        take()
        acme = Viewer(party_id=Party.objects.get(code="acme").id, sees_all=False)

        (line,) = market_coverage.report(acme, span=OCTOBER, now=factories.NOW).lines

        assert line.cost is line.covered is None
        assert line.price is not None

    def test_names_what_it_lacks(self) -> None:
        factories.publish()
        factories.record(factories.event())
        rate.rate_pending(now=factories.NOW)
        take()

        (line,) = market_coverage.report(EVERYBODY, span=OCTOBER, now=factories.NOW).lines

        assert line.lack == "no rate from CNY to USD is published"

    def test_is_answered_by_the_api(self) -> None:
        self.used()
        client = callers.client("westcloud")

        none = client.get("/v1/market-coverage").json()
        take()
        found = client.get("/v1/market-coverage", {"month": "2026-10"}).json()
        wrong = client.get("/v1/market-coverage", {"month": "October"})

        assert (none["snapshot"], none["lines"]) == (None, [])
        assert found["snapshot"]["version"] == "0.2.3"
        assert found["lines"][0]["median"]["usd_per_million"] == "0.348000000000"
        assert wrong.status_code == 400
