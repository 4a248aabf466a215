"""Audit of the choice of rates: what a usage entry names was in force when it occurred.

A figure in a rate may be right and the rate still be another hour's, band's or agreement's.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Model

from ledger.audit import bands, versions
from ledger.audit.findings import Audit
from ledger.audit.versions import Stated, Versions, published_before
from ledger.errors import LedgerError
from ledger.pricing import day_periods, market, rate_cards, tariff
from ledger.pricing import scarcity as scarcity_terms
from ledger.pricing.day_periods import DayPeriods
from ledger.pricing.market import AnyTerms, SeriesTerms
from ledger.pricing.models import (
    DeploymentLoad,
    HolidayYear,
    PriceDay,
    RateCardVersion,
    ScarcityPolicy,
    ServingProfile,
    SiteTariff,
    TariffVersion,
)
from ledger.pricing.rates import PriceRate
from ledger.pricing.scarcity import ALWAYS
from ledger.pricing.tariff import HolidayCalendar, TariffTerms
from ledger.tokens import PROMPT_CLASSES

PROMPT_TOKENS: Final = " + ".join(f"entry.{name}::numeric" for name in PROMPT_CLASSES)
USES: Final = f"""
    SELECT entry.price_rate_id, date_bin('15 minutes', entry.occurred_at, 'epoch') AS starts_at,
           entry.context_from_tokens, entry.service_tier, max(journal_entry.recorded_at),
           min({PROMPT_TOKENS}), max({PROMPT_TOKENS}), min(entry.id)
    FROM ledger_usage_entry entry
    JOIN ledger_journal_entry journal_entry ON journal_entry.id = entry.journal_entry_id
    WHERE entry.kind <> 'reversal'
    GROUP BY 1, 2, 3, 4
    ORDER BY 1, 2, 3, 4
