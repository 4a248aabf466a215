"""Bring the books of a site's month to its meter: booked joules + variance = metered, exactly.

A run posts what separates it from the run before, so that it may be repeated whenever readings,
bills or usage of the month change.
"""

import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, localcontext
from typing import Any, Final

from django.db import connection, transaction

from ledger.books import journal
from ledger.books.entries import Draft, Postings
from ledger.books.models import JournalEntry
from ledger.energy import bills, booked, months, sites
from ledger.energy.bills import BillLine
from ledger.energy.models import EnergyTrueUp
from ledger.energy.months import Counted, SiteMonth
from ledger.energy.sites import MeteredSite
from ledger.energy.variances import JOULES, Metered, Variances, variances
from ledger.errors import LedgerError
from ledger.periods import accounting_date, last_day
from ledger.quantities import EXACT

logger = logging.getLogger(__name__)

POSTED: Final = """
    SELECT account.code, sum(posting.amount)
    FROM ledger_energy_true_up true_up
    JOIN ledger_posting posting ON posting.entry_id = true_up.journal_entry_id
    JOIN ledger_account account ON account.id = posting.account_id
    WHERE true_up.site_id = %(site)s AND true_up.starts_on = %(starts_on)s
    GROUP BY account.code
    HAVING sum(posting.amount) <> 0
"""
INSERT_VARIANCES: Final = """
    INSERT INTO ledger_energy_variance (true_up_id, part, commodity, amount)
    SELECT %(true_up)s, part, commodity, amount
    FROM unnest(%(parts)s::text[], %(commodities)s::text[], %(amounts)s::numeric[])
         AS told (part, commodity, amount)
"""
INSERT_SHARES: Final = """
    INSERT INTO ledger_energy_share (true_up_id, provider_id, commodity, booked, variance)
    SELECT %(true_up)s, provider.id, told.commodity, told.booked, told.variance
    FROM unnest(%(providers)s::text[], %(commodities)s::text[], %(booked)s::numeric[],
                %(variances)s::numeric[]) AS told (provider, commodity, booked, variance)
    JOIN ledger_party provider ON provider.code = told.provider
"""


class NobodyServes(LedgerError):
    """No provider has a deployment at the site, so nobody bears what was metered."""

    problem = "site-without-provider"

    def __init__(self, site: str) -> None:
        self.site = site
        super().__init__(f"no provider has a deployment at {site}: nobody bears its energy")


@dataclass(frozen=True, slots=True)
class TrueUp:
    """What a run came to: the month's whole variance, and the entry with what was new of it.

    `entry_id` is None where the books said all of it before; `run` is then the earlier one.
    """

    month: SiteMonth
    run: int
    entry_id: int | None
    metered: Metered
    variances: Variances


def true_up(site: MeteredSite, *, starts_on: date, by: str, now: datetime) -> TrueUp:
    """Post what separates the meter of a site's month from its books, and return what it came to.

    The first run is dated on the month's last day, a later one on the day it is made, so that
    what was reported of a day stays. Nothing is written if nothing changed.

    :raises ReadingsIncomplete: if the facility's meter is silent in a part of the month.
    :raises NobodyServes: if no provider has a deployment at the site.
    :raises MonthArchived: if the month's usage is in an archive.
    """
    month = months.site_month(site, starts_on=starts_on)
    with transaction.atomic():
        sites.hold([site.id])
        read = months.counted([month])[site.id]
        metered = months.require_complete(month, read)
        if not site.providers:
            raise NobodyServes(site.code)
        of_month = bills.of_months([month])[site.id]
        found = variances(
            booked.by_rate(month),
            metered=metered,
            billed=bills.billed(month, of_month),
            providers=site.providers,
        )
        last = _last_run(month)
        if last is not None and _stands(last, metered, found, read, of_month):
            return TrueUp(month, last.run, None, metered, found)
        run = last.run + 1 if last else 1
        entry_id = _post(month, found, run=run, now=now)
        _write(
            month,
            TrueUp(month, run, entry_id, metered, found),
            marks=(read.last_reading_id, max((bill.id for bill in of_month), default=0)),
            by=by,
            now=now,
        )
    logger.info("energy trued up", extra={"site": site.code, "month": month.name, "run": run})
    return TrueUp(month, run, entry_id, metered, found)


