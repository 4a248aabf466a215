"""The energy books of all sites at a month's end: each by itself, none holds up another."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from ledger.energy import certificates, reading, sites, true_ups
from ledger.energy.certificates import Cancelled
from ledger.energy.reading import EnergyReport, State
from ledger.energy.true_ups import TrueUp
from ledger.energy.variances import JOULES
from ledger.errors import LedgerError
from ledger.parties.viewers import PLATFORM
from ledger.quantities import JOULES_PER_KWH, round_half_even

SHOWN_DIGITS: Final = 3


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a site: a sentence for people, and whether it was refused."""

    site: str
    said: str
    refused: bool


def true_up(*, starts_on: date, site: str | None, by: str, now: datetime) -> list[Done]:
    """True up the month of one site, or of every site that has readings or usage in it.

    :raises NoSuchSite: if there is none with this code.
    """
    of = [sites.site(PLATFORM, code=site)] if site else sites.sites(PLATFORM)
    told = reading.reports(of, starts_on=starts_on)
    return [
        _true_up(one, by=by, now=now)
        for one in told
        if site or one.booked.amounts or one.state is not State.SILENT
    ]


def cancel(*, starts_on: date, site: str | None, by: str, now: datetime) -> list[Done]:
    """Receive new lots, and cancel certificates for what each provider used at the sites.

    :raises NoSuchSite: if there is none with this code.
    """
    certificates.receive(now=now)
    of = [sites.site(PLATFORM, code=site)] if site else sites.sites(PLATFORM)
    told = reading.reports(of, starts_on=starts_on)
    return [
        _cancel(one, provider, by=by, now=now)
        for one in told
        for provider in one.month.site.providers
        if (provider, JOULES) in one.booked.amounts
    ]


def _cancel(told: EnergyReport, provider: str, *, by: str, now: datetime) -> Done:
    site, month = told.month.site, told.month
    name = f"{site.code} {month.name}, {provider}"
    try:
        done = certificates.cancel(
            site, provider=provider, starts_on=month.starts_on, by=by, now=now
        )
    except LedgerError as error:
        return Done(site.code, f"{name}: nothing cancelled: {error}", refused=True)
    return Done(site.code, f"{name}: {_cancelled(done)}", refused=False)


def _cancelled(done: Cancelled) -> str:
    """Return what a run of certificates came to in words."""
    short = f"{done.short_watt_hours} Wh short" if done.short_watt_hours else "nothing short"
    grams = f"{_shown(done.unmatched_grams)} g of CO2 booked as green have no certificate"
    return f"{done.watt_hours} Wh cancelled, {short}; {grams}"


def _true_up(told: EnergyReport, *, by: str, now: datetime) -> Done:
    site, month = told.month.site, told.month
    try:
        done = true_ups.true_up(site, starts_on=month.starts_on, by=by, now=now)
    except LedgerError as error:
        return Done(site.code, f"{site.code} {month.name}: not trued up: {error}", refused=True)
    return Done(site.code, f"{site.code} {month.name}: {_came_to(done)}", refused=False)


def _came_to(done: TrueUp) -> str:
    """Return what a true-up came to in words."""
    kwh = _shown(done.variances.total(JOULES) / JOULES_PER_KWH)
    metered = _shown(done.metered.facility_kwh)
    what = "nothing changed" if done.entry_id is None else f"entry {done.entry_id}, run {done.run}"
    money = "".join(
        f", {_shown(done.variances.total(currency))} {currency}"
        for currency in sorted({unit for unit, _ in done.variances.parts} - {JOULES})
    )
    return f"{metered} kWh metered, {kwh} kWh above booked{money} ({what})"


def _shown(value: Decimal) -> str:
    return f"{round_half_even(value, digits=SHOWN_DIGITS):f}"
