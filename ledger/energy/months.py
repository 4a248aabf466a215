"""The month of a site, in its own time zone: what its meters counted, and where they are silent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from django.db import connection

from ledger.energy.sites import MeteredSite
from ledger.energy.variances import Metered
from ledger.errors import LedgerError
from ledger.periods import month_of, starts_at

COUNTED: Final = """
    WITH span AS (
        SELECT * FROM unnest(%(sites)s::bigint[], %(starts)s::timestamptz[],
                             %(ends)s::timestamptz[]) AS span (site_id, starts_at, ends_at)
    ), standing AS (
        SELECT DISTINCT ON (reading.site_id, reading.kind, reading.starts_at)
               reading.id, reading.site_id, reading.kind, reading.starts_at, reading.ends_at,
               reading.quantity
        FROM span
        JOIN ledger_meter_reading reading
            ON reading.site_id = span.site_id
           AND reading.starts_at >= span.starts_at AND reading.ends_at <= span.ends_at
        ORDER BY reading.site_id, reading.kind, reading.starts_at, reading.revision DESC
    ), counted AS (
        SELECT site_id, kind, sum(quantity) AS quantity, max(id) AS last_id,
               range_agg(tstzrange(starts_at, ends_at)) AS covered
        FROM standing
        GROUP BY site_id, kind
    )
    SELECT span.site_id, kinds.kind, counted.quantity, COALESCE(counted.last_id, 0),
           ARRAY(SELECT lower(gap) FROM unnest(
               tstzmultirange(tstzrange(span.starts_at, span.ends_at))
               - COALESCE(counted.covered, '{}'::tstzmultirange)) AS gap),
           ARRAY(SELECT upper(gap) FROM unnest(
               tstzmultirange(tstzrange(span.starts_at, span.ends_at))
               - COALESCE(counted.covered, '{}'::tstzmultirange)) AS gap)
    FROM span
    CROSS JOIN unnest(ARRAY['facility', 'it', 'gpu_busy', 'gpu_available'])
        WITH ORDINALITY AS kinds (kind, number)
    LEFT JOIN counted ON counted.site_id = span.site_id AND counted.kind = kinds.kind
    ORDER BY span.site_id, kinds.number
"""
GAPS_NAMED: Final = 20


class ReadingsIncomplete(LedgerError):
    """The facility's meter is silent in a part of the month: unknown is not zero."""

    problem = "meter-readings-incomplete"

    def __init__(self, site: str, month: str, missing: "Sequence[Gap]") -> None:
        self.site = site
        self.month = month
        self.missing = [
            {"starts_at": one.starts_at, "ends_at": one.ends_at} for one in missing[:GAPS_NAMED]
        ]
        self.gaps = len(missing)
        named = ", ".join(
            f"{one.starts_at:%Y-%m-%d %H:%M} to {one.ends_at:%Y-%m-%d %H:%M}" for one in missing[:3]
        )
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""  # noqa: PLR2004 - the first three are shown
        super().__init__(
            f"{site} in {month} has no facility readings from {named}{more} UTC; record them, and"
            " try again"
        )


@dataclass(frozen=True, slots=True)
class Gap:
    """A span without readings: starts_at <= t < ends_at."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class SiteMonth:
    """A month of a site, from its first to before its last midnight there."""

    site: MeteredSite
    starts_on: date
    ends_on: date
    starts_at: datetime
    ends_at: datetime

    @property
    def name(self) -> str:
        """Return the month as people write it."""
        return f"{self.starts_on:%Y-%m}"


@dataclass(frozen=True, slots=True)
class Meter:
    """What the readings of one kind that lie in a month come to, and where there are none.

    `quantity` is None if there is no reading at all.
    """

    quantity: Decimal | None
    gaps: tuple[Gap, ...]

    @property
    def complete(self) -> Decimal | None:
        """Return the month's quantity; None where a part of the month is missing."""
        return None if self.gaps else self.quantity


@dataclass(frozen=True, slots=True)
class Counted:
    """What the meters of a site's month counted, by kind, up to the newest reading."""

    meters: dict[str, Meter]
    last_reading_id: int

    @property
    def facility(self) -> Meter:
        """Return the meter of the whole facility."""
        return self.meters["facility"]

    def metered(self) -> Metered | None:
        """Return the month's quantities; None while the facility's are incomplete."""
        facility = self.facility.complete
        if facility is None:
            return None
        return Metered(
            facility_kwh=facility,
            it_kwh=self.meters["it"].complete,
            gpu_busy_hours=self.meters["gpu_busy"].complete,
            gpu_available_hours=self.meters["gpu_available"].complete,
        )


def site_month(site: MeteredSite, *, starts_on: date) -> SiteMonth:
    """Return the month of a site in which the day lies, in the site's time zone."""
    first, end = month_of(starts_on)
    return SiteMonth(
        site,
        first,
        end,
        starts_at(first, time_zone=site.time_zone),
        starts_at(end, time_zone=site.time_zone),
    )


def counted(months: Iterable[SiteMonth]) -> dict[int, Counted]:
    """Return what was counted, by site id: one statement for all the months."""
    asked = list(months)
    with connection.cursor() as cursor:
        cursor.execute(
            COUNTED,
            {
                "sites": [one.site.id for one in asked],
                "starts": [one.starts_at for one in asked],
                "ends": [one.ends_at for one in asked],
            },
        )
        rows = cursor.fetchall()
    meters: dict[int, dict[str, Meter]] = {one.site.id: {} for one in asked}
    last: dict[int, int] = dict.fromkeys(meters, 0)
    for site_id, kind, quantity, last_id, begins, ends in rows:
        gaps = tuple(Gap(*gap) for gap in zip(begins, ends, strict=True))
        meters[site_id][kind] = Meter(quantity, gaps)
        last[site_id] = max(last[site_id], last_id)
    return {site_id: Counted(meters[site_id], last[site_id]) for site_id in meters}


def require_complete(month: SiteMonth, read: Counted) -> Metered:
    """Return what the meters counted.

    :raises ReadingsIncomplete: naming the spans without facility readings.
    """
    metered = read.metered()
    if metered is None:
        raise ReadingsIncomplete(month.site.code, month.name, read.facility.gaps)
    return metered
