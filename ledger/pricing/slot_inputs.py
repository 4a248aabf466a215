"""Which catalogue versions say what a token costs on a deployment in a slot."""

from datetime import datetime
from typing import Any, Final

from ledger.parties.models import Deployment
from ledger.pricing import electricity, inputs, ownership, scarcity_inputs, tariff
from ledger.pricing.inputs import Inputs
from ledger.pricing.models import (
    CarbonFactor,
    DeploymentTerms,
    GpuHourPrice,
    GreenSupply,
    HardwareVersion,
    ServingProfile,
    Site,
    SitePue,
    SiteWue,
    WaterFactor,
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
    terms: Any = published.in_force(DeploymentTerms, (deployment.id,), at)
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
    if (differing := _differing_bases(location, residual)) is not None:
        return differing
    power = electricity.of_slot(published, site=site, slot=slot)
    scarcity = scarcity_inputs.of_slot(published, deployment=deployment, terms=terms, slot=slot)
    if isinstance(power, Lack):
        return power
    if isinstance(scarcity, Lack):
        return scarcity
    currencies = {gpu_hour.currency, power["currency"], green.currency}
    fx = inputs.fx(published, currencies, into=deployment.currency, at=at)
    if isinstance(fx, Lack):
        return fx
    return Inputs.of(
        {
            "deployment": name,
            "site": site.code,
            "currency": deployment.currency,
            "profile": _profile_values(profile),
            "terms": _terms_values(terms),
            "gpu_hour": _gpu_hour_values(gpu_hour),
            "pue": inputs.values_of(pue, "pue"),
            "electricity": power,
            "green": inputs.values_of(green, "share", "price_per_mwh", "currency"),
            "carbon_location": inputs.values_of(location, "zone", "basis", "grams_per_kwh"),
            "carbon_residual": inputs.values_of(residual, "zone", "basis", "grams_per_kwh"),
            "fx": fx,
            **_footprint(published, site=site, hardware_id=gpu_hour.hardware_id, at=at),
            **scarcity,
        }
    )


def _first_lack(*needed: tuple[Any, str, str]) -> Lack | None:
    """Return the lack of the first version that is None, from (version, reason, missing)."""
    lacks = (Lack(reason, missing) for version, reason, missing in needed if version is None)
    return next(lacks, None)


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


def _terms_values(terms: DeploymentTerms) -> dict[str, Any]:
    named = "scarcity_factor" if terms.scarcity_policy is None else "scarcity_policy"
    return inputs.values_of(terms, "utilisation", named)


def _profile_values(profile: ServingProfile) -> dict[str, Any]:
    watts = ("host_watts_per_gpu", "idle_watts_per_gpu")
    stated = [name for name in watts if getattr(profile, name) is not None]
    values = inputs.values_of(profile, "context_from_tokens", "boundary", *stated)
    benchmark = profile.benchmark
    if benchmark is not None:
        values["benchmark"] = inputs.values_of(benchmark, "code", *BENCHMARK_FIGURES)
        if benchmark.split_provenance is not None:
            values["benchmark"]["split"] = {"provenance": benchmark.split_provenance.code}
    else:
        values["figures"] = profile.figures
    return values


def _gpu_hour_values(gpu_hour: GpuHourPrice) -> dict[str, Any]:
    """Return a GPU-hour with its price; an owned one's price is made, and its parts stand beside.

    A price that is stated is written out as it always was, so that its rates keep their digests.
    """
    if gpu_hour.price is not None:
        return inputs.values_of(gpu_hour, "code", "currency", "price", "includes_energy")
    values = inputs.values_of(gpu_hour, "code", "currency", "includes_energy", *ownership.PARTS)
    owned = ownership.of_row(values)
    assert owned is not None, "the database holds a price or all of its parts"
    return values | {"price": inputs.text(ownership.price_per_hour(owned))}


def _differing_bases(location: CarbonFactor, residual: CarbonFactor) -> Lack | None:
    """Refuse to book CO2 beside CO2e, or direct beside lifecycle emissions, as if they were one."""
    if location.basis == residual.basis:
        return None
    return Lack(
        "carbon_bases_differ",
        f"carbon:{residual.zone}/residual",
        f"the location factor counts {location.basis}, the residual one {residual.basis}",
    )


def _footprint(
    published: Published, *, site: Site, hardware_id: int, at: datetime
) -> dict[str, Any]:
    """Return what embodied emissions and water are reported from; only what is published."""
    values: dict[str, Any] = {}
    hardware: Any = published.in_force(HardwareVersion, (hardware_id,), at)
    if hardware is not None and hardware.embodied_kg_co2e is not None:
        figures = ("embodied_kg_co2e", "embodied_life_years")
        values["hardware"] = inputs.values_of(hardware, *figures)
    wue: Any = published.in_force(SiteWue, (site.id,), at)
    water: Any = published.in_force(WaterFactor, (site.grid_zone,), at)
    if wue is not None and water is not None:
        values["wue"] = inputs.values_of(wue, "litres_per_kwh")
        values["water"] = inputs.values_of(water, "zone", "litres_per_kwh")
    return values
