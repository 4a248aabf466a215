"""A rate's figures from its written-out inputs. Pure: the audit recomputes what was compiled."""

from collections.abc import Mapping
from decimal import Decimal, localcontext
from typing import Any, Final

from ledger.errors import LedgerError
from ledger.pricing import cost, footprint, profile, scarcity
from ledger.pricing.agreed import agreed_document
from ledger.pricing.cost import CostInputs, TokenCost
from ledger.pricing.footprint import Embodied, Water
from ledger.pricing.profile import Benchmark, Phase, PhaseFigures
from ledger.pricing.rate_cards import card_from_document
from ledger.pricing.terms import Terms
from ledger.quantities import EXACT, INT64_MAX
from ledger.service_tiers import STANDARD
from ledger.tokens import TOKEN_CLASSES

QUANTISATION_BOUND: Final = cost.QUANTISATION_BOUND
KWH_PER_MWH: Final = 1_000

PerClass = list[int | None]
"""Whole sub-units per token in the order of TOKEN_CLASSES; None where a class has no rate."""


class RateOutOfRange(LedgerError):
    """A rate per token is larger than the ledger's integers."""

    problem = "rate-out-of-range"

    def __init__(self, component: str, token_class: str) -> None:
        self.component = component
        self.token_class = token_class
        super().__init__(f"{component} per {token_class} token does not fit the ledger's integers")


def exact_costs(inputs: Mapping[str, Any]) -> dict[Phase, TokenCost]:
    """Return what a token of each phase takes and costs, before anything is rounded."""
    return _costs(inputs)


def exact_phases(inputs: Mapping[str, Any]) -> dict[Phase, PhaseFigures]:
    """Return what a token of each phase takes of an accelerator, as measured or split."""
    return _phase_figures(inputs["profile"])


def slot_figures(inputs: Mapping[str, Any]) -> dict[str, PerClass]:
    """Return component -> whole sub-units per token and class, of a slot rate.

    :raises LedgerError: if an input makes no sense or a rate is out of range.
    """
    return _per_class(cost.quantise_slot(_costs(inputs)))


def reported_figures(inputs: Mapping[str, Any]) -> dict[str, PerClass | None]:
    """Return what is reported with a slot rate and not booked, per token and class.

    None where the inputs do not describe the hardware, or the water of site and grid.

    :raises LedgerError: as `slot_figures`.
    """
    costs = _costs(inputs)
    reported = {
        "embodied_nanograms": footprint.embodied_nanograms(
            costs=costs,
            embodied=_embodied(inputs),
            utilisation=Decimal(inputs["terms"]["utilisation"]),
        ),
        "water_nanolitres": footprint.water_nanolitres(
            costs=costs, water=_water(inputs), pue=Decimal(inputs["pue"]["pue"])
        ),
    }
    known = {name: by_class for name, by_class in reported.items() if by_class is not None}
    return dict.fromkeys(reported) | _per_class(known)


def price_figures(inputs: Mapping[str, Any], *, slot: Mapping[str, Any]) -> dict[str, PerClass]:
    """Return component -> pico-units per token and class, of a price rate over a slot rate.

    :raises LedgerError: as `slot_figures`.
    """
    terms = inputs["terms"]
    return _per_class(
        cost.quantise_price(
            costs=_costs(slot),
            terms=terms_of(inputs),
            cost_fx=exchange_rate(inputs, slot["currency"]),
            card_fx=exchange_rate(inputs, inputs["rate_card"]["currency"]),
            fee_rate=Decimal(terms["fee_rate"]),
            fee_consumer_share=Decimal(terms["fee_consumer_share"]),
        )
    )


def terms_of(inputs: Mapping[str, Any]) -> Terms:
    """Return what the card and the agreement say of the use that a price rate is for."""
    document = agreed_document(inputs["rate_card"]["terms"], inputs["terms"].get("overrides"))
    return card_from_document(document).in_use(
        context_from_tokens=inputs.get("context_from_tokens", 0),
        tier=inputs.get("service_tier", STANDARD),
        period=inputs.get("price_period"),
    )


