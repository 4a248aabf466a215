"""The oracle of prices: amounts of an event straight from the formulas, in fractions.

Nothing here is the ledger's own: no decimal, no rounding but Python's of fractions, no calendar but
the hours written below. The catalogue of `catalogue()` is drawn at random, with every feature on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cache
from math import isqrt
from random import Random
from typing import Any

from tests import factories
from tests.factories import version

CLASSES = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning")
PHASE = dict(
    zip(CLASSES, ("prefill", "cached", "prefill", "prefill", "decode", "decode"), strict=True)
)
HOLIDAY = "2026-10-07"
UNIT = 10**12
CURVE = {"rho0": "0.6", "kappa": "0.7", "gamma": "2.5", "cap": "1.4"}
LOADS = {"busy": "0.97", "quiet": "0.3"}
PEAK_HOURS = (9, 10, 11, 14, 15, 16, 17)
SOLAR_HOURS = range(9, 17)
BOUND_OF_PROFILE = 3_000
BOUND_OF_PRICE = 5_001
LOADED_FROM = datetime.fromisoformat("2026-10-06T00:00:00+00:00")
DEPLOYMENTS = ("gpu", "server", "facility", "loaded")
CONSUMERS = ("plus", "lister", "higher", "lower")
TIERS = {
    "plus": ("standard", "batch", "priority"),
    "lister": ("standard", "batch", "priority"),
    "higher": ("standard", "batch"),
    "lower": ("standard", "flex"),
}


def drawn(random: Random, low: int, high: int, places: int) -> str:
    """Return an exact number from low to high with so many decimals."""
    scale: int = 10**places
    value = Fraction(random.randint(low * scale, high * scale), scale)
    whole, rest = divmod(abs(value), 1)
    return f"{'-' if value < 0 else ''}{whole}.{int(rest * scale):0{places}d}"


def windows(first: str, rest: str, hours: Sequence[int], **also: Any) -> list[dict[str, Any]]:
    """Return windows of a period at some hours, and of another at the others."""
    spans = [[f"{hour:02d}:00", f"{hour + 1:02d}:00"] for hour in hours]
    return [
        {"period": rest, "spans": [["00:00", "24:00"]]},
        {"period": first, "spans": spans, "rank": 1, **also},
    ]


def catalogue(random: Random) -> dict[str, Any]:
    """Return a document with every feature that decides what a token is charged."""
    document = factories.catalogue()
    zone = {"time_zone": "Asia/Shanghai"}
    document["fx_rates"] = [version(base="CNY", quote="USD", rate=drawn(random, 0, 1, 6))]
    tariff = document["tariff_versions"][0]
    tariff["terms"] |= {
        "windows": windows("valley", "flat", list(SOLAR_HOURS)),
        "published": {"flat": drawn(random, 0, 1, 6), "valley": "-" + drawn(random, 0, 1, 6)},
        "demand_per_kw_month": drawn(random, 20, 60, 2),
        "load_factor": "0.85",
    }
    document["site_pue"][0]["pue"] = drawn(random, 1, 2, 3)
    document["green_supplies"][0] |= {"share": drawn(random, 0, 1, 4), "price_per_mwh": "4.14"}
    document["carbon_factors"][0]["grams_per_kwh"] = drawn(random, 100, 900, 3)
    document["carbon_factors"][1]["grams_per_kwh"] = drawn(random, 100, 900, 3)
    rented = document["gpu_hours"][0] | {
        "code": "rented",
        "includes_energy": True,
        "method": "rental",
    }
    document["gpu_hours"] = [document["gpu_hours"][0] | {"price": drawn(random, 1, 20, 4)}, rented]
    days = {HOLIDAY: "public_holiday"}
    document["holiday_calendars"] = [
        {"calendar": "CN", "year": 2026, "days": days, "provenance": "test"}
    ]
    document |= _deployments(document, random)
    busy: dict[str, Any] = {**zone, "windows": windows("busy", "quiet", PEAK_HOURS)}
    busy["periods"] = {name: {"load": load} for name, load in LOADS.items()}
    document["scarcity_policies"] = [
        version(code="clock", terms={"curve": CURVE, "calendar": busy}),
        version(code="all", terms={"curve": CURVE, "load": "0.8", "applies_to": "all"}),
    ]
    document["deployment_loads"] = [
        version(provider="westcloud", deployment="loaded", load="0.9")
        | {"valid_from": LOADED_FROM.isoformat()}
    ]
    return document | _commerce(document, random)


def _deployments(document: Mapping[str, Any], random: Random) -> dict[str, Any]:
    made: dict[str, list[Any]] = {
        "deployments": [],
        "serving_profiles": [],
        "deployment_terms": [],
    }
    scarcity = {
        "gpu": {"scarcity_factor": "1.37"},
        "server": {"scarcity_policy": "clock"},
        "facility": {"scarcity_policy": "all"},
        "loaded": {"scarcity_policy": "clock"},
    }
    for code in DEPLOYMENTS:
        named = {"provider": "westcloud", "deployment": code}
        made["deployments"].append(document["deployments"][0] | {"code": code})
        for bound in (0, BOUND_OF_PROFILE):
            figures = {
                phase: {
                    "joules": drawn(random, 0, 4, 9),
                    "gpu_seconds": "0.00" + drawn(random, 0, 9, 6).replace(".", ""),
                }
                for phase in ("prefill", "cached", "decode")
            }
            made["serving_profiles"].append(
                version(
                    **named,
                    context_from_tokens=bound,
                    figures=figures,
                    boundary={"loaded": "gpu"}.get(code, code),
                    host_watts_per_gpu=drawn(random, 50, 300, 1),
                    idle_watts_per_gpu=drawn(random, 50, 300, 1),
                )
            )
        made["deployment_terms"].append(
            version(
                **named,
                gpu_hour="rented" if code == "facility" else "h100-owned",
                utilisation=drawn(random, 0, 1, 3).replace("0.000", "0.500"),
                **scarcity[code],
            )
        )
    return made


def _cards(random: Random) -> dict[str, dict[str, Any]]:
    """Return a card for each consumer: cost plus, a list, and both charged either way."""

    def prices(low: int = 1, high: int = 40) -> dict[str, str]:
        return {name: drawn(random, low, high, 3) for name in CLASSES}

    def stepped(**own: Any) -> dict[str, Any]:
        step = {"from_tokens": BOUND_OF_PRICE, "per_million_tokens": prices()}
        return {"per_million_tokens": prices(), "context_tiers": [step], **own}

    hours = {"time_zone": "Asia/Shanghai"}
    peak = hours | {
        "windows": windows("peak", "usual", PEAK_HOURS),
        "periods": {"usual": {}, "peak": {"factor": "2"}},
    }
    workdays = peak | {
        "holiday_calendar": "CN",
        "windows": windows("peak", "usual", PEAK_HOURS, day_types=["workday"]),
    }
    factor = drawn(random, 0, 1, 3)
    margin = {"from_tokens": BOUND_OF_PRICE, "margin": drawn(random, 0, 1, 3)}
    return {
        "plus": {
            "kind": "cost_plus",
            "margin": drawn(random, 0, 1, 3),
            "context_tiers": [margin],
            "floor": {"input": "2.5", "output": "9"},
            "cap": {"output": "11", "cache_read": "3"},
            "service_tiers": {"batch": {"factor": factor}, "priority": {"factor": "1.75"}},
        },
        "lister": {
            "kind": "list",
            **stepped(),
            "service_tiers": {"batch": {"factor": "0.5"}, "priority": stepped()},
            "calendar": peak,
        },
        "higher": {
            "kind": "both",
            "charged": "higher",
            "cost_plus": {"margin": "0.25", "floor": {"input": "1"}},
            "list": stepped(),
            "service_tiers": {"batch": {"factor": factor}},
            "calendar": workdays,
        },
        "lower": {
            "kind": "both",
            "charged": "lower",
            "cost_plus": {"margin": "-0.1", "cap": {"output": "30"}},
            "list": {"per_million_tokens": prices()},
            "service_tiers": {"flex": {"factor": "0.6", "per_million_tokens": prices()}},
        },
    }


def _commerce(document: Mapping[str, Any], random: Random) -> dict[str, Any]:
    """Return four consumers with a card each, and an agreement each that names it."""
    cards = _cards(random)
    agreement = document["agreements"][0]
    return {
        "parties": [
            *document["parties"],
            *({"code": code, "name": code, "kind": "consumer"} for code in CONSUMERS),
        ],
        "rate_cards": [{"provider": "westcloud", "code": code} for code in CONSUMERS],
        "rate_card_versions": [
            version(provider="westcloud", rate_card=code, currency="CNY", terms=cards[code])
            for code in CONSUMERS
        ],
        "agreements": [
            agreement | {"code": f"with-{code}", "consumer": code} for code in CONSUMERS
        ],
        "agreement_versions": [
            version(
                agreement=f"with-{code}",
                currency="USD" if code == "lower" else "CNY",
                rate_card=code,
                fee_rate=drawn(random, 0, 1, 4),
                fee_consumer_share=drawn(random, 0, 1, 2),
                **({"overrides": {"cap": {"output": "25"}}} if code == "lower" else {}),
            )
            for code in CONSUMERS
        ],
    }


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


def use_of(*, deployment: str, consumer: str, tier: str, prompt_tokens: int, at: datetime) -> Use:
    """Return what an event is priced by."""
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

    def row(self, section: str, **named: Any) -> Mapping[str, Any]:
        """Return the row of a section with these values."""
        (found,) = (
            row
            for row in self.document[section]
            if all(row.get(name) == value for name, value in named.items())
        )
        return found  # type: ignore[no-any-return] # documents are plain data

    def _rates(self, use: Use) -> dict[str, dict[str, int]]:
        """Return class -> component -> whole sub-units per token."""
        return {name: self._rate(use, name) for name in CLASSES}

    def _rate(self, use: Use, name: str) -> dict[str, int]:
        taken = self._taken(use, PHASE[name])
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
        profile = self.row(
            "serving_profiles", deployment=use.deployment, context_from_tokens=use.profile_bound
        )
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
        if use.consumer == "lister":
            own = tier if "per_million_tokens" in tier else terms
            factor = Fraction(tier.get("factor", 1)) * (2 if use.peak else 1)
            return stated(own, name, use.price_bound) * factor
        side = terms["cost_plus"]
        if use.consumer == "higher":
            factor = Fraction(tier["factor"]) * (2 if use.peak and use.workday else 1)
            made = held(cost * (1 + Fraction(side["margin"])) * factor, name, side)
            return max(made, stated(terms["list"], name, use.price_bound) * factor)
        made = cost * (1 + Fraction(side["margin"])) * Fraction(tier["factor"])
        cap = {"cap": {"output": "25"}}  # agreed in place of the card's 30
        own = tier if "per_million_tokens" in tier else terms["list"]
        return min(held(made, name, cap, fx), stated(own, name, 0) * fx)


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