"""
"""Reversals keep the rate of what they reverse, and are recorded later."""


@dataclass(frozen=True, slots=True)
class Use:
    """One rate in one slot, context band and tier, and the usage entries that name it there."""

    price_rate_id: int
    starts_at: datetime
    context_from_tokens: int
    service_tier: str
    recorded_at: datetime
    fewest_prompt_tokens: int
    most_prompt_tokens: int
    first_entry_id: int

    @property
    def name(self) -> str:
        """Return how a finding names it."""
        return (
            f"price rate {self.price_rate_id} in the quarter hour from "
            f"{self.starts_at:%Y-%m-%d %H:%M} UTC (usage entry {self.first_entry_id} and others)"
        )


@dataclass(slots=True)
class Catalogue:
    """What the uses of rates are held against; remembers what it worked out."""

    versions: Versions = field(default_factory=Versions)
    rates: dict[int, PriceRate] = field(default_factory=dict)
    years: dict[tuple[str, int], list[HolidayYear]] = field(
        default_factory=lambda: defaultdict(list)
    )
    bounds: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    days: dict[tuple[str, date], list[PriceDay]] = field(default_factory=lambda: defaultdict(list))
    price_bounds: dict[int, dict[int, list[Any]]] = field(default_factory=dict)
    day_periods: dict[tuple[type[Model], int], DayPeriods | None] = field(default_factory=dict)
    terms: dict[int, AnyTerms] = field(default_factory=dict)
    prices: dict[tuple[int, datetime, int], tuple[str, Decimal]] = field(default_factory=dict)

    @classmethod
    def load(cls) -> "Catalogue":
        """Read the catalogue and the rates that were compiled from it."""
        catalogue = cls()
        rates = PriceRate.objects.select_related("slot_rate__deployment", "agreement_version")
        catalogue.rates = {rate.id: rate for rate in rates}
        for year in HolidayYear.objects.select_related("publication").order_by("revision"):
            catalogue.years[year.calendar, year.year].append(year)
        for day in catalogue.versions.price_days.values():
            catalogue.days[day.series, day.day].append(day)
        for deployment_id, bound in sorted(catalogue.versions.series[ServingProfile]):
            catalogue.bounds[deployment_id].append(bound)
        catalogue.price_bounds = bands.price_bounds(catalogue.versions)
        return catalogue


def _rates_in_force() -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(USES)
        uses = [Use(*row) for row in cursor.fetchall()]
    # Read afterwards, so that it knows whatever these entries were rated by.
    catalogue = Catalogue.load()
    sections: dict[int, list[Stated]] = {}
    for use in uses:
        rate = catalogue.rates.get(use.price_rate_id)
        if rate is None:
            continue  # the audit references names it
        if rate.id not in sections:
            slot = versions.slot_sections(rate.slot_rate.inputs)
            sections[rate.id] = [*slot, *versions.price_sections(rate.inputs)]
        for stated in sections[rate.id]:
            version = catalogue.versions.by_id[stated.model].get(stated.id)
            if version is not None and not catalogue.versions.might_hold(
                version, at=use.starts_at, recorded_at=use.recorded_at
            ):
                yield f"{use.name}: its {stated.section} was not in force"
        yield from _electricity(use, rate, catalogue)
        yield from _band(use, rate, catalogue)
        yield from _by_the_clock(use, rate, catalogue)
        if use.service_tier != rate.service_tier:
            yield f"{use.name}: usage of tier {use.service_tier} at the rate of {rate.service_tier}"


def _electricity(use: Use, rate: PriceRate, catalogue: Catalogue) -> Iterator[str]:
    """Compare the tariff and its period and price with the site's and the slot's."""
    stated = rate.slot_rate.inputs["electricity"]
    site = rate.slot_rate.deployment.site_id
    version = catalogue.versions.by_id[TariffVersion].get(stated["id"])
    if version is None:
        return  # the audit rate-sources names it
    if not any(
        supply.tariff_id == version.tariff_id
        and catalogue.versions.might_hold(supply, at=use.starts_at, recorded_at=use.recorded_at)
        for supply in catalogue.versions.series[SiteTariff][site,]
    ):
        yield f"{use.name}: its site bought electricity under another tariff"
    try:
        terms = _terms(catalogue, version)
    except (LedgerError, ValueError) as error:
        yield f"{use.name}: its tariff cannot be read: {error}"
        return
    if isinstance(terms, SeriesTerms):
        yield from _market(use, stated, terms, catalogue)
        return
    wanted = (stated["period"], Decimal(stated["price_per_kwh"]))
    override = tariff.override_at(terms, slot=tariff.slot_of(use.starts_at))
    decided = override.day.isoformat() if override else None
    if (stated.get("override") or {}).get("date") != decided:
        yield f"{use.name}: its tariff decides that day otherwise"
    try:
        prices = [_price(catalogue, version, use, year) for year in _years(catalogue, version, use)]
    except (LedgerError, ValueError) as error:
        yield f"{use.name}: its tariff cannot be read: {error}"
        return
    if wanted not in prices:
        yield f"{use.name}: it is priced for the tariff's period {stated['period']}"


def _market(
    use: Use, stated: Mapping[str, Any], terms: SeriesTerms, catalogue: Catalogue
) -> Iterator[str]:
    """Compare the interval and the day that are named with the slot's, as published by then."""
    slot = tariff.slot_of(use.starts_at)
    day = market.local_day(terms.time_zone, slot=slot)
    published = catalogue.days.get((terms.series, day), [])
    named = (stated.get("market") or {}).get("id")
    known = max(
        (row.revision for row in published if published_before(row, use.recorded_at)), default=0
    )
    row = next((row for row in published if row.pk == named and row.revision >= known), None)
    if row is None:
        yield f"{use.name}: it is priced by another day of its market than {day}"
        return
    interval = market.interval_at(
        day=day,
        time_zone=row.time_zone,
        resolution_minutes=row.resolution_minutes,
        prices=row.prices,
        slot=slot,
    )
    if stated["market"]["starts_at"] != interval.starts_at.isoformat():
        yield f"{use.name}: it is priced for another interval of its market"


def _years(catalogue: Catalogue, version: Any, use: Use) -> list[HolidayYear | None]:
    """Return the holidays of the slot's year that a claim may have known; one None if none."""
    terms = _calendar_terms(catalogue, version)
    return _known_years(catalogue, terms.holiday_calendar, terms.time_zone, use)


def _known_years(
    catalogue: Catalogue, holidays: str | None, time_zone: str, use: Use
) -> list[HolidayYear | None]:
    if holidays is None:
        return [None]
    year = use.starts_at.astimezone(ZoneInfo(time_zone)).year
    published = catalogue.years.get((holidays, year), [])
    known = max(
        (row.revision for row in published if published_before(row, use.recorded_at)), default=0
    )
    return [row for row in published if row.revision >= known] or [None]


def _price(
    catalogue: Catalogue, version: Any, use: Use, year: HolidayYear | None
) -> tuple[str, Decimal]:
    """Return the tariff's period in the slot and its price per kilowatt-hour."""
    asked = (version.pk, use.starts_at, year.pk if year else 0)
    if asked not in catalogue.prices:
        terms = _calendar_terms(catalogue, version)
        slot = tariff.slot_of(use.starts_at)
        calendar = _calendar(year) if year else None
        period = tariff.period_at(terms, slot=slot, calendar=calendar)
        month = tariff.local_month(terms, slot=slot)
        price = tariff.price_per_kwh(terms, period=period, month=month)
        catalogue.prices[asked] = (period, price)
    return catalogue.prices[asked]


