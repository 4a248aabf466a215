"""Cancel certificates for the green share that usage booked, and post what has none.

A watt-hour is claimed once: the counter of its lot is raised under a lock, within what the
database allows. What was booked as green and finds no certificate is posted back as grams.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any, Final

from django.db import connection, transaction

from ledger.books import journal
from ledger.books.entries import Draft
from ledger.books.models import JournalEntry
from ledger.energy import matching, months, sites
from ledger.energy.matching import Lot, Match, Place, SlotUse
from ledger.energy.models import CertificateRun
from ledger.energy.months import SiteMonth
from ledger.energy.sites import MeteredSite
from ledger.parties.models import Party
from ledger.periods import accounting_date, last_day
from ledger.quantities import EXACT
from ledger.rating.archive.records import require_at_hand

logger = logging.getLogger(__name__)

LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext('ledger_certificate_lot'))"
NEW_LOTS: Final = """
    SELECT lot.id, lot.code, provider.code, lot.watt_hours
    FROM ledger_certificate_lot lot
    JOIN ledger_party provider ON provider.id = lot.provider_id
    LEFT JOIN ledger_certificate_stock stock ON stock.lot_id = lot.id
    WHERE stock.lot_id IS NULL
    ORDER BY lot.id
"""
RECEIVE: Final = """
    INSERT INTO ledger_certificate_stock
        (lot_id, journal_entry_id, received_watt_hours, cancelled_watt_hours, received_at)
    SELECT lot_id, entry_id, watt_hours, 0, %(now)s
    FROM unnest(%(lots)s::bigint[], %(entries)s::bigint[], %(watt_hours)s::bigint[])
         AS received (lot_id, entry_id, watt_hours)
"""
BY_SLOT: Final = """
    WITH used AS (
        SELECT date_bin('15 minutes', usage.occurred_at, 'epoch') AS starts_at,
               usage.price_rate_id, sum(usage.energy_microjoules) AS microjoules,
               sum(usage.co2_location_nanograms) AS location,
               sum(usage.co2_market_nanograms) AS market
        FROM ledger_usage_entry usage
        JOIN ledger_deployment deployment ON deployment.id = usage.deployment_id
        WHERE deployment.site_id = %(site)s AND usage.provider_id = %(provider)s
          AND usage.occurred_at >= %(starts_at)s AND usage.occurred_at < %(ends_at)s
        GROUP BY 1, 2
    ), green AS (
        SELECT price.id AS price_rate_id,
               (slot.inputs -> 'green' ->> 'share')::numeric AS share,
               (slot.inputs -> 'carbon_residual' ->> 'grams_per_kwh')::numeric AS residual
        FROM ledger_price_rate price
        JOIN ledger_slot_rate slot ON slot.id = price.slot_rate_id
        WHERE price.id IN (SELECT price_rate_id FROM used)
    )
    SELECT used.starts_at, sum(used.microjoules), sum(used.microjoules * green.share),
           sum(used.microjoules * green.share * green.residual),
           sum(used.location), sum(used.market)
    FROM used
    JOIN green USING (price_rate_id)
    GROUP BY used.starts_at
    ORDER BY used.starts_at
"""
MATCHED: Final = """
    SELECT match.slot_starts_at, sum(match.watt_hours)
    FROM ledger_certificate_run run
    JOIN ledger_certificate_match match ON match.run_id = run.id
    WHERE run.site_id = %(site)s AND run.provider_id = %(provider)s
      AND run.starts_on = %(starts_on)s
    GROUP BY match.slot_starts_at
"""
LOTS: Final = """
    SELECT lot.id, lot.code, lot.kind, lot.zone, lot.vintage, lot.produced_from, lot.produced_to,
           stock.received_watt_hours - stock.cancelled_watt_hours
    FROM ledger_certificate_stock stock
    JOIN ledger_certificate_lot lot ON lot.id = stock.lot_id
    WHERE lot.provider_id = %(provider)s
    ORDER BY stock.lot_id
    FOR UPDATE OF stock
"""
DRAW: Final = """
    UPDATE ledger_certificate_stock stock
    SET cancelled_watt_hours = stock.cancelled_watt_hours + drawn.watt_hours
    FROM unnest(%(lots)s::bigint[], %(watt_hours)s::bigint[]) AS drawn (lot_id, watt_hours)
    WHERE stock.lot_id = drawn.lot_id