def _last_run(month: SiteMonth) -> EnergyTrueUp | None:
    return (
        EnergyTrueUp.objects.filter(site_id=month.site.id, starts_on=month.starts_on)
        .order_by("-run")
        .first()
    )


def _stands(
    last: EnergyTrueUp,
    metered: Metered,
    found: Variances,
    read: Counted,
    of_month: list[BillLine],
) -> bool:
    """Return whether a run would only say again what the last one said."""
    parts = {
        (row.commodity, row.part): row.amount
        for row in last.variances.order_by("commodity", "part")
    }
    shares = {
        (row.provider.code, row.commodity): (row.booked, row.variance)
        for row in last.shares.select_related("provider").order_by("pk")
    }
    told = {key: (share.booked, share.variance) for key, share in found.shares.items()}
    said = Metered(last.facility_kwh, last.it_kwh, last.gpu_busy_hours, last.gpu_available_hours)
    marks = (read.last_reading_id, max((bill.id for bill in of_month), default=0))
    return (parts, shares, said, (last.last_reading_id, last.last_bill_id)) == (
        dict(found.parts),
        told,
        metered,
        marks,
    )


def _post(month: SiteMonth, found: Variances, *, run: int, now: datetime) -> int | None:
    """Post the difference to what earlier runs posted; None if there is none."""
    difference = _difference(month, found)
    if not difference:
        return None
    last = last_day(month.ends_on)
    today = accounting_date(now, time_zone=month.site.time_zone)
    draft = Draft(
        kind=JournalEntry.Kind.ENERGY,
        accounting_date=last if run == 1 else today,
        narrative=f"Metered against booked energy of {month.site.code} in {month.name}, run {run}",
        postings=difference,
        reference=f"energy:{month.site.code}:{month.name}:{run}",
    )
    return journal.post([draft], now=now)[0]


def _difference(month: SiteMonth, found: Variances) -> Postings:
    """Return the postings that bring what stands to what was found, by account."""
    site = month.site.code
    wanted: dict[str, Decimal] = defaultdict(Decimal)
    with localcontext(EXACT):
        for (commodity, part), amount in found.parts.items():
            wanted[f"site:{site}:energy_variance:{part}:{commodity}"] += amount
        for (provider, commodity), share in found.shares.items():
            account = (
                f"provider:{provider}:energy:{site}:J"
                if commodity == JOULES
                else f"provider:{provider}:energy_cost_applied:{commodity}"
            )
            wanted[account] -= share.variance
        for account, amount in _posted(month).items():
            wanted[account] -= amount
    return tuple((account, wanted[account]) for account in sorted(wanted) if wanted[account])


def _posted(month: SiteMonth) -> Mapping[str, Decimal]:
    """Return what the runs so far posted, by account."""
    with connection.cursor() as cursor:
        cursor.execute(POSTED, {"site": month.site.id, "starts_on": month.starts_on})
        return dict(cursor.fetchall())


def _write(
    month: SiteMonth, done: TrueUp, *, marks: tuple[int, int], by: str, now: datetime
) -> None:
    row = EnergyTrueUp.objects.create(
        site_id=month.site.id,
        starts_on=month.starts_on,
        run=done.run,
        journal_entry_id=done.entry_id,
        facility_kwh=done.metered.facility_kwh,
        it_kwh=done.metered.it_kwh,
        gpu_busy_hours=done.metered.gpu_busy_hours,
        gpu_available_hours=done.metered.gpu_available_hours,
        last_reading_id=marks[0],
        last_bill_id=marks[1],
        notes=list(done.variances.notes),
        recorded_at=now,
        recorded_by=by,
    )
    parts, shares = done.variances.parts, done.variances.shares
    _insert(
        INSERT_VARIANCES,
        {
            "true_up": row.pk,
            "commodities": [commodity for commodity, _ in parts],
            "parts": [part for _, part in parts],
            "amounts": list(parts.values()),
        },
    )
    _insert(
        INSERT_SHARES,
        {
            "true_up": row.pk,
            "providers": [provider for provider, _ in shares],
            "commodities": [commodity for _, commodity in shares],
            "booked": [share.booked for share in shares.values()],
            "variances": [share.variance for share in shares.values()],
        },
    )


def _insert(sql: str, parameters: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
