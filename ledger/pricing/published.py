"""The catalogue as published, in memory: what holds for a deployment and an agreement at a time.

Loaded once per publication and shared by every claim of a process; nothing in it changes.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from django.db.models import Max, Model

from ledger.parties.models import Deployment, Party
from ledger.pricing import market, rate_cards, scarcity
from ledger.pricing.agreed import agreed_document
from ledger.pricing.day_periods import DayPeriods
from ledger.pricing.market import AnyTerms
from ledger.pricing.models import (
    Agreement,
    AgreementVersion,
    CarbonFactor,
    DeploymentLoad,
    DeploymentTerms,
    FxRate,
    GpuHourPrice,
    GreenSupply,
    HardwareVersion,
    HolidayYear,
    PriceDay,
    Provenance,
    Publication,
    RateCardVersion,
    ScarcityPolicy,
    ServingProfile,
    SitePue,
    SiteTariff,
    SiteWue,
    TariffVersion,
    WaterFactor,
)
from ledger.pricing.rate_cards import RateCardTerms
from ledger.pricing.scarcity import ScarcityTerms
from ledger.pricing.tariff import HolidayCalendar
from ledger.pricing.terms import InvalidTerms

Key = tuple[Any, ...]
VersionT = TypeVar("VersionT")


@dataclass(frozen=True, slots=True)
class Lack:
    """Why something has no price: the reason, and what publication would mend it."""

    reason: str
    missing: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Series(Generic[VersionT]):
    """Versions of one thing in order; each holds until the next begins."""

    starts: tuple[datetime, ...]
    versions: tuple[VersionT | None, ...]

    def at(self, moment: datetime) -> VersionT | None:
        """Return the version in force, or None before the first and after a withdrawal."""
        index = bisect_right(self.starts, moment) - 1
        return self.versions[index] if index >= 0 else None


@dataclass(frozen=True, slots=True)
class ReadCard:
    """A rate card version as an agreement has it, with its calendar."""

    terms: RateCardTerms
    calendar: DayPeriods | None

    @classmethod
    def of(cls, version: RateCardVersion, agreement: AgreementVersion) -> "ReadCard":
        """Read a card.

        :raises InvalidTerms: if what the agreement changes does not fit it.
        """
        document = agreed_document(version.terms, agreement.overrides)
        calendar = rate_cards.calendar_from_document(document)
        return cls(rate_cards.card_from_document(document), calendar)


@dataclass(frozen=True, slots=True)
class Published:
    """Everything published up to `revision`, keyed as rating asks for it."""

    revision: int
    parties: Mapping[str, Party]
    party_codes: Mapping[int, str]
    deployments: Mapping[tuple[int, str], Deployment]
    agreements: Mapping[tuple[int, int], Agreement]
    versions: Mapping[type[Model], Mapping[Key, Series[Any]]]
    profiles: Mapping[int, tuple[int, ...]]
    tariff_terms: Mapping[int, AnyTerms]
    calendars: Mapping[str, HolidayCalendar]
    price_days: Mapping[tuple[str, date], PriceDay]
    scarcity_terms: Mapping[int, tuple[ScarcityTerms, DayPeriods | None]]
    grade_of: Mapping[str, str]
    price_bounds: Mapping[int, frozenset[int]]
    cards: dict[tuple[int, int], ReadCard] = field(default_factory=dict)

    @property
    def has_bands(self) -> bool:
        """Say whether the length of a prompt decides anything at all."""
        return bool(self.price_bounds) or any(bounds != (0,) for bounds in self.profiles.values())

    def card(self, version: RateCardVersion, agreement: AgreementVersion) -> ReadCard:
        """Return a card as an agreement has it, read once.

        :raises InvalidTerms: if what the agreement changes does not fit the card.
        """
        key = (version.id, agreement.id if agreement.overrides else 0)
        if key not in self.cards:
            self.cards[key] = ReadCard.of(version, agreement)
        return self.cards[key]

    def in_force(self, model: type[Model], key: Key, moment: datetime) -> Any:
        """Return the version of `model` with this key that holds at `moment`, or None."""
        series = self.versions[model].get(key)
        return series.at(moment) if series else None


def latest_revision() -> int:
    """Return the newest publication's id; 0 if nothing is published."""
    return Publication.objects.aggregate(newest=Max("id"))["newest"] or 0