"""
INSERT_CANCELLATIONS: Final = """
    INSERT INTO ledger_certificate_cancellation (run_id, lot_id, watt_hours)
    SELECT %(run)s, lot_id, watt_hours
    FROM unnest(%(lots)s::bigint[], %(watt_hours)s::bigint[]) AS drawn (lot_id, watt_hours)
"""
INSERT_MATCHES: Final = """
    INSERT INTO ledger_certificate_match (run_id, slot_starts_at, lot_id, watt_hours)
    SELECT %(run)s, slot_starts_at, lot_id, watt_hours
    FROM unnest(%(slots)s::timestamptz[], %(lots)s::bigint[], %(watt_hours)s::bigint[])
         AS matched (slot_starts_at, lot_id, watt_hours)
"""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What a run came to: watt-hours it cancelled, what stays without, and the grams of that."""

    month: SiteMonth
    provider: str
    run: int
    entry_id: int | None
    watt_hours: int
    short_watt_hours: int
    unmatched_grams: Decimal


@transaction.atomic
def receive(*, now: datetime) -> int:
    """Book the lots that were published since, and return how many; each once."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK)
        cursor.execute(NEW_LOTS)
        lots: list[tuple[int, str, str, int]] = cursor.fetchall()
        drafts = [
            Draft(
                kind=JournalEntry.Kind.CERTIFICATE,
                accounting_date=accounting_date(now, time_zone="UTC"),
                narrative=f"Receipt of certificate lot {code}",
                postings=(
                    (f"provider:{provider}:certificates:{code}:GEC", Decimal(watt_hours)),
                    ("platform:registry:GEC", Decimal(-watt_hours)),
                ),
                reference=f"certificate-lot:{code}",
            )
            for _, code, provider, watt_hours in lots
        ]
        entries = journal.post(drafts, now=now) if drafts else []
        cursor.execute(
            RECEIVE,
            {
                "now": now,
                "lots": [lot_id for lot_id, *_ in lots],
                "entries": entries,
                "watt_hours": [watt_hours for *_, watt_hours in lots],
            },
        )
    return len(lots)


@transaction.atomic
def cancel(
    site: MeteredSite, *, provider: str, starts_on: date, by: str, now: datetime
) -> Cancelled:
    """Cancel certificates for a provider's usage at a site in a month, and post it.

    Only what earlier runs have not cancelled: a cancellation is for ever. Nothing is written where
    nothing changed.

    :raises MonthArchived: if the month's usage is in an archive.
    """
    month = months.site_month(site, starts_on=starts_on)
    require_at_hand(month.starts_at)
    require_at_hand(month.ends_at - timedelta(microseconds=1))
    sites.hold([site.id])
    party = Party.objects.get(code=provider)
    scope = {"site": site.id, "provider": party.pk, "starts_on": month.starts_on}
    slots = by_slot(month, provider_id=party.pk)
    matched = matched_by_slot(month, provider_id=party.pk)
    lots = [Lot(*row) for row in _rows(LOTS, scope)]
    place = Place(site.grid_zone, site.country, site.time_zone)
    found = matching.match(slots, lots=lots, matched=matched, place=place)
    for one in found:
        matched[one.starts_at] = matched.get(one.starts_at, 0) + one.watt_hours
    last = CertificateRun.objects.filter(**_named(scope)).order_by("-run").first()
    run = _Run(
        month,
        provider=provider,
        provider_id=party.pk,
        slots=slots,
        found=found,
        matched=matched,
    )
    if not found and _stands(last, run):
        number, entry_id = (last.run, None) if last else (0, None)
    else:
        number = last.run + 1 if last else 1
        before = last.unmatched_grams if last else Decimal(0)
        entry_id = run.post({lot.id: lot for lot in lots}, number, before=before, now=now)
        run.write(number, entry_id, by=by, now=now)
    wanted = sum(matching.wanted_watt_hours(slot) for slot in slots)
    short = sum(
        max(matching.wanted_watt_hours(slot) - matched.get(slot.starts_at, 0), 0) for slot in slots
    )
    logger.info(
        "certificates cancelled",
        extra={"site": site.code, "provider": provider, "wanted": wanted, "short": short},
    )
    return Cancelled(
        month,
        provider,
        number,
        entry_id,
        sum(one.watt_hours for one in found),
        short,
        run.unmatched,
    )


def by_slot(month: SiteMonth, *, provider_id: int) -> list[SlotUse]:
    """Return a provider's usage at a site by quarter hour: one statement."""
    rows = _rows(
        BY_SLOT,
        {
            "site": month.site.id,
            "provider": provider_id,
            "starts_at": month.starts_at,
            "ends_at": month.ends_at,
        },
    )
    return [
        SlotUse(starts_at, int(microjoules), green, avoided, int(location), int(market))
        for starts_at, microjoules, green, avoided, location, market in rows
    ]


