"""What is told of a site's green month: consumed, claimed, and both kinds of CO2."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any, Final

from django.db import connection

from ledger.energy import certificates, matching, months, sites
from ledger.energy.matching import MICROJOULES_PER_WATT_HOUR, SlotUse
from ledger.energy.months import SiteMonth
from ledger.energy.sites import MeteredSite
from ledger.parties.viewers import Viewer
from ledger.quantities import EXACT, NANOGRAMS_PER_GRAM, in_units
from ledger.rating.archive.records import require_at_hand

ZERO: Final = Decimal(0)
LAST_RUNS: Final = """
    SELECT DISTINCT ON (run.provider_id) provider.code, run.unmatched_grams,
           run.consumed_microjoules, run.green_microjoules
    FROM ledger_certificate_run run
    JOIN ledger_party provider ON provider.id = run.provider_id
    WHERE run.site_id = %(site)s AND run.starts_on = %(starts_on)s
    ORDER BY run.provider_id, run.run DESC
"""
PROVIDERS: Final = """
    SELECT DISTINCT provider.code, provider.id
    FROM ledger_deployment deployment
    JOIN ledger_party provider ON provider.id = deployment.provider_id
    WHERE deployment.site_id = %(site)s AND (%(sees_all)s OR provider.id = %(party)s)
    ORDER BY provider.code
"""
STOCK: Final = """
    SELECT lot.code, lot.kind, provider.code, lot.zone, lot.technology, lot.vintage,
           lot.produced_from, lot.produced_to, lot.watt_hours,
           COALESCE(stock.cancelled_watt_hours, 0), stock.lot_id IS NOT NULL
    FROM ledger_certificate_lot lot
    JOIN ledger_party provider ON provider.id = lot.provider_id
    LEFT JOIN ledger_certificate_stock stock ON stock.lot_id = lot.id
    WHERE provider.code = ANY(%(providers)s)
    ORDER BY lot.produced_from, lot.code
"""


@dataclass(frozen=True, slots=True)
class GreenSlot:
    """A quarter hour of a provider: what it took, and what certificates claim of it."""

    starts_at: datetime
    consumed_watt_hours: Decimal
    matched_watt_hours: int
    share: Decimal


@dataclass(frozen=True, slots=True)
class GreenLine:
    """A provider's month at a site.

    `green_watt_hours` is what was booked as green, `matched_watt_hours` what certificates claim.
    `share` is the sum over slots of min(consumed, cancelled) over what was consumed; None where
    nothing was. `posted` says whether a run has seen all of it.
    """

    provider: str
    consumed_watt_hours: Decimal
    green_watt_hours: Decimal
    matched_watt_hours: int
    short_watt_hours: int
    share: Decimal | None
    location_grams: Decimal
    market_grams_booked: Decimal
    unmatched_grams: Decimal
    posted: bool
    slots: tuple[GreenSlot, ...]

    @property
    def market_grams(self) -> Decimal:
        """Return the market-based grams with those that found no certificate."""
        with localcontext(EXACT):
            return self.market_grams_booked + self.unmatched_grams


@dataclass(frozen=True, slots=True)
class LotLine:
    """A lot and what is left of it."""

    code: str
    kind: str
    provider: str
    zone: str
    technology: str
    vintage: int
    produced_from: datetime
    produced_to: datetime
    watt_hours: int
    cancelled_watt_hours: int
    received: bool

    @property
    def left_watt_hours(self) -> int:
        """Return what may still be claimed."""
        return self.watt_hours - self.cancelled_watt_hours


@dataclass(frozen=True, slots=True)
class GreenReport:
    """A site's month, by provider."""

    month: SiteMonth
    lines: tuple[GreenLine, ...]
    lots: tuple[LotLine, ...]


def report(viewer: Viewer, *, site: str, starts_on: date) -> GreenReport:
    """Return a month of a site at which the viewer serves: its own lines, or all for the platform.

    :raises NoSuchSite: if the viewer does not serve there.
    :raises MonthArchived: if the month's usage is in an archive.
    """
    return of_site(sites.site(viewer, code=site), viewer, starts_on=starts_on)


def of_site(site: MeteredSite, viewer: Viewer, *, starts_on: date) -> GreenReport:
    """Return a month of a site."""
    month = months.site_month(site, starts_on=starts_on)
    require_at_hand(month.starts_at)
    require_at_hand(month.ends_at - timedelta(microseconds=1))
    scope = {"party": viewer.party_id, "sees_all": viewer.sees_all, "site": site.id}
    providers = _rows(PROVIDERS, scope)
    runs = {
        provider: tuple(said)
        for provider, *said in _rows(LAST_RUNS, {"site": site.id, "starts_on": month.starts_on})
    }
    lots = [LotLine(*row) for row in _rows(STOCK, {"providers": [code for code, _ in providers]})]
    return GreenReport(
        month,
        tuple(
            _line(
                provider,
                certificates.by_slot(month, provider_id=provider_id),
                certificates.matched_by_slot(month, provider_id=provider_id),
                runs.get(provider),
            )
            for provider, provider_id in providers
        ),
        tuple(lots),
    )


def _line(
    provider: str,
    slots: Sequence[SlotUse],
    matched: dict[datetime, int],
    said: tuple[Decimal, ...] | None,
) -> GreenLine:
    with localcontext(EXACT):
        consumed = sum(slot.microjoules for slot in slots)
        green = sum((slot.green_microjoules for slot in slots), ZERO)
        claimed = sum(
            matching.matched_microjoules(slot, watt_hours=matched.get(slot.starts_at, 0))
            for slot in slots
        )
        unmatched = matching.unmatched_grams(slots, matched=matched)
        return GreenLine(
            provider,
            Decimal(consumed) / MICROJOULES_PER_WATT_HOUR,
            green / MICROJOULES_PER_WATT_HOUR,
            sum(matched.values()),
            sum(
                max(matching.wanted_watt_hours(slot) - matched.get(slot.starts_at, 0), 0)
                for slot in slots
            ),
            Decimal(claimed) / consumed if consumed else None,
            _grams(sum(slot.location_nanograms for slot in slots)),
            _grams(sum(slot.market_nanograms for slot in slots)),
            unmatched,
            said == (unmatched, Decimal(consumed), green) or (said is None and not consumed),
            tuple(_slot(slot, matched.get(slot.starts_at, 0)) for slot in slots),
        )


def _slot(slot: SlotUse, watt_hours: int) -> GreenSlot:
    claimed = matching.matched_microjoules(slot, watt_hours=watt_hours)
    return GreenSlot(
        slot.starts_at,
        Decimal(slot.microjoules) / MICROJOULES_PER_WATT_HOUR,
        watt_hours,
        Decimal(claimed) / slot.microjoules if slot.microjoules else ZERO,
    )


def _grams(nanograms: int) -> Decimal:
    return in_units(nanograms, per_unit=NANOGRAMS_PER_GRAM)


def _rows(sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
