"""What is told of a site's month: metered, booked, billed, trued up, and whether it holds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, localcontext
from enum import StrEnum
from typing import Final

from django.db.models import Prefetch

from ledger.energy import bills, booked, months, sites
from ledger.energy.bills import BillLine
from ledger.energy.booked import BookedSums
from ledger.energy.models import EnergyShare, EnergyTrueUp
from ledger.energy.months import Counted, SiteMonth
from ledger.energy.sites import MeteredSite
from ledger.energy.variances import JOULES, PARTS
from ledger.parties.models import Party
from ledger.parties.viewers import Viewer
from ledger.quantities import EXACT, JOULES_PER_KWH

ZERO: Final = Decimal(0)


class State(StrEnum):
    """How the books of a site's month stand to its meter."""

    SILENT = "silent"
    INCOMPLETE = "incomplete"
    READY = "ready"
    STALE = "stale"
    CURRENT = "current"


SAID: Final = {
    State.SILENT: "no readings",
    State.INCOMPLETE: "readings are missing",
    State.READY: "complete, not trued up",
    State.STALE: "changed since it was trued up: run again",
    State.CURRENT: "trued up",
}


@dataclass(frozen=True, slots=True)
class PartLine:
    """One part of the variance in one commodity, debit positive."""

    part: str
    commodity: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class ShareLine:
    """What was booked of a provider when the month was trued up, and its share of the variance."""

    provider: str
    commodity: str
    booked: Decimal
    variance: Decimal

    @property
    def total(self) -> Decimal:
        """Return what was metered of it, or what that cost."""
        with localcontext(EXACT):
            return self.booked + self.variance


@dataclass(frozen=True, slots=True)
class Run:
    """The newest true-up of a site's month."""

    run: int
    recorded_at: datetime
    recorded_by: str
    entry_ids: tuple[int, ...]
    parts: tuple[PartLine, ...]
    shares: tuple[ShareLine, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EnergyReport:
    """A site's month: what its meters say, what usage booked, and what lies between."""

    month: SiteMonth
    counted: Counted
    booked: BookedSums
    bills: tuple[BillLine, ...]
    last: Run | None
    state: State

    @property
    def booked_kwh(self) -> Decimal:
        """Return the joules that usage booked, in kWh."""
        with localcontext(EXACT):
            return self.booked.of(JOULES) / JOULES_PER_KWH

    @property
    def said(self) -> str:
        """Return the state in words."""
        return SAID[self.state]

    @property
    def energy_cost(self) -> dict[str, Decimal]:
        """Return what usage was charged for electricity, by currency."""
        currencies = sorted({unit for _, unit in self.booked.amounts if unit != JOULES})
        return {currency: self.booked.of(currency) for currency in currencies}

    @property
    def billed(self) -> dict[str, Decimal]:
        """Return what utilities billed, by currency."""
        currencies = sorted({bill.currency for bill in self.bills})
        return {
            currency: sum((b.amount for b in self.bills if b.currency == currency), ZERO)
            for currency in currencies
        }


def report(viewer: Viewer, *, site: str, starts_on: date) -> EnergyReport:
    """Return a month of a site at which the viewer serves.

    A provider sees the meter and the variance of the site, and its own share and bills alone.

    :raises NoSuchSite: if the viewer does not serve there.
    """
    found = sites.site(viewer, code=site)
    (told,) = reports([found], starts_on=starts_on)
    return told if viewer.sees_all else _own(told, viewer)


def reports(of: Iterable[MeteredSite], *, starts_on: date) -> list[EnergyReport]:
    """Return a month of several sites, in their order; a fixed number of statements."""
    asked = [months.site_month(site, starts_on=starts_on) for site in of]
    if not asked:
        return []
    counted = months.counted(asked)
    used = booked.sums(asked)
    billed = bills.of_months(asked)
    runs = _runs(asked)
    return [
        _report(month, counted[key], used[key], billed[key], runs.get(key, []))
        for month in asked
        for key in [month.site.id]
    ]


def _report(
    month: SiteMonth,
    counted: Counted,
    used: BookedSums,
    billed: list[BillLine],
    runs: list[EnergyTrueUp],
) -> EnergyReport:
    last = _run(runs) if runs else None
    if last is not None:
        marks = (counted.last_reading_id, max((bill.id for bill in billed), default=0))
        held = {(one.provider, one.commodity): one.booked for one in last.shares if one.booked}
        same = marks == (runs[-1].last_reading_id, runs[-1].last_bill_id)
        state = State.CURRENT if same and held == used.amounts else State.STALE
    elif counted.facility.complete is not None:
        state = State.READY
    else:
        state = State.SILENT if counted.facility.quantity is None else State.INCOMPLETE
    return EnergyReport(month, counted, used, tuple(billed), last, state)


def _runs(asked: Sequence[SiteMonth]) -> dict[int, list[EnergyTrueUp]]:
    """Return the runs of the months by site id, oldest first."""
    shares = EnergyShare.objects.select_related("provider").order_by("provider__code", "commodity")
    rows = (
        EnergyTrueUp.objects.filter(
            site_id__in=[one.site.id for one in asked], starts_on=asked[0].starts_on
        )
        .prefetch_related("variances", Prefetch("shares", queryset=shares))
        .order_by("site_id", "run")
    )
    found: dict[int, list[EnergyTrueUp]] = {}
    for row in rows:
        found.setdefault(row.site_id, []).append(row)
    return found


def _run(runs: list[EnergyTrueUp]) -> Run:
    last = runs[-1]
    lines = [PartLine(row.part, row.commodity, row.amount) for row in last.variances.all()]
    return Run(
        last.run,
        last.recorded_at,
        last.recorded_by,
        tuple(row.journal_entry_id for row in runs if row.journal_entry_id is not None),
        tuple(sorted(lines, key=lambda one: (one.commodity != JOULES, one.commodity, _rank(one)))),
        tuple(
            ShareLine(row.provider.code, row.commodity, row.booked, row.variance)
            for row in last.shares.all()
        ),
        tuple(last.notes),
    )


def _rank(line: PartLine) -> int:
    return PARTS.index(line.part)


def _own(told: EnergyReport, viewer: Viewer) -> EnergyReport:
    """Leave out what is of other providers at the site."""
    code = Party.objects.values_list("code", flat=True).get(pk=viewer.party_id)
    own = BookedSums({key: amount for key, amount in told.booked.amounts.items() if key[0] == code})
    last = told.last and replace(
        told.last, shares=tuple(one for one in told.last.shares if one.provider == code)
    )
    its_bills = tuple(bill for bill in told.bills if bill.provider == code)
    return replace(told, booked=own, bills=its_bills, last=last)