def load() -> Published:
    """Read the whole catalogue: one query a table."""
    revision = latest_revision()
    versions: dict[type[Model], Mapping[Key, Series[Any]]] = {
        model: _series(model, key, revision)
        for model, key in (
            (SitePue, ("site_id",)),
            (SiteTariff, ("site_id",)),
            (TariffVersion, ("tariff_id",)),
            (GreenSupply, ("site_id",)),
            (CarbonFactor, ("zone", "method")),
            (SiteWue, ("site_id",)),
            (WaterFactor, ("zone",)),
            (HardwareVersion, ("hardware_id",)),
            (GpuHourPrice, ("code",)),
            (FxRate, ("base", "quote")),
            (ServingProfile, ("deployment_id", "context_from_tokens")),
            (DeploymentTerms, ("deployment_id",)),
            (ScarcityPolicy, ("code",)),
            (DeploymentLoad, ("deployment_id",)),
            (RateCardVersion, ("rate_card_id",)),
            (AgreementVersion, ("agreement_id",)),
        )
    }
    parties = {party.code: party for party in Party.objects.all()}
    return Published(
        revision=revision,
        parties=parties,
        party_codes={party.id: party.code for party in parties.values()},
        deployments={
            (deployment.provider_id, deployment.code): deployment
            for deployment in Deployment.objects.select_related("site", "provider")
        },
        agreements={
            (agreement.provider_id, agreement.consumer_id): agreement
            for agreement in Agreement.objects.select_related("provider", "consumer")
        },
        versions=versions,
        profiles=_context_bands(versions[ServingProfile]),
        tariff_terms=_tariff_terms(versions[TariffVersion]),
        calendars=_calendars(revision),
        price_days=_price_days(revision),
        scarcity_terms=_scarcity_terms(versions[ScarcityPolicy]),
        grade_of=dict(Provenance.objects.values_list("code", "grade")),
        price_bounds=_price_bounds(versions[AgreementVersion], versions[RateCardVersion]),
    )


RELATED: Mapping[type[Model], tuple[str, ...]] = {
    SiteTariff: ("tariff",),
    TariffVersion: ("tariff",),
    ServingProfile: ("benchmark__provenance", "benchmark__split_provenance"),
    RateCardVersion: ("rate_card__provider",),
    AgreementVersion: ("agreement", "rate_card__provider"),
}


def _series(model: type[Model], key: tuple[str, ...], revision: int) -> dict[Key, Series[Any]]:
    """Return each key's versions; of equal `valid_from` the highest revision stands."""
    standing: dict[Key, dict[datetime, Any]] = defaultdict(dict)
    rows = model._default_manager.filter(publication_id__lte=revision)
    related = RELATED.get(model, ())
    for row in rows.select_related("provenance", *related).order_by("valid_from", "revision"):
        version: Any = row
        standing[tuple(getattr(row, name) for name in key)][version.valid_from] = version
    return {
        name: Series(
            starts=tuple(by_start),
            versions=tuple(None if row.withdrawn else row for row in by_start.values()),
        )
        for name, by_start in standing.items()
    }


def _context_bands(profiles: Iterable[Key]) -> dict[int, tuple[int, ...]]:
    """Return, per deployment, the ascending lower bounds of its context bands."""
    bands: dict[int, list[int]] = defaultdict(list)
    for deployment_id, context_from_tokens in profiles:
        bands[deployment_id].append(context_from_tokens)
    return {deployment_id: tuple(sorted(lower)) for deployment_id, lower in bands.items()}


def _tariff_terms(series: Mapping[Key, Series[Any]]) -> dict[int, AnyTerms]:
    return {
        version.id: market.terms_from_document(version.terms)
        for one in series.values()
        for version in one.versions
        if version is not None
    }


def _scarcity_terms(
    series: Mapping[Key, Series[Any]],
) -> dict[int, tuple[ScarcityTerms, DayPeriods | None]]:
    return {
        version.id: (
            scarcity.scarcity_from_document(version.terms),
            scarcity.calendar_from_document(version.terms),
        )
        for one in series.values()
        for version in one.versions
        if version is not None
    }


def _price_bounds(
    agreements: Mapping[Key, Series[Any]], cards: Mapping[Key, Series[Any]]
) -> dict[int, frozenset[int]]:
    """Return, per agreement that has any, where prices by context begin; at whatever time."""
    bounds: dict[int, frozenset[int]] = {}
    for (agreement_id,), series in agreements.items():
        found: set[int] = set()
        for version in series.versions:
            card = cards.get((version.rate_card_id,)) if version else None
            for one in card.versions if card else ():
                found |= _bounds_of(one, version) if one and version else set()
        if found:
            bounds[agreement_id] = frozenset(found)
    return bounds


def _bounds_of(card: RateCardVersion, agreement: AgreementVersion) -> frozenset[int]:
    """Return the bounds of a card as an agreement has it; of one without a price there are none."""
    try:
        document = agreed_document(card.terms, agreement.overrides)
        return rate_cards.card_from_document(document).bounds
    except InvalidTerms:
        return frozenset()


def _calendars(revision: int) -> dict[str, HolidayCalendar]:
    days: dict[str, dict[date, str]] = defaultdict(dict)
    years: dict[str, set[int]] = defaultdict(set)
    latest: dict[tuple[str, int], dict[str, str]] = {}
    for row in HolidayYear.objects.filter(publication_id__lte=revision).order_by("revision"):
        latest[row.calendar, row.year] = row.days
    for (calendar, year), exceptions in latest.items():
        days[calendar].update((date.fromisoformat(day), kind) for day, kind in exceptions.items())
        years[calendar].add(year)
    return {
        calendar: HolidayCalendar(days=days[calendar], years=frozenset(years[calendar]))
        for calendar in years
    }


def _price_days(revision: int) -> dict[tuple[str, date], PriceDay]:
    """Return each day of each price series, as it was published last."""
    rows = PriceDay.objects.filter(publication_id__lte=revision).select_related("provenance")
    return {(row.series, row.day): row for row in rows.order_by("revision")}
