"""Embodied emissions and water of the worked event, and what is unknown."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from ledger.pricing import footprint
from ledger.pricing.cost import CostInputs, token_costs
from ledger.pricing.footprint import Embodied, Water

# 273 kg a GPU and an eighth of the server's 5,700 kg, over three years.
H100 = Embodied(kg_co2e=Decimal(273) + Decimal(5_700) / 8, life_years=Decimal(3))
CHINA = Decimal("6.0065")
WATER = {"zhongwei": (Decimal("0.6"), "2.81"), "beijing": (Decimal("1.2"), "3.37")}
"""Litres per kWh at the site, and the millilitres of the event as published."""


@pytest.mark.parametrize("site", WATER)
class TestWorkedEvent:
    def test_embodies_the_published_grams(
        self, site: str, inputs_of: Callable[[str], CostInputs], event: Any
    ) -> None:
        costs = token_costs(inputs_of(site))

        grams = sum(
            tokens
            * footprint.embodied_grams(
                gpu_seconds=costs[phase].gpu_seconds, embodied=H100, utilisation=Decimal("0.6")
            )
            for phase, tokens in event.tokens.items()
        )

        assert f"{grams:.4f}" == "0.0301"

    def test_takes_the_published_water(
        self, site: str, inputs_of: Callable[[str], CostInputs], event: Any
    ) -> None:
        inputs = inputs_of(site)
        litres_per_kwh, millilitres = WATER[site]
        water = Water(site_litres_per_kwh=litres_per_kwh, grid_litres_per_kwh=CHINA)

        litres = sum(
            tokens
            * footprint.water_litres(
                facility_joules=token_costs(inputs)[phase].energy_joules,
                pue=inputs.pue,
                water=water,
            )
            for phase, tokens in event.tokens.items()
        )

        assert f"{litres * 1000:.2f}" == millilitres


class TestPerClass:
    def test_is_unknown_and_not_zero_without_hardware_or_water(
        self, inputs_of: Callable[[str], CostInputs]
    ) -> None:
        costs = token_costs(inputs_of("zhongwei"))

        embodied = footprint.embodied_nanograms(
            costs=costs, embodied=None, utilisation=Decimal("0.6")
        )
        water = footprint.water_nanolitres(costs=costs, water=None, pue=Decimal("1.15"))

        assert (embodied, water) == (None, None)

    def test_states_whole_nanograms_of_every_class_that_was_measured(
        self, inputs_of: Callable[[str], CostInputs]
    ) -> None:
        costs = token_costs(inputs_of("zhongwei"))

        embodied = footprint.embodied_nanograms(
            costs=costs, embodied=H100, utilisation=Decimal("0.6")
        )

        # 0.001995916… GPU-s × 985,500 g / (3 × 31,536,000 s × 0.6) = 0.000034651… g
        assert embodied == {
            "input": 13_861,
            "cache_read": 1_386,
            "cache_write_5m": 13_861,
            "cache_write_1h": 13_861,
            "output": 34_651,
            "reasoning": 34_651,
        }
