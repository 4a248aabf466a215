"""What a token is reported to take beside what is booked: embodied emissions and water. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Final

from ledger.pricing import bounds
from ledger.pricing.cost import TokenCost
from ledger.pricing.ownership import HOURS_PER_YEAR
from ledger.pricing.profile import CLASS_PHASES, Phase
from ledger.quantities import (
    EXACT,
    JOULES_PER_KWH,
    NANOGRAMS_PER_GRAM,
    SECONDS_PER_HOUR,
    whole_units,
)

GRAMS_PER_KILOGRAM: Final = 1_000
NANOLITRES_PER_LITRE: Final = 10**9


@dataclass(frozen=True, slots=True)
class Embodied:
    """Kilograms of CO2e that making a GPU took, and the years that it serves for them."""

    kg_co2e: Decimal
    life_years: Decimal

    def __post_init__(self) -> None:
        bounds.not_negative("embodied_kg_co2e", self.kg_co2e)
        bounds.positive("embodied_life_years", self.life_years)


@dataclass(frozen=True, slots=True)
class Water:
    """Litres per kilowatt-hour: of IT energy at the site, and of energy from the grid."""

    site_litres_per_kwh: Decimal
    grid_litres_per_kwh: Decimal

    def __post_init__(self) -> None:
        bounds.not_negative("site_litres_per_kwh", self.site_litres_per_kwh)
        bounds.not_negative("grid_litres_per_kwh", self.grid_litres_per_kwh)


def embodied_grams(*, gpu_seconds: Decimal, embodied: Embodied, utilisation: Decimal) -> Decimal:
    """Return the grams of CO2e of busy GPU-seconds: idle hours wear on the busy ones.

    >>> h100 = Embodied(kg_co2e=Decimal("985.5"), life_years=Decimal(3))
    >>> grams = embodied_grams(gpu_seconds=Decimal(1), embodied=h100, utilisation=Decimal("0.6"))
    >>> f"{grams:.5f}"
    '0.01736'
    """
    with localcontext(EXACT):
        busy_seconds = embodied.life_years * HOURS_PER_YEAR * SECONDS_PER_HOUR * utilisation
        return gpu_seconds * embodied.kg_co2e * GRAMS_PER_KILOGRAM / busy_seconds


def water_litres(*, facility_joules: Decimal, pue: Decimal, water: Water) -> Decimal:
    """Return litres: the site's for its IT energy, the grid's for all that the meter counts.

    >>> zhongwei = Water(site_litres_per_kwh=Decimal("0.6"), grid_litres_per_kwh=Decimal("6.0065"))
    >>> litres = water_litres(
    ...     facility_joules=Decimal("1550.19"), pue=Decimal("1.15"), water=zhongwei
    ... )
    >>> f"{litres:.5f}"
    '0.00281'
    """
    with localcontext(EXACT):
        litres_per_kwh = water.site_litres_per_kwh / pue + water.grid_litres_per_kwh
        return facility_joules / JOULES_PER_KWH * litres_per_kwh


def embodied_nanograms(
    *, costs: Mapping[Phase, TokenCost], embodied: Embodied | None, utilisation: Decimal
) -> dict[str, int] | None:
    """Return class -> whole nanograms of CO2e per token; None where nothing is known of it."""
    if embodied is None:
        return None
    return {
        token_class: whole_units(
            embodied_grams(
                gpu_seconds=costs[phase].gpu_seconds, embodied=embodied, utilisation=utilisation
            ),
            per_unit=NANOGRAMS_PER_GRAM,
        )
        for token_class, phase in CLASS_PHASES.items()
        if phase in costs
    }


def water_nanolitres(
    *, costs: Mapping[Phase, TokenCost], water: Water | None, pue: Decimal
) -> dict[str, int] | None:
    """Return class -> whole nanolitres per token; None where site or grid is not known."""
    if water is None:
        return None
    return {
        token_class: whole_units(
            water_litres(facility_joules=costs[phase].energy_joules, pue=pue, water=water),
            per_unit=NANOLITRES_PER_LITRE,
        )
        for token_class, phase in CLASS_PHASES.items()
        if phase in costs
    }
