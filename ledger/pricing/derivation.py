"""From tokens to a price, step by step, with the formulas filled in by numbers. Pure.

Everything is told of one token of each phase, so that a person with a pocket calculator comes from
the inputs of a rate to the whole sub-units that it holds. The results are those of `cost.py`; a
test works the written formulas out and holds them against these. docs/pricing.md has the formulas.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any, Final

from ledger.pricing import figures, ownership, scarcity
from ledger.pricing.cost import TokenCost
from ledger.pricing.profile import Boundary, Phase, PhaseFigures
from ledger.quantities import (
    EXACT,
    JOULES_PER_KWH,
    SECONDS_PER_HOUR,
    significant,
)

AS_PUBLISHED: Final = "as published"
DIGITS: Final = 12
"""Significant digits that are written; what is computed has sixty."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what comes of it, the formula in words and in numbers, the result and its unit.

    `subject` is what it is told of: a kilowatt-hour, a GPU-hour, a token of a phase. `rests_on` are
    the parts of the inputs that enter it.
    """

    subject: str
    name: str
    formula: str
    filled: str
    result: Decimal
    unit: str
    rests_on: tuple[str, ...]


def derive(slot: Mapping[str, Any], *, phases: Iterable[Phase]) -> list[Step]:
    """Return the steps from a slot rate's inputs to the cost of a token of each phase."""
    costs = figures.exact_costs(slot)
    measured = figures.exact_phases(slot)
    steps = [*_shared(slot)]
    for phase in phases:
        if phase in costs:
            steps += _takes(slot, phase, measured[phase], costs[phase])
            steps += _costs(slot, phase, costs[phase])
    return steps


def written(value: Decimal) -> str:
    """Write a number as the steps have it."""
    return significant(value, digits=DIGITS)


def in_currency(slot: Mapping[str, Any], currency: str) -> tuple[Decimal, tuple[str, ...]]:
    """Return the rate into the currency that the inputs state, and the part it is found in."""
    if currency == slot["currency"]:
        return Decimal(1), ()
    return Decimal(slot["fx"][currency]["rate"]), ("fx",)


def _shared(slot: Mapping[str, Any]) -> list[Step]:
    """Return what a GPU-hour and a kilowatt-hour cost here, in the deployment's currency."""
    gpu_hour, electricity, green = slot["gpu_hour"], slot["electricity"], slot["green"]
    period = electricity.get("period") or "energy"
    steps = [*_owned(gpu_hour), _converted(slot, "a GPU-hour", "price", ("gpu_hour", "price"))]
    if not gpu_hour["includes_energy"]:
        for name, field in (
            (f"{period} price", "price_per_kwh"),
            ("demand price", "demand_price_per_kwh"),
        ):
            steps.append(_converted(slot, "a kilowatt-hour", name, ("electricity", field)))
    price, rate, currency = Decimal(green["price_per_mwh"]), *in_currency(slot, green["currency"])
    with localcontext(EXACT):
        result = price / 1_000 * rate
    steps.append(
        Step(
            subject="a certificate kilowatt-hour",
            name="price",
            formula="price per MWh / 1,000" + (" × exchange rate" if currency else ""),
            filled=f"{written(price)} / 1000" + (f" × {written(rate)}" if currency else ""),
            result=result,
            unit=str(slot["currency"]),
            rests_on=("green", *currency),
        )
    )
    return steps


def _owned(gpu_hour: Mapping[str, Any]) -> list[Step]:
    """Return how an owned GPU-hour's price is made, of one whose parts are stated."""
    if any(gpu_hour.get(part) is None for part in ownership.PARTS):
        return []
    of = {part: written(Decimal(str(gpu_hour[part]))) for part in ownership.PARTS}
    recovery = ownership.capital_recovery(
        rate=Decimal(str(gpu_hour["capital_cost"])), years=int(gpu_hour["life_years"])
    )
    return [
        Step(
            "a GPU-hour",
            f"owned: capital recovery over {of['life_years']} years at {of['capital_cost']}",
            "capex × i (1 + i)^n / ((1 + i)^n - 1) / 8,760 / availability + opex an hour",
            f"{of['capex']} × {written(recovery)} / {ownership.HOURS_PER_YEAR} / "
            f"{of['availability']} + {of['opex_per_hour']}",
            Decimal(gpu_hour["price"]),
            str(gpu_hour["currency"]),
            ("gpu_hour",),
        )
    ]


