"""Which catalogue versions price a slot under an agreement, written out in full.

What is returned is all that a rate is made from, as plain text values: its digest names the
rate, and anyone can recompute the rate from it by hand.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from ledger.parties.models import Deployment
from ledger.pricing import tariff
from ledger.pricing.models import (
    AgreementVersion,
    CarbonFactor,
    DeploymentTerms,
    FxRate,
    GpuHourPrice,
    GreenSupply,
    RateCardVersion,
    ServingProfile,
    SitePue,
    SiteTariff,
    TariffVersion,
)
from ledger.pricing.published import Lack, Published

BENCHMARK_FIGURES: Final = (
    "gpu_count",
    "joules_per_output_token",
    "output_tokens_per_second",
    "mean_output_tokens",
    "mean_input_tokens",
    "decode_to_prefill",
    "cached_to_prefill",
)


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything a rate is made from, and its digest (SHA-256 of the canonical JSON)."""

    values: Mapping[str, Any]
    digest: bytes

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Inputs":
        """Digest the values."""
        return cls(values=values, digest=digest(values))


def digest(values: Mapping[str, Any]) -> bytes:
    """Return the SHA-256 of the inputs as JSON with sorted keys and no white space."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).digest()


def slot_inputs(
    published: Published, *, deployment: Deployment, context_from_tokens: int, slot: int
) -> Inputs | Lack:
    """Return what a token costs from in this slot, or what is not published for it."""
    at = tariff.slot_starts_at(slot)
    name = f"{deployment.provider.code}/{deployment.code}"
    site = deployment.site
    terms = published.in_force(DeploymentTerms, (deployment.id,), at)
    gpu_hour: Any = published.in_force(GpuHourPrice, (terms.gpu_hour,), at) if terms else None
    pue = published.in_force(SitePue, (site.id,), at)
    green = published.in_force(GreenSupply, (site.id,), at)
    location = published.in_force(CarbonFactor, (site.grid_zone, "location"), at)
    residual = published.in_force(CarbonFactor, (site.grid_zone, "residual"), at)
    profile: Any = _profile(published, deployment, context_from_tokens, at)
    needed = (
        (profile, "no_profile", f"profile:{name}"),
        (terms, "no_terms", f"terms:{name}"),
        (gpu_hour, "no_gpu_hour", f"gpu_hour:{terms.gpu_hour if terms else name}"),
        (pue, "no_pue", f"pue:{site.code}"),
        (green, "no_green_supply", f"green:{site.code}"),
        (location, "no_carbon_factor", f"carbon:{site.grid_zone}/location"),
        (residual, "no_carbon_factor", f"carbon:{site.grid_zone}/residual"),
    )
    for version, reason, missing in needed:
        if version is None:
            return Lack(reason, missing)
    electricity = _electricity(published, site_id=site.id, site_code=site.code, slot=slot)
    if isinstance(electricity, Lack):
        return electricity
    fx = _fx(
        published,
        {gpu_hour.currency, electricity["currency"], green.currency},
        into=deployment.currency,
        at=at,
    )
    if isinstance(fx, Lack):
        return fx
    return Inputs.of(
        {
            "deployment": name,
            "site": site.code,
            "currency": deployment.currency,
            "profile": _profile_values(profile),
            "terms": _values(terms, "utilisation", "scarcity_factor"),
            "gpu_hour": _values(gpu_hour, "code", "currency", "price", "includes_energy"),
            "pue": _values(pue, "pue"),
            "electricity": electricity,
            "green": _values(green, "share", "price_per_mwh", "currency"),
            "carbon_location": _values(location, "zone", "basis", "grams_per_kwh"),
            "carbon_residual": _values(residual, "zone", "basis", "grams_per_kwh"),
            "fx": fx,
        }
    )


def price_inputs(
    published: Published, *, slot_rate: Inputs, agreement: AgreementVersion, slot: int
) -> Inputs | Lack:
    """Return what a price is made from: a slot rate and the terms of an agreement version."""
    at = tariff.slot_starts_at(slot)
    card = published.in_force(RateCardVersion, (agreement.rate_card_id,), at)
    if card is None:
        provider = agreement.rate_card.provider.code
        return Lack("no_rate_card", f"rate_card:{provider}/{agreement.rate_card.code}")
    cost_currency = slot_rate.values["currency"]
    fx = _fx(published, {cost_currency, card.currency}, into=agreement.currency, at=at)
    if isinstance(fx, Lack):
        return fx
    return Inputs.of(
        {
            "slot_rate": slot_rate.digest.hex(),
            "agreement": agreement.agreement.code,
            "currency": agreement.currency,
            "terms": _values(agreement, "currency", "fee_rate", "fee_consumer_share"),
            "rate_card": _values(card, "currency") | {"terms": card.terms},
            "fx": fx,
        }
    )


def context_bounds(published: Published, deployment_id: int) -> tuple[int, ...]:
    """Return the ascending lower bounds, in prompt tokens, of a deployment's context bands."""
    return published.profiles.get(deployment_id, (0,))


