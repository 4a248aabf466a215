"""The worked event of the energy reference, posted, priced from the shipped catalogue, booked.

2,000 prompt tokens, of which 1,200 cached, and 500 out, on Qwen3-235B-A22B-FP8 on eight H100, on
Tuesday 2026-11-24 at 10:30 in Zhongwei (valley) and in Beijing (peak). The figures were computed
by hand from the formulas that docs/pricing.md states, and printed to nine digits.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ledger import audit, pricing
from ledger.pricing import catalogue
from ledger.rating import explanation, rate
from ledger.rating.identity import public_id
from ledger.rating.models import UsageEntry
from tests import factories

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
HALF_PAST_TEN_IN_CHINA = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
BENCHMARK = "qwen3-235b-a22b-fp8-8xh100"
SHIPPED = Path(pricing.__file__).parents[1] / "fixtures" / "catalogue.yaml"
TOKENS = 2_500
PICO = 10**12
PRINTED_DIGIT = 1_000 // 2
"""Half of the ninth decimal place, in pico-CNY."""

pytestmark = pytest.mark.django_db


def commercial(site: str) -> dict[str, Any]:
    """Return a deployment at the site, and an agreement at 20 % above cost without a fee."""
    base = factories.catalogue()
    version = factories.version
    return {
        "provenance": base["provenance"],
        "parties": base["parties"],
        "deployments": [
            {
                "provider": "westcloud",
                "code": "qwen",
                "model": "Qwen/Qwen3-235B-A22B-Instruct-2507-FP8",
                "site": site,
                "currency": "CNY",
            }
        ],
        "serving_profiles": [
            version(
                provider="westcloud",
                deployment="qwen",
                benchmark=BENCHMARK,
                boundary="gpu",
                host_watts_per_gpu="150",
                idle_watts_per_gpu="195",
            )
        ],
        "deployment_terms": [
            version(
                provider="westcloud",
                deployment="qwen",
                gpu_hour="h100-owned",
                utilisation="0.60",
                scarcity_factor="1.36",
            )
        ],
        "rate_cards": base["rate_cards"],
        "rate_card_versions": [
            version(
                provider="westcloud",
                rate_card="standard",
                currency="CNY",
                terms={"kind": "cost_plus", "margin": "0.20"},
            )
        ],
        "agreements": base["agreements"],
        "agreement_versions": [
            version(
                agreement="westcloud-acme",
                currency="CNY",
                rate_card="standard",
                fee_rate="0",
                fee_consumer_share="0",
            )
        ],
    }


def entered(site: str) -> UsageEntry:
    factories.publish(catalogue.read_document(SHIPPED))
    factories.publish(commercial(site))
    factories.record(factories.event(occurred_at=HALF_PAST_TEN_IN_CHINA), now=NOW)
    rate.rate_pending(now=NOW)
    return UsageEntry.objects.get()


def price_of(entry: UsageEntry) -> int:
    return entry.compute + entry.energy + entry.green + entry.scarcity + entry.margin


class TestTheWorkedEvent:
    @pytest.mark.parametrize(
        ("site", "figure", "printed"),
        [
            ("zhongwei", "compute", "0.009384134"),
            ("zhongwei", "energy", "0.000128508"),
            ("zhongwei", "green", "0.000001426"),
            ("zhongwei", "price", "0.015470827"),
            ("beijing", "compute", "0.009384134"),
            ("beijing", "energy", "0.000491173"),
            ("beijing", "green", "0.000000000"),
            ("beijing", "price", "0.015904314"),
        ],
    )
    def test_costs_what_was_computed_by_hand(self, site: str, figure: str, printed: str) -> None:
        entry = entered(site)

        amount = price_of(entry) if figure == "price" else getattr(entry, figure)

        expected = int(printed.replace(".", "")) * 1_000
        assert abs(amount - expected) <= TOKENS // 2 + PRINTED_DIGIT

    @pytest.mark.parametrize(
        ("site", "joules", "location_grams", "market_grams"),
        [
            ("zhongwei", "1550.19", "0.26642", "0.05328"),
            ("beijing", "1752.39", "0.27036", "0.27036"),
        ],
    )
    def test_takes_the_joules_and_grams_that_were_computed_by_hand(
        self, site: str, joules: str, location_grams: str, market_grams: str
    ) -> None:
        entry = entered(site)

        # Half a unit per token of quantisation, and half of the last printed digit.
        assert abs(entry.energy_microjoules - int(joules.replace(".", "")) * 10**4) <= 1_250 + 5_000
        for booked, printed in (
            (entry.co2_location_nanograms, location_grams),
            (entry.co2_market_nanograms, market_grams),
        ):
            assert abs(booked - int(printed.replace(".", "")) * 10**4) <= 1_250 + 5_000

    def test_is_the_sum_of_integer_products_of_the_rate_row(self) -> None:
        entry = entered("zhongwei")

        # Per token: prefill 7,129,413, cached 712,941, decode 17,823,534 pico-CNY.
        assert price_of(entry) == 800 * 7_129_413 + 1_200 * 712_941 + 500 * 17_823_534
        assert entry.energy_microjoules == 800 * 714_375 + 1_200 * 71_438 + 500 * 1_785_939
        assert entry.co2_location_nanograms == 800 * 122_773 + 1_200 * 12_277 + 500 * 306_933

    def test_is_explained_down_to_the_tariff_period_and_the_grades(self) -> None:
        entry = entered("zhongwei")

        explained = explanation.explain(entry)

        electricity = explained.price_rate.slot_rate.inputs["electricity"]
        assert (electricity["tariff"], electricity["period"], electricity["price_per_kwh"]) == (
            "ningxia-110kv",
            "valley",
            "0.257175",
        )
        assert all(line.agrees for line in explained.lines)
        (price,) = [line for line in explained.lines if line.component == "price"]
        assert [(one.token_class, one.tokens, one.rate) for one in price.products] == [
            ("input", 800, 7_129_413),
            ("cache_read", 1_200, 712_941),
            ("output", 500, 17_823_534),
        ]
        grades = {one["figure"]: one["grade"] for one in explained.provenance}
        assert grades["benchmark"] == "M"
        assert grades["carbon_location"] == "O"
        found = explanation.find(public_id(occurred_at=entry.occurred_at, id_=entry.id))
        assert found == entry

    def test_leaves_clean_books(self) -> None:
        entered("beijing")

        assert audit.run() == []
