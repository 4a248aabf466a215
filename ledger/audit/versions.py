"""The catalogue's versions as the audits of rates need them: what a rate names, what held when."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Model

from ledger.pricing.models import (
    AgreementVersion,
    CarbonFactor,
    DeploymentLoad,
    DeploymentTerms,
    FxRate,
    GpuHourPrice,
    GreenSupply,
    HardwareVersion,
    PriceDay,
    RateCardVersion,
    ScarcityPolicy,
    ServingProfile,
    SitePue,
    SiteTariff,
    SiteWue,
    TariffVersion,
    WaterFactor,
)

Key = tuple[Any, ...]

KEYS: Final[Mapping[type[Model], tuple[str, ...]]] = {
    ServingProfile: ("deployment_id", "context_from_tokens"),
    DeploymentTerms: ("deployment_id",),
    GpuHourPrice: ("code",),
    SitePue: ("site_id",),
    SiteTariff: ("site_id",),
    TariffVersion: ("tariff_id",),
    GreenSupply: ("site_id",),
    CarbonFactor: ("zone", "method"),
    SiteWue: ("site_id",),
    WaterFactor: ("zone",),
    HardwareVersion: ("hardware_id",),
    FxRate: ("base", "quote"),
    ScarcityPolicy: ("code",),
    DeploymentLoad: ("deployment_id",),
    RateCardVersion: ("rate_card_id",),
    AgreementVersion: ("agreement_id",),
}
"""What makes versions versions of one thing."""

RELATED: Final[Mapping[type[Model], tuple[str, ...]]] = {
    ServingProfile: ("benchmark__provenance", "benchmark__split_provenance"),
    SiteTariff: ("tariff",),
    TariffVersion: ("tariff",),
    AgreementVersion: ("agreement",),
}
SLOT_SECTIONS: Final[Mapping[str, type[Model]]] = {
    "profile": ServingProfile,
    "terms": DeploymentTerms,
    "gpu_hour": GpuHourPrice,
    "pue": SitePue,
    "electricity": TariffVersion,
    "green": GreenSupply,
    "carbon_location": CarbonFactor,
    "carbon_residual": CarbonFactor,
    "scarcity": ScarcityPolicy,
}
REPORTED_SECTIONS: Final[Mapping[str, type[Model]]] = {
    "hardware": HardwareVersion,
    "wue": SiteWue,
    "water": WaterFactor,
}
"""What only a rate states for which it was published."""

PRICE_SECTIONS: Final[Mapping[str, type[Model]]] = {
    "terms": AgreementVersion,
    "rate_card": RateCardVersion,
}
OPTIONAL: Final = frozenset({"scarcity"})
"""Sections of which not every rate is made."""

SEEN_WITHIN: Final = timedelta(hours=1)
"""A claim that began before a publication may commit after it, but not this long after."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A section of a rate's inputs: the version that it names and the values it took from it."""

    section: str
    model: type[Model]
    id: int
    values: Mapping[str, Any]


def slot_sections(inputs: Mapping[str, Any]) -> Iterator[Stated]:
    """Return what a slot rate says that it was made from."""
    reported = {name: model for name, model in REPORTED_SECTIONS.items() if name in inputs}
    yield from _sections(inputs, {**SLOT_SECTIONS, **reported})


def price_sections(inputs: Mapping[str, Any]) -> Iterator[Stated]:
    """Return what a price rate says that it was made from, beside its slot rate."""
    yield from _sections(inputs, PRICE_SECTIONS)


class Versions:
    """Every version of the catalogue, by id and by what it is a version of."""

    def __init__(self) -> None:
        self.by_id: dict[type[Model], dict[int, Any]] = {}
        self.series: dict[type[Model], dict[Key, list[Any]]] = {}
        days = PriceDay.objects.select_related("provenance", "publication").order_by("revision")
        self.price_days: dict[int, PriceDay] = {row.pk: row for row in days}
        for model in KEYS:
            self.series[model] = defaultdict(list)
            rows = model._default_manager.select_related(
                "provenance", "publication", *RELATED.get(model, ())
            ).order_by("valid_from", "revision")
            self.by_id[model] = {row.pk: row for row in rows}
            for row in self.by_id[model].values():
                self.series[model][key(row)].append(row)

    def might_hold(self, version: Any, *, at: datetime, recorded_at: datetime) -> bool:
        """Return whether a claim recorded then could take this version for that instant.

        It must have begun, must not end its series, and no later one of the same thing may have
        begun that was published well before.
        """
        return (
            not version.withdrawn
            and version.valid_from <= at
            and not any(
                published_before(other, recorded_at)
                for other in self.series[type(version)][key(version)]
                if _rank(other) > _rank(version) and other.valid_from <= at
            )
        )

    def surely_holds(self, series: Sequence[Any], *, at: datetime, recorded_at: datetime) -> bool:
        """Return whether a claim recorded then must have found one of these in force."""
        begun = [version for version in series if version.valid_from <= at]
        seen = [version for version in begun if published_before(version, recorded_at)]
        return bool(seen) and not seen[-1].withdrawn and not begun[-1].withdrawn


def key(version: Any) -> Key:
    """Return what this is a version of."""
    return tuple(getattr(version, name) for name in KEYS[type(version)])


def published_before(version: Any, recorded_at: datetime) -> bool:
    """Return whether a claim recorded then must have seen the version."""
    return bool(version.publication.published_at + SEEN_WITHIN < recorded_at)


def _sections(inputs: Mapping[str, Any], sections: Mapping[str, type[Model]]) -> Iterator[Stated]:
    for section, model in sections.items():
        if section in OPTIONAL and section not in inputs:
            continue
        if "measured" in inputs[section]:
            measured = inputs[section]["measured"]
            yield Stated(f"{section}/measured", DeploymentLoad, measured["id"], measured)
        yield Stated(section, model, inputs[section]["id"], inputs[section])
    for currency, values in inputs["fx"].items():
        yield Stated(f"fx/{currency}", FxRate, values["id"], values)


def _rank(version: Any) -> tuple[datetime, int]:
    return version.valid_from, version.revision
