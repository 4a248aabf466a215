"""A catalogue drawn at random, with every feature on that decides what a token is charged.

Nothing here is the ledger's own: what the document means is worked out in `plain_prices`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from random import Random
from typing import Any

from tests import factories
from tests.factories import version

TEXT = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning")
MEDIA = ("audio_input", "audio_output", "image_input")
CLASSES = TEXT + MEDIA
HOLIDAY = "2026-10-07"
CURVE = {"rho0": "0.6", "kappa": "0.7", "gamma": "2.5", "cap": "1.4"}
LOADS = {"busy": "0.97", "quiet": "0.3"}
PEAK_HOURS = (9, 10, 11, 14, 15, 16, 17)
SOLAR_HOURS = range(9, 17)
BOUND_OF_PROFILE = 3_000
BOUND_OF_PRICE = 5_001
LOADED_FROM = datetime.fromisoformat("2026-10-06T00:00:00+00:00")
DEPLOYMENTS = ("gpu", "server", "facility", "loaded")
MEASURED = {
    ("gpu", 0): MEDIA,
    ("gpu", BOUND_OF_PROFILE): MEDIA,
    ("server", 0): MEDIA,
    ("server", BOUND_OF_PROFILE): MEDIA,
    ("facility", 0): ("audio_input", "image_input"),
    ("facility", BOUND_OF_PROFILE): ("audio_input", "audio_output"),
}
"""The media whose figures a profile states; `loaded` states none."""
CONSUMERS = ("plus", "lister", "higher", "lower")
TIERS = {
    "plus": ("standard", "batch", "priority"),
    "lister": ("standard", "batch", "priority"),
    "higher": ("standard", "batch"),
    "lower": ("standard", "flex"),
}
UNLISTED = {"lister": "image_input", "lower": "audio_output"}
"""The media that the own prices of a consumer's tier leave out."""


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
                for phase in ("prefill", "cached", "decode", *MEASURED.get((code, bound), ()))
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

    def prices(unlisted: str = "") -> dict[str, str]:
        return {name: drawn(random, 1, 40, 3) for name in CLASSES if name != unlisted}

    def stepped(unlisted: str = "") -> dict[str, Any]:
        step = {"from_tokens": BOUND_OF_PRICE, "per_million_tokens": prices(unlisted)}
        return {"per_million_tokens": prices(unlisted), "context_tiers": [step]}

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
            "floor": {"input": "2.5", "output": "9", "image_input": "20"},
            "cap": {"output": "11", "cache_read": "3", "audio_output": "8"},
            "service_tiers": {"batch": {"factor": factor}, "priority": {"factor": "1.75"}},
        },
        "lister": {
            "kind": "list",
            **stepped(),
            "service_tiers": {"batch": {"factor": "0.5"}, "priority": stepped(UNLISTED["lister"])},
            "calendar": peak,
        },
        "higher": {
            "kind": "both",
            "charged": "higher",
            "cost_plus": {"margin": "0.25", "floor": {"input": "1", "audio_input": "15"}},
            "list": stepped(),
            "service_tiers": {"batch": {"factor": factor}},
            "calendar": workdays,
        },
        "lower": {
            "kind": "both",
            "charged": "lower",
            "cost_plus": {"margin": "-0.1", "cap": {"output": "30"}},
            "list": {"per_million_tokens": prices()},
            "service_tiers": {
                "flex": {"factor": "0.6", "per_million_tokens": prices(UNLISTED["lower"])}
            },
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
