"""Rates compiled ahead of their events: all that are needed, once, and none for what lacks."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from ledger.pricing import ahead
from ledger.pricing.rates import PriceRate, SlotRate
from ledger.rating import rate
from ledger.rating.models import UsageEntry
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db

FIRST = datetime(2026, 10, 5, tzinfo=UTC)


def busy() -> dict[str, Any]:
    """Return the small catalogue with peak hours and a dearer card from noon of the second day."""
    document = factories.catalogue()
    (tariff,) = document["tariff_versions"]
    peak = {"period": "peak", "spans": [["10:00", "13:00"]], "rank": 1}
    tariff["terms"]["windows"].append(peak)
    tariff["terms"]["published"] = {"flat": "0.36", "peak": "0.72"}
    dearer = document["rate_card_versions"][0] | {
        "valid_from": "2026-10-06T04:00:00Z",
        "terms": {"kind": "cost_plus", "margin": "0.20"},
    }
    document["rate_card_versions"].append(dearer)
    return document


class TestCompileRates:
    def test_stores_each_kind_of_slot_once_for_all_days_and_agreements(self) -> None:
        factories.publish(busy())
        factories.publish_newcomer()

        compiled = ahead.compile_rates(starts_at=FIRST, days=7, now=NOW)

        # Flat and peak; under two agreements; before and after the card changed.
        assert (SlotRate.objects.count(), PriceRate.objects.count()) == (2, 8)
        assert (compiled.rates, compiled.stored, compiled.lacks) == (8, 8, {})

    def test_compiles_nothing_twice_and_events_find_what_they_need(self) -> None:
        factories.publish(busy())
        ahead.compile_rates(starts_at=FIRST, days=2, now=NOW)
        held = set(PriceRate.objects.values_list("id", flat=True))

        again = ahead.compile_rates(starts_at=FIRST, days=2, now=NOW)
        factories.record(
            *(
                factories.event(f"evt-{hour}", occurred_at=FIRST + timedelta(hours=hour))
                for hour in range(48)
            )
        )
        rate.rate_pending(now=NOW)

        assert (again.rates, again.stored) == (4, 0)
        assert UsageEntry.objects.count() == 48
        assert set(PriceRate.objects.values_list("id", flat=True)) == held

    def test_says_what_is_lacking_and_stores_the_rest(self) -> None:
        document = busy()
        document["deployments"].append(document["deployments"][0] | {"code": "bare"})
        factories.publish(document)

        compiled = ahead.compile_rates(starts_at=FIRST, days=1, now=NOW)

        assert compiled.lacks == {"profile:westcloud/bare": 96}
        assert compiled.rates == 2

    def test_asks_the_database_by_sets(
        self, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        factories.publish(busy())
        ahead.compile_rates(starts_at=FIRST, days=30, now=NOW)

        with django_assert_max_num_queries(25):
            ahead.compile_rates(starts_at=FIRST, days=30, now=NOW)