def _terms(catalogue: Catalogue, version: Any) -> AnyTerms:
    if version.pk not in catalogue.terms:
        catalogue.terms[version.pk] = market.terms_from_document(version.terms)
    return catalogue.terms[version.pk]


def _calendar_terms(catalogue: Catalogue, version: Any) -> TariffTerms:
    terms = _terms(catalogue, version)
    assert isinstance(terms, TariffTerms), "a market's terms have no periods"
    return terms


def _calendar(year: HolidayYear) -> HolidayCalendar:
    days = {datetime.fromisoformat(day).date(): kind for day, kind in year.days.items()}
    return HolidayCalendar(days=days, years=frozenset({year.year}))


def _band(use: Use, rate: PriceRate, catalogue: Catalogue) -> Iterator[str]:
    """Compare the context band with the prompt tokens, and the profile with the band."""
    deployment_id = rate.slot_rate.deployment_id
    series = catalogue.versions.series[ServingProfile]
    band = use.context_from_tokens
    beyond = [
        bound
        for bound in catalogue.bounds[deployment_id]
        if band < bound <= use.most_prompt_tokens
        and any(published_before(row, use.recorded_at) for row in series[deployment_id, bound])
    ]
    of_prices = catalogue.price_bounds.get(rate.agreement_version.agreement_id, {})
    beyond += [
        bound
        for bound, cards in of_prices.items()
        if band < bound <= use.most_prompt_tokens
        and any(published_before(card, use.recorded_at) for card in cards)
    ]
    known = band == 0 or band in catalogue.bounds[deployment_id] or band in of_prices
    if beyond or not known or band > use.fewest_prompt_tokens:
        yield f"{use.name}: prompts of other lengths are in the band from {band} tokens"
    profile = rate.slot_rate.context_from_tokens
    nearer = [
        bound
        for bound in catalogue.bounds[deployment_id]
        if profile < bound <= band
        and catalogue.versions.surely_holds(
            series[deployment_id, bound], at=use.starts_at, recorded_at=use.recorded_at
        )
    ]
    if nearer or profile > band:
        yield f"{use.name}: the profile from {profile} tokens is not that of the band from {band}"


def _by_the_clock(use: Use, rate: PriceRate, catalogue: Catalogue) -> Iterator[str]:
    """Compare the periods of the card and of the scarcity policy with the slot's."""
    stated: list[tuple[str, type[Model], Any, str | None]] = [
        ("price", RateCardVersion, rate.inputs["rate_card"], rate.inputs.get("price_period"))
    ]
    scarcity = rate.slot_rate.inputs.get("scarcity")
    if scarcity is not None:
        series = catalogue.versions.series[DeploymentLoad][rate.slot_rate.deployment_id,]
        if "measured" not in scarcity:
            stated.append(("scarcity", ScarcityPolicy, scarcity, scarcity.get("period")))
            if catalogue.versions.surely_holds(
                series, at=use.starts_at, recorded_at=use.recorded_at
            ):
                yield f"{use.name}: a load was published, and its scarcity is the calendar's"
    for what, model, section, period in stated:
        version = catalogue.versions.by_id[model].get(section["id"])
        if version is None:
            continue  # the audit rate-sources names it
        try:
            found = _periods(catalogue, version, use)
        except (LedgerError, ValueError) as error:
            yield f"{use.name}: the calendar of its {what} cannot be read: {error}"
            continue
        if period not in found:
            yield f"{use.name}: its {what} is that of the period {period}"


def _periods(catalogue: Catalogue, version: Any, use: Use) -> list[str | None]:
    """Return the periods of a version's calendar that a claim may have found the slot in."""
    key = (type(version), version.pk)
    if key not in catalogue.day_periods:
        catalogue.day_periods[key] = (
            scarcity_terms.calendar_from_document(version.terms)
            if isinstance(version, ScarcityPolicy)
            else rate_cards.calendar_from_document(version.terms)
        )
    calendar = catalogue.day_periods[key]
    if calendar is None:
        return [ALWAYS if isinstance(version, ScarcityPolicy) else None]
    return [
        day_periods.period_at(
            calendar,
            slot=tariff.slot_of(use.starts_at),
            calendars={} if year is None else {year.calendar: _calendar(year)},
        )
        for year in _known_years(catalogue, calendar.holiday_calendar, calendar.time_zone, use)
    ]


AUDITS: Final[tuple[Audit, ...]] = (
    Audit("rates-in-force", "Entries name what held when they occurred", _rates_in_force),
)