def _converted(slot: Mapping[str, Any], subject: str, name: str, figure: tuple[str, str]) -> Step:
    """Return a published figure, `figure` by its part and name, in the deployment's currency."""
    part, field = figure
    price = Decimal(slot[part][field])
    rate, foreign = in_currency(slot, slot[part]["currency"])
    with localcontext(EXACT):
        result = price * rate
    return Step(
        subject=subject,
        name=name,
        formula=AS_PUBLISHED if not foreign else f"{AS_PUBLISHED} × exchange rate",
        filled=written(price) + (f" × {written(rate)}" if foreign else ""),
        result=result,
        unit=str(slot["currency"]),
        rests_on=(part, *foreign),
    )


def _takes(
    slot: Mapping[str, Any], phase: Phase, measured: PhaseFigures, cost: TokenCost
) -> list[Step]:
    """Return what a token takes: of the accelerator, and at the site's meter."""
    subject = f"a {phase} token"
    time = _split(slot["profile"], phase, seconds=True)
    energy = _split(slot["profile"], phase, seconds=False)
    steps = [
        Step(subject, "accelerator time", *time, measured.gpu_seconds, "GPU-s", ("profile",)),
        Step(subject, "energy at the boundary", *energy, measured.joules, "J", ("profile",)),
    ]
    formula, filled, rests_on = _facility(slot, measured)
    steps.append(
        Step(subject, "energy at the meter", formula, filled, cost.energy_joules, "J", rests_on)
    )
    return steps


def _split(profile: Mapping[str, Any], phase: Phase, *, seconds: bool) -> tuple[str, str]:
    """Return formula and numbers of a benchmark's division, or of a figure that is stated."""
    if "benchmark" not in profile or phase not in (Phase.PREFILL, Phase.CACHED, Phase.DECODE):
        stated = profile.get("figures", profile)
        figure = stated[phase]["gpu_seconds" if seconds else "joules"] if phase in stated else "0"
        return "as measured", written(Decimal(figure))
    of = {
        name: written(Decimal(profile["benchmark"][name]))
        for name in (
            *("joules_per_output_token", "output_tokens_per_second", "mean_output_tokens"),
            *("mean_input_tokens", "decode_to_prefill", "cached_to_prefill"),
        )
    }
    whole = (
        (
            "GPUs / output tokens a second",
            f"{profile['benchmark']['gpu_count']} / {of['output_tokens_per_second']}",
        )
        if seconds
        else ("J per output token", of["joules_per_output_token"])
    )
    formula = f"{whole[0]} × L_out / (L_out + L_in / r)"
    filled = (
        f"{whole[1]} × {of['mean_output_tokens']} / ({of['mean_output_tokens']} + "
        f"{of['mean_input_tokens']} / {of['decode_to_prefill']})"
    )
    if phase is not Phase.DECODE:
        formula, filled = f"{formula} / r", f"{filled} / {of['decode_to_prefill']}"
    if phase is Phase.CACHED:
        formula, filled = f"{formula} × rho", f"{filled} × {of['cached_to_prefill']}"
    return formula, filled


def _facility(slot: Mapping[str, Any], measured: PhaseFigures) -> tuple[str, str, tuple[str, ...]]:
    profile, joules = slot["profile"], written(measured.joules)
    pue = written(Decimal(slot["pue"]["pue"]))
    if profile["boundary"] == Boundary.FACILITY:
        return "measured at the facility", joules, ("profile",)
    if profile["boundary"] == Boundary.SERVER:
        return "J × PUE", f"{joules} × {pue}", ("profile", "pue")
    u = written(Decimal(slot["terms"]["utilisation"]))
    watts = (
        f"{written(Decimal(profile['host_watts_per_gpu']))} + "
        f"{written(Decimal(profile['idle_watts_per_gpu']))} × (1 - {u}) / {u}"
    )
    return (
        "(J + GPU-s × (host W + idle W × (1 - u) / u)) × PUE",
        f"({joules} + {written(measured.gpu_seconds)} × ({watts})) × {pue}",
        ("profile", "terms", "pue"),
    )


