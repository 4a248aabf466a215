"""The worked event of docs/pricing.md, from the figures of the default catalogue."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from ledger.pricing.cost import (
    QUANTISATION_BOUND,
    CostInputs,
    price_per_token,
    quantise_price,
    quantise_slot,
    token_costs,
)
from ledger.quantities import round_half_even

ONE = Decimal(1)
ZERO = Decimal(0)

WORKED = {
    "zhongwei": {
        "gpu_seconds": "1.732455",
        "energy_joules": "1550.19",
        "compute": "0.009384134",
        "energy": "0.000128508",
        "green": "0.000001426",
        "cost": "0.009514068",
        "price": "0.015470827",
        "co2_location_grams": "0.26642",
        "co2_market_grams": "0.05328",
    },
    "beijing": {
        "gpu_seconds": "1.732455",
        "energy_joules": "1752.39",
        "compute": "0.009384134",
        "energy": "0.000491173",
        "green": "0.000000000",
        "cost": "0.009875307",
        "price": "0.015904314",
        "co2_location_grams": "0.27036",
        "co2_market_grams": "0.27036",
    },
}
"""The worked event as published: energy research report, section 2.4, two digits corrected."""


@pytest.mark.parametrize("site", WORKED)
class TestWorkedEvent:
    def test_comes_out_to_the_last_printed_digit(
        self, site: str, inputs_of: Callable[[str], CostInputs], event: Any
    ) -> None:
        costs = token_costs(inputs_of(site))

        totals = {
            name: sum(
                tokens * getattr(costs[phase], name) for phase, tokens in event.tokens.items()
            )
            for name in WORKED[site]
            if name not in {"cost", "price"}
        }
        totals["cost"] = totals["compute"] + totals["energy"] + totals["green"]
        totals["price"] = sum(
            tokens
            * (
                price_per_token(
                    cost=costs[phase],
                    terms=event.terms,
                    token_class="output",
                    cost_fx=ONE,
                    card_fx=ONE,
                )
                or ZERO
            )
            for phase, tokens in event.tokens.items()
        )
        for name, printed in WORKED[site].items():
            digits = len(printed.partition(".")[2])
            assert (name, f"{round_half_even(totals[name], digits=digits):f}") == (name, printed)

    def test_stays_within_half_a_unit_per_token_and_component_as_integers(
        self, site: str, inputs_of: Callable[[str], CostInputs], event: Any
    ) -> None:
        costs = token_costs(inputs_of(site))
        slot = quantise_slot(costs)
        price = quantise_price(
            costs=costs,
            terms=event.terms,
            cost_fx=ONE,
            card_fx=ONE,
            fee_rate=Decimal("0.015"),
            fee_consumer_share=Decimal("0.4"),
        )
        exact_price = Decimal("1.2") * sum(
            tokens * costs[phase].money for phase, tokens in event.tokens.items()
        )

        def of_event(rates: dict[str, int]) -> int:
            return 800 * rates["input"] + 1_200 * rates["cache_read"] + 500 * rates["output"]

        bound = 2_500 * QUANTISATION_BOUND
        for component, field, per_unit in (
            ("gpu_nanoseconds", "gpu_seconds", 10**9),
            ("energy_microjoules", "energy_joules", 10**6),
            ("co2_location_nanograms", "co2_location_grams", 10**9),
            ("co2_market_nanograms", "co2_market_grams", 10**9),
            ("compute", "compute", 10**12),
            ("energy", "energy", 10**12),
            ("green", "green", 10**12),
            ("scarcity", "scarcity", 10**12),
        ):
            exact = sum(
                tokens * getattr(costs[phase], field) for phase, tokens in event.tokens.items()
            )
            assert abs(of_event(slot[component]) - exact * per_unit) <= bound, component
        for component, share in (
            ("price", ONE),
            ("fee_provider", Decimal("0.009")),
            ("fee_consumer", Decimal("0.006")),
        ):
            assert abs(of_event(price[component]) - exact_price * share * 10**12) <= bound


class TestRateRow:
    def test_is_the_published_one_of_zhongwei(
        self, inputs_of: Callable[[str], CostInputs], event: Any
    ) -> None:
        costs = token_costs(inputs_of("zhongwei"))

        row = [
            (
                int(round_half_even((cost.money - cost.scarcity) * 10**12, digits=0)),
                int(round_half_even(cost.money * Decimal("1.2") * 10**12, digits=0)),
                int(round_half_even(cost.energy_joules * 10**6, digits=0)),
                int(round_half_even(cost.co2_location_grams * 10**9, digits=0)),
            )
            for cost in (costs[phase] for phase in event.tokens)
        ]
        assert row == [
            (4_384_363, 7_129_413, 714_375, 122_773),
            (438_436, 712_941, 71_438, 12_277),
            (10_960_908, 17_823_534, 1_785_939, 306_933),
        ]