def _profile(
    published: Published, deployment: Deployment, context_from_tokens: int, at: datetime
) -> ServingProfile | None:
    """Return the profile of the band, or of the nearest lower band that has one in force."""
    for bound in reversed(published.profiles.get(deployment.id, ())):
        if bound <= context_from_tokens:
            profile = published.in_force(ServingProfile, (deployment.id, bound), at)
            if profile is not None:
                return profile  # type: ignore[no-any-return] # versions are keyed by their model
    return None


def _profile_values(profile: ServingProfile) -> dict[str, Any]:
    values = _values(
        profile, "context_from_tokens", "boundary", "host_watts_per_gpu", "idle_watts_per_gpu"
    )
    if profile.benchmark is not None:
        values["benchmark"] = _values(profile.benchmark, "code", *BENCHMARK_FIGURES)
    else:
        values["figures"] = profile.figures
    return values


def _electricity(
    published: Published, *, site_id: int, site_code: str, slot: int
) -> dict[str, Any] | Lack:
    at = tariff.slot_starts_at(slot)
    supply = published.in_force(SiteTariff, (site_id,), at)
    if supply is None:
        return Lack("no_tariff", f"tariff:{site_code}")
    version = published.in_force(TariffVersion, (supply.tariff_id,), at)
    if version is None:
        return Lack("no_tariff", f"tariff_version:{supply.tariff.code}")
    terms = published.tariff_terms[version.id]
    calendar = published.calendars.get(terms.holiday_calendar) if terms.holiday_calendar else None
    try:
        period = tariff.period_at(terms, slot=slot, calendar=calendar)
    except tariff.NoCalendarYear as error:
        return Lack("no_calendar", f"calendar:{terms.holiday_calendar}/{error.year}")
    month = tariff.local_month(terms, slot=slot)
    return {
        **_values(version),
        "tariff": supply.tariff.code,
        "currency": terms.currency,
        "period": period,
        "price_per_kwh": _text(tariff.price_per_kwh(terms, period=period, month=month)),
        "demand_price_per_kwh": _text(tariff.demand_price_per_kwh(terms)),
    }


def _fx(
    published: Published, currencies: set[str], *, into: str, at: datetime
) -> dict[str, Any] | Lack:
    """Return a rate into one currency for each of the others."""
    rates: dict[str, Any] = {}
    for currency in sorted(currencies - {into}):
        version = published.in_force(FxRate, (currency, into), at)
        if version is None:
            return Lack("no_fx_rate", f"fx:{currency}/{into}")
        rates[currency] = _values(version, "base", "quote", "rate")
    return rates


def _values(version: Any, *names: str) -> dict[str, Any]:
    """Return the row's id, its provenance if it has one, and the named values.

    Decimals are plain text without padding.
    """
    values: dict[str, Any] = {"id": version.id}
    if version.provenance is not None:
        values["provenance"] = version.provenance.code
    for name in names:
        value = getattr(version, name)
        values[name] = _text(value) if isinstance(value, Decimal) else value
    return values


def _text(number: Decimal) -> str:
    """Return a decimal without exponent and trailing zeros: one number, one spelling.

    >>> _text(Decimal("0.2000")), _text(Decimal("150"))
    ('0.2', '150')
    """
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