def _costs(slot: Mapping[str, Any], phase: Phase, cost: TokenCost) -> list[Step]:
    """Return what a token costs and emits, step by step."""
    subject, currency = f"a {phase} token", str(slot["currency"])
    kwh = f"{written(cost.energy_joules)} / {JOULES_PER_KWH}"
    u = written(Decimal(slot["terms"]["utilisation"]))
    gpu_hour = written(_price(slot, "gpu_hour", "price"))
    share = written(Decimal(slot["green"]["share"]))
    scarce, of_what = cost.compute, "compute"
    with localcontext(EXACT):
        if slot.get("scarcity", {}).get("terms", {}).get("applies_to") == scarcity.ALL:
            scarce = cost.compute + cost.energy + cost.green
            of_what = "(compute + energy + green)"
        factor = cost.scarcity / scarce + 1 if scarce else Decimal(1)
        green = _price(slot, "green", "price_per_mwh") / 1_000
    return [
        Step(
            subject,
            "compute",
            "GPU-s / 3,600 × price of a GPU-hour / u",
            f"{written(cost.gpu_seconds)} / {SECONDS_PER_HOUR} × {gpu_hour} / {u}",
            cost.compute,
            currency,
            ("profile", "terms", "gpu_hour"),
        ),
        _energy(slot, subject, kwh, cost),
        Step(
            subject,
            "green",
            "J / 3,600,000 × green share × price of a certificate kWh",
            f"{kwh} × {share} × {written(green)}",
            cost.green,
            currency,
            ("profile", "terms", "pue", "green"),
        ),
        Step(
            subject,
            "scarcity",
            f"{of_what} × (m - 1)",
            f"{written(scarce)} × ({written(factor)} - 1)",
            cost.scarcity,
            currency,
            ("profile", "terms", "gpu_hour", *(("scarcity",) if "scarcity" in slot else ())),
        ),
        *_emissions(slot, subject, kwh, cost),
    ]


def _emissions(slot: Mapping[str, Any], subject: str, kwh: str, cost: TokenCost) -> list[Step]:
    share = written(Decimal(slot["green"]["share"]))
    carbon = {
        method: written(Decimal(slot[f"carbon_{method}"]["grams_per_kwh"]))
        for method in ("location", "residual")
    }
    return [
        Step(
            subject,
            "CO2 by location",
            "J / 3,600,000 × grid factor",
            f"{kwh} × {carbon['location']}",
            cost.co2_location_grams,
            "g",
            ("profile", "terms", "pue", "carbon_location"),
        ),
        Step(
            subject,
            "CO2 by market",
            "J / 3,600,000 × (1 - green share) × residual factor",
            f"{kwh} × (1 - {share}) × {carbon['residual']}",
            cost.co2_market_grams,
            "g",
            ("profile", "terms", "pue", "green", "carbon_residual"),
        ),
    ]


def _energy(slot: Mapping[str, Any], subject: str, kwh: str, cost: TokenCost) -> Step:
    if slot["gpu_hour"]["includes_energy"]:
        return Step(
            subject,
            "energy",
            "none: the GPU-hour includes it",
            "0",
            cost.energy,
            str(slot["currency"]),
            ("gpu_hour",),
        )
    price = written(_price(slot, "electricity", "price_per_kwh"))
    demand = written(_price(slot, "electricity", "demand_price_per_kwh"))
    return Step(
        subject,
        "energy",
        "J / 3,600,000 × (energy price + demand price)",
        f"{kwh} × ({price} + {demand})",
        cost.energy,
        str(slot["currency"]),
        ("profile", "terms", "pue", "electricity"),
    )


def _price(slot: Mapping[str, Any], part: str, name: str) -> Decimal:
    rate, _ = in_currency(slot, slot[part]["currency"])
    with localcontext(EXACT):
        return Decimal(slot[part][name]) * rate
