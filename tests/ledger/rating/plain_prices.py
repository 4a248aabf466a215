"""The oracle of prices: amounts of an event straight from the formulas, in fractions.

Nothing here is the ledger's own: no decimal, no rounding but Python's of fractions, no calendar but
the hours written in `drawn_catalogue`, over whose document it works.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cache
from math import isqrt
from typing import Any

from tests.ledger.rating.drawn_catalogue import (
    BOUND_OF_PRICE,
    BOUND_OF_PROFILE,
    CLASSES,
    CURVE,
    HOLIDAY,
    LOADED_FROM,
    LOADS,
    PEAK_HOURS,
    SOLAR_HOURS,
)

UNIT = 10**12
PHASE = {
    "input": "prefill",
    "cache_read": "cached",
    "cache_write_5m": "prefill",
    "cache_write_1h": "prefill",
    "output": "decode",
    "reasoning": "decode",
    "audio_input": "audio_input",
    "audio_output": "audio_output",
    "image_input": "image_input",
}
WRITTEN = ("output", "reasoning", "audio_output")
"""What the model writes; all else it reads, which is the prompt."""


@dataclass(frozen=True, slots=True)
class Use:
    """All that the amounts per token depend on."""

    deployment: str
    consumer: str
    tier: str
    profile_bound: int
    price_bound: int
    solar: bool
    busy: bool
    peak: bool
    workday: bool
    loaded: bool


def use_of(
    *, deployment: str, consumer: str, tier: str, usage: Mapping[str, int], at: datetime
) -> Use:
    """Return what an event is priced by."""
    prompt_tokens = sum(tokens for name, tokens in usage.items() if name not in WRITTEN)
    local = at + timedelta(hours=8)
    festive = local.weekday() > 4 or local.date().isoformat() == HOLIDAY
    return Use(
        deployment,
        consumer,
        tier,
        BOUND_OF_PROFILE if prompt_tokens >= BOUND_OF_PROFILE else 0,
        BOUND_OF_PRICE if prompt_tokens >= BOUND_OF_PRICE else 0,
        local.hour in SOLAR_HOURS,
        local.hour in PEAK_HOURS,
        local.hour in PEAK_HOURS,
        not festive,
        at >= LOADED_FROM,
    )


class Oracle:
    """Amounts of events by the formulas of docs/pricing.md, over the drawn catalogue."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.rates = cache(self._rates)
        self.lacks = cache(self._lacks)
        self.taken = cache(self._taken)

    def amounts(self, use: Use, usage: Mapping[str, int], components: Sequence[str]) -> list[int]:
        """Return what an event comes to, in whole sub-units of each component."""
        rates = self.rates(use)
        used = [(tokens, rates[name]) for name, tokens in usage.items() if tokens]
        return [sum([tokens * rate[one] for tokens, rate in used]) for one in components]

    def aside(self, use: Use, usage: Mapping[str, int]) -> tuple[str, str] | None:
        """Return why an event cannot be priced and what is missing, by its first such class."""
        for name, missing in self.lacks(use).items():
            if usage[name]:
                return f"no_rate_for_{name}", missing
        return None

    def row(self, section: str, **named: Any) -> Mapping[str, Any]:
        """Return the row of a section with these values."""
        (found,) = (
            row
            for row in self.document[section]
            if all(row.get(name) == value for name, value in named.items())
        )
        return found  # type: ignore[no-any-return] # documents are plain data

    def _rates(self, use: Use) -> dict[str, dict[str, int]]:
        """Return class -> component -> whole sub-units per token, where that is known."""
        lacks = self.lacks(use)
        return {name: self._rate(use, name) for name in CLASSES if name not in lacks}

    def _lacks(self, use: Use) -> dict[str, str]:
        """Return class -> what is missing: the figures of a profile, else a price on the list."""
        figures, listed = self._profile(use)["figures"], self._listed(use)
        lacks = {}
        for name in CLASSES:
            if PHASE[name] not in figures:
                lacks[name] = f"profile:westcloud/{use.deployment}"
            elif listed is not None and name not in listed["per_million_tokens"]:
                lacks[name] = f"rate_card:westcloud/{use.consumer}"
        return lacks

    def _profile(self, use: Use) -> Mapping[str, Any]:
        return self.row(
            "serving_profiles", deployment=use.deployment, context_from_tokens=use.profile_bound
        )

    def _listed(self, use: Use) -> Mapping[str, Any] | None:
        """Return the list that holds: the tier's own, else the card's; none if it has none."""
        terms = self.row("rate_card_versions", rate_card=use.consumer)["terms"]
        own = terms.get("service_tiers", {}).get(use.tier, {})
        if "per_million_tokens" in own:
            return own  # type: ignore[no-any-return] # documents are plain data
        if use.consumer == "plus":
            return None
        return terms if use.consumer == "lister" else terms["list"]  # type: ignore[no-any-return] # as above

    def _rate(self, use: Use, name: str) -> dict[str, int]:
        taken = self.taken(replace(use, consumer="", tier="", price_bound=0), PHASE[name])
        agreement = self.row("agreement_versions", agreement=f"with-{use.consumer}")
        fx = Fraction(1)
        if agreement["currency"] == "USD":
            fx = Fraction(self.document["fx_rates"][0]["rate"])
        cost = taken["compute"] + taken["energy"] + taken["green"] + taken["scarcity"]
        price = self._price(use, name, cost * fx, fx)
        fee, share = Fraction(agreement["fee_rate"]), Fraction(agreement["fee_consumer_share"])
        rate = {part: round(taken[part] * fx * UNIT) for part in COST}
        rate["margin"] = round(price * UNIT) - sum(rate.values())
        rate["fee_provider"] = round(price * fee * (1 - share) * UNIT)
        rate["fee_consumer"] = round(price * fee * share * UNIT)
        rate |= {
            "gpu_nanoseconds": round(taken["gpu_seconds"] * 10**9),
            "energy_microjoules": round(taken["joules"] * 10**6),
            "co2_location_nanograms": round(taken["co2_location"] * 10**9),
            "co2_market_nanograms": round(taken["co2_market"] * 10**9),
        }
        return rate

    def _taken(self, use: Use, phase: str) -> dict[str, Fraction]:
        profile = self._profile(use)
        terms = self.row("deployment_terms", deployment=use.deployment)
        hour = self.row("gpu_hours", code=terms["gpu_hour"])
        tariff = self.document["tariff_versions"][0]["terms"]
        green = self.document["green_supplies"][0]
        location, residual = (
            Fraction(one["grams_per_kwh"]) for one in self.document["carbon_factors"]
        )
        u, pue = Fraction(terms["utilisation"]), Fraction(self.document["site_pue"][0]["pue"])
        joules = Fraction(profile["figures"][phase]["joules"])
        seconds = Fraction(profile["figures"][phase]["gpu_seconds"])
        if profile["boundary"] == "gpu":
            idle = Fraction(profile["idle_watts_per_gpu"]) * (1 - u) / u
            joules += seconds * (Fraction(profile["host_watts_per_gpu"]) + idle)
        if profile["boundary"] != "facility":
            joules *= pue
        kwh, share = joules / 3_600_000, Fraction(green["share"])
        compute = seconds / 3_600 * Fraction(hour["price"]) / u
        per_kwh = Fraction(tariff["published"]["valley" if use.solar else "flat"])
        per_kwh += Fraction(tariff["demand_per_kw_month"]) / (730 * Fraction("0.85"))
        energy = Fraction(0) if hour["includes_energy"] else kwh * per_kwh
        greening = kwh * share * Fraction(green["price_per_mwh"]) / 1_000
        factor, of_all = self._scarcity(use)
        scarce = compute + energy + greening if of_all else compute
        return {
            "gpu_seconds": seconds,
            "joules": joules,
            "co2_location": kwh * location,
            "co2_market": kwh * (1 - share) * residual,
            "compute": compute,
            "energy": energy,
            "green": greening,
            "scarcity": scarce * (factor - 1),
        }

    def _scarcity(self, use: Use) -> tuple[Fraction, bool]:
        if use.deployment == "gpu":
            return Fraction("1.37"), False
        if use.deployment == "facility":
            return curved("0.8"), True
        if use.deployment == "loaded" and use.loaded:
            return curved("0.9"), False
        return curved(LOADS["busy" if use.busy else "quiet"]), False

    def _price(self, use: Use, name: str, cost: Fraction, fx: Fraction) -> Fraction:
        terms = self.row("rate_card_versions", rate_card=use.consumer)["terms"]
        tiers = terms.get("service_tiers", {})
        tier = {"factor": "1"} if use.tier == "standard" else tiers[use.tier]
        if use.consumer == "plus":
            margin = terms["context_tiers"][0]["margin"] if use.price_bound else terms["margin"]
            made = cost * (1 + Fraction(margin)) * Fraction(tier["factor"])
            return held(made, name, terms)
        listed = self._listed(use)
        assert listed is not None, "only cost plus goes without a list"
        if use.consumer == "lister":
            factor = Fraction(tier.get("factor", 1)) * (2 if use.peak else 1)
            return stated(listed, name, use.price_bound) * factor
        side = terms["cost_plus"]
        if use.consumer == "higher":
            factor = Fraction(tier["factor"]) * (2 if use.peak and use.workday else 1)
            made = held(cost * (1 + Fraction(side["margin"])) * factor, name, side)
            return max(made, stated(listed, name, use.price_bound) * factor)
        made = cost * (1 + Fraction(side["margin"])) * Fraction(tier["factor"])
        cap = {"cap": {"output": "25"}}  # agreed in place of the card's 30
        return min(held(made, name, cap, fx), stated(listed, name, 0) * fx)