def _costs(inputs: Mapping[str, Any]) -> dict[Phase, TokenCost]:
    """Return the exact cost per token and phase, in the deployment's currency."""
    stated, terms = inputs["profile"], inputs["terms"]
    gpu_hour, electricity, green = inputs["gpu_hour"], inputs["electricity"], inputs["green"]
    with localcontext(EXACT):
        return cost.token_costs(
            CostInputs(
                figures=_phase_figures(stated),
                boundary=stated["boundary"],
                # Only at the GPU are they needed, and there they are stated.
                host_watts_per_gpu=Decimal(stated.get("host_watts_per_gpu", 0)),
                idle_watts_per_gpu=Decimal(stated.get("idle_watts_per_gpu", 0)),
                utilisation=Decimal(terms["utilisation"]),
                scarcity_factor=_scarcity_factor(inputs),
                scarcity_applies_to=_scarcity_applies_to(inputs),
                pue=Decimal(inputs["pue"]["pue"]),
                gpu_hour_price=Decimal(gpu_hour["price"])
                * exchange_rate(inputs, gpu_hour["currency"]),
                gpu_hour_includes_energy=gpu_hour["includes_energy"],
                electricity_price_per_kwh=Decimal(electricity["price_per_kwh"])
                * exchange_rate(inputs, electricity["currency"]),
                demand_price_per_kwh=Decimal(electricity["demand_price_per_kwh"])
                * exchange_rate(inputs, electricity["currency"]),
                green_share=Decimal(green["share"]),
                green_price_per_kwh=Decimal(green["price_per_mwh"])
                / KWH_PER_MWH
                * exchange_rate(inputs, green["currency"]),
                carbon_location_grams_per_kwh=Decimal(inputs["carbon_location"]["grams_per_kwh"]),
                carbon_residual_grams_per_kwh=Decimal(inputs["carbon_residual"]["grams_per_kwh"]),
            )
        )


def _embodied(inputs: Mapping[str, Any]) -> Embodied | None:
    if "hardware" not in inputs:
        return None
    hardware = inputs["hardware"]
    return Embodied(
        kg_co2e=Decimal(hardware["embodied_kg_co2e"]),
        life_years=Decimal(hardware["embodied_life_years"]),
    )


def _water(inputs: Mapping[str, Any]) -> Water | None:
    if "wue" not in inputs:
        return None
    return Water(
        site_litres_per_kwh=Decimal(inputs["wue"]["litres_per_kwh"]),
        grid_litres_per_kwh=Decimal(inputs["water"]["litres_per_kwh"]),
    )


def _phase_figures(stated: Mapping[str, Any]) -> dict[Phase, PhaseFigures]:
    if "benchmark" in stated:
        measured = stated["benchmark"]
        return profile.split_benchmark(
            benchmark=Benchmark(
                gpu_count=measured["gpu_count"],
                joules_per_output_token=Decimal(measured["joules_per_output_token"]),
                output_tokens_per_second=Decimal(measured["output_tokens_per_second"]),
                mean_output_tokens=Decimal(measured["mean_output_tokens"]),
                mean_input_tokens=Decimal(measured["mean_input_tokens"]),
                decode_to_prefill=Decimal(measured["decode_to_prefill"]),
                cached_to_prefill=Decimal(measured["cached_to_prefill"]),
            )
        )
    return profile.figures_from_document(stated["figures"])


def _scarcity_factor(inputs: Mapping[str, Any]) -> Decimal:
    stated = inputs["terms"].get("scarcity_factor")
    return Decimal(inputs["scarcity"]["factor"] if stated is None else stated)


def _scarcity_applies_to(inputs: Mapping[str, Any]) -> str:
    if "scarcity" not in inputs:
        return scarcity.COMPUTE
    return str(inputs["scarcity"]["terms"].get("applies_to", scarcity.COMPUTE))


def exchange_rate(inputs: Mapping[str, Any], currency: str) -> Decimal:
    """Return the rate from a currency into the one that the inputs state."""
    if currency == inputs["currency"]:
        return Decimal(1)
    return Decimal(inputs["fx"][currency]["rate"])


def _per_class(figures: Mapping[str, Mapping[str, int]]) -> dict[str, PerClass]:
    per_class: dict[str, PerClass] = {}
    for component, by_class in figures.items():
        for token_class, rate in by_class.items():
            if abs(rate) > INT64_MAX:
                raise RateOutOfRange(component, token_class)
        per_class[component] = [by_class.get(token_class) for token_class in TOKEN_CLASSES]
    return per_class
