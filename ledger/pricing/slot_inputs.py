"""Which catalogue versions say what a token costs on a deployment in a slot."""

from datetime import datetime
from typing import Any, Final

from ledger.parties.models import Deployment
from ledger.pricing import inputs, tariff
from ledger.pricing.inputs import Inputs
from ledger.pricing.models import (
    CarbonFactor,
    DeploymentTerms,
    GpuHourPrice,
    GreenSupply,
    ServingProfile,
    Site,
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


def of_slot(
    published: Published,
    *,
    deployment: Deployment,
    context_from_tokens: int,
    slot: int,
    site: Site | None = None,
) -> Inputs | Lack:
    """Return what a token costs from, as if served at `site` if it is given; or what lacks."""
    at = tariff.slot_starts_at(slot)
    name = f"{deployment.provider.code}/{deployment.code}"
    site = site or deployment.site
    terms = published.in_force(DeploymentTerms, (deployment.id,), at)
    gpu_hour: Any = published.in_force(GpuHourPrice, (terms.gpu_hour,), at) if terms else None
    pue = published.in_force(SitePue, (site.id,), at)
    green = published.in_force(GreenSupply, (site.id,), at)
    location = published.in_force(CarbonFactor, (site.grid_zone, "location"), at)
    residual = published.in_force(CarbonFactor, (site.grid_zone, "residual"), at)
    profile: Any = _profile(published, deployment, context_from_tokens, at)
    lack = _first_lack(
        (profile, "no_profile", f"profile:{name}"),
        (terms, "no_terms", f"terms:{name}"),
        (gpu_hour, "no_gpu_hour", f"gpu_hour:{terms.gpu_hour if terms else name}"),
        (pue, "no_pue", f"pue:{site.code}"),
        (green, "no_green_supply", f"green:{site.code}"),
        (location, "no_carbon_factor", f"carbon:{site.grid_zone}/location"),
        (residual, "no_carbon_factor", f"carbon:{site.grid_zone}/residual"),
    )
    if lack is not None:
        return lack
    electricity = _electricity(published, site_id=site.id, site_code=site.code, slot=slot)
    if isinstance(electricity, Lack):
        return electricity
    fx = inputs.fx(
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
            "terms": inputs.values_of(terms, "utilisation", "scarcity_factor"),
            "gpu_hour": inputs.values_of(gpu_hour, "code", "currency", "price", "includes_energy"),
            "pue": inputs.values_of(pue, "pue"),
            "electricity": electricity,
            "green": inputs.values_of(green, "share", "price_per_mwh", "currency"),
            "carbon_location": inputs.values_of(location, "zone", "basis", "grams_per_kwh"),
            "carbon_residual": inputs.values_of(residual, "zone", "basis", "grams_per_kwh"),
            "fx": fx,
        }
    )


def _first_lack(*needed: tuple[Any, str, str]) -> Lack | None:
    """Return the lack of the first version that is None, from (version, reason, missing)."""
    lacks = (Lack(reason, missing) for version, reason, missing in needed if version is None)
    return next(lacks, None)


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
    values = inputs.values_of(
        profile, "context_from_tokens", "boundary", "host_watts_per_gpu", "idle_watts_per_gpu"
    )
    if profile.benchmark is not None:
        values["benchmark"] = inputs.values_of(profile.benchmark, "code", *BENCHMARK_FIGURES)
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
        **inputs.values_of(version),
        "tariff": supply.tariff.code,
        "currency": terms.currency,
        "period": period,
        "price_per_kwh": inputs.text(tariff.price_per_kwh(terms, period=period, month=month)),
        "demand_price_per_kwh": inputs.text(tariff.demand_price_per_kwh(terms)),
    }