COST = ("compute", "energy", "green", "scarcity")


def held(
    price: Fraction, name: str, limits: Mapping[str, Any], fx: Fraction = Fraction(1)
) -> Fraction:
    """Return a price between the floor and the cap of its class."""
    if name in limits.get("floor", {}):
        price = max(price, Fraction(limits["floor"][name]) / 1_000_000 * fx)
    if name in limits.get("cap", {}):
        price = min(price, Fraction(limits["cap"][name]) / 1_000_000 * fx)
    return price


def stated(prices: Mapping[str, Any], name: str, bound: int) -> Fraction:
    """Return a list price per token in the band that begins at a bound."""
    step = prices["context_tiers"][0] if bound else prices
    return Fraction(step["per_million_tokens"][name]) / 1_000_000


def curved(load: str) -> Fraction:
    """Return the factor of `CURVE` at a load, whose gamma is five halves, to twelve decimals."""
    rho0 = Fraction(CURVE["rho0"])
    beyond = max(Fraction(load) - rho0, Fraction(0)) / (1 - rho0)
    scale = 10**40
    root = Fraction(isqrt(int(beyond * scale**2)), scale)
    factor = min(Fraction(CURVE["cap"]), 1 + Fraction(CURVE["kappa"]) * beyond**2 * root)
    return Fraction(round(factor * UNIT), UNIT)