def matched_by_slot(month: SiteMonth, *, provider_id: int) -> dict[datetime, int]:
    """Return the watt-hours that all runs matched, by quarter hour."""
    scope = {"site": month.site.id, "provider": provider_id, "starts_on": month.starts_on}
    return {starts_at: int(watt_hours) for starts_at, watt_hours in _rows(MATCHED, scope)}


class _Run:
    """A run while it is written."""

    def __init__(
        self,
        month: SiteMonth,
        *,
        provider: str,
        provider_id: int,
        slots: Sequence[SlotUse],
        found: Sequence[Match],
        matched: Mapping[datetime, int],
    ) -> None:
        self.month = month
        self.provider = provider
        self.provider_id = provider_id
        self.found = found
        with localcontext(EXACT):
            self.consumed = Decimal(sum(slot.microjoules for slot in slots))
            self.green = sum((slot.green_microjoules for slot in slots), Decimal(0))
        self.unmatched = matching.unmatched_grams(slots, matched=matched)
        self.drawn: dict[int, int] = defaultdict(int)
        for one in found:
            self.drawn[one.lot_id] += one.watt_hours

    def post(
        self, lots: Mapping[int, Lot], number: int, *, before: Decimal, now: datetime
    ) -> int | None:
        """Post what was cancelled and how the grams without certificate changed, as one entry."""
        site, total = self.month.site.code, sum(self.drawn.values())
        grams = self.unmatched - before
        postings = [
            (f"site:{site}:certificates_cancelled:{self.provider}:GEC", Decimal(total)),
            *(
                (f"provider:{self.provider}:certificates:{lots[lot].code}:GEC", Decimal(-drawn))
                for lot, drawn in sorted(self.drawn.items())
            ),
            (f"site:{site}:co2_unmatched:{self.provider}:CO2E_M", grams),
            (f"provider:{self.provider}:co2_market:CO2E_M", -grams),
        ]
        told = tuple((account, amount) for account, amount in postings if amount)
        if not told:
            return None
        today = accounting_date(now, time_zone=self.month.site.time_zone)
        name = f"{site}:{self.provider}:{self.month.name}:{number}"
        draft = Draft(
            kind=JournalEntry.Kind.CERTIFICATE,
            accounting_date=min(last_day(self.month.ends_on), today) if number == 1 else today,
            narrative=f"Certificates for {self.provider} at {site} in {self.month.name}",
            postings=told,
            reference=f"certificates:{name}",
        )
        return journal.post([draft], now=now)[0]

    def write(self, number: int, entry_id: int | None, *, by: str, now: datetime) -> None:
        """Raise the lots' counters, and write the run with its cancellations and matches."""
        row = CertificateRun.objects.create(
            site_id=self.month.site.id,
            provider_id=self.provider_id,
            starts_on=self.month.starts_on,
            run=number,
            journal_entry_id=entry_id,
            consumed_microjoules=self.consumed,
            green_microjoules=self.green,
            unmatched_grams=self.unmatched,
            recorded_at=now,
            recorded_by=by,
        )
        lots = sorted(self.drawn)
        drawn = {"lots": lots, "watt_hours": [self.drawn[lot] for lot in lots]}
        with connection.cursor() as cursor:
            cursor.execute(DRAW, drawn)
            assert cursor.rowcount == len(lots), "lots are locked, and each has a counter"
            cursor.execute(INSERT_CANCELLATIONS, {"run": row.pk, **drawn})
            cursor.execute(
                INSERT_MATCHES,
                {
                    "run": row.pk,
                    "slots": [one.starts_at for one in self.found],
                    "lots": [one.lot_id for one in self.found],
                    "watt_hours": [one.watt_hours for one in self.found],
                },
            )


def _stands(last: CertificateRun | None, run: _Run) -> bool:
    """Return whether a run would only say again what the last one said."""
    if last is None:
        return not run.consumed
    said = (last.consumed_microjoules, last.green_microjoules, last.unmatched_grams)
    return said == (run.consumed, run.green, run.unmatched)


def _named(scope: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "site_id": scope["site"],
        "provider_id": scope["provider"],
        "starts_on": scope["starts_on"],
    }


def _rows(sql: str, parameters: Mapping[str, Any]) -> Iterable[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
