"""Meter readings: recorded as sets, corrected by further revisions, never overlapping."""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db import connection, transaction

from ledger.energy import sites
from ledger.energy.stated import StatedReading
from ledger.errors import LedgerError
from ledger.parties.viewers import Viewer

STANDING: Final = """
    SELECT DISTINCT ON (reading.site_id, reading.kind, reading.starts_at, reading.ends_at)
           reading.site_id, reading.kind, reading.starts_at, reading.ends_at, reading.revision,
           reading.quantity, reading.grade, reading.source
    FROM ledger_meter_reading reading
    WHERE reading.site_id = ANY(%(sites)s)
      AND reading.starts_at < %(until)s AND reading.ends_at > %(since)s
    ORDER BY reading.site_id, reading.kind, reading.starts_at, reading.ends_at,
             reading.revision DESC
"""
INSERT: Final = """
    INSERT INTO ledger_meter_reading
        (site_id, kind, starts_at, ends_at, revision, quantity, grade, source,
         recorded_at, recorded_by)
    SELECT site_id, kind, starts_at, ends_at, revision, quantity, grade, source, %(now)s, %(by)s
    FROM unnest(%(sites)s::bigint[], %(kinds)s::text[], %(starts)s::timestamptz[],
                %(ends)s::timestamptz[], %(revisions)s::int[], %(quantities)s::numeric[],
                %(grades)s::text[], %(sources)s::text[])
         AS stated (site_id, kind, starts_at, ends_at, revision, quantity, grade, source)
    ORDER BY site_id, kind, starts_at
"""
LISTED: Final = """
    SELECT reading.id, site.code, reading.kind, reading.starts_at, reading.ends_at,
           reading.revision, reading.quantity, reading.grade, reading.source,
           reading.recorded_at, reading.recorded_by
    FROM ledger_meter_reading reading
    JOIN ledger_site site ON site.id = reading.site_id
    WHERE reading.site_id = ANY(%(sites)s)
      AND (%(kind)s::text IS NULL OR reading.kind = %(kind)s)
      AND (%(since)s::timestamptz IS NULL OR reading.starts_at >= %(since)s)
      AND (%(until)s::timestamptz IS NULL OR reading.starts_at < %(until)s)
      AND (%(before)s::bigint IS NULL OR reading.id < %(before)s)
    ORDER BY reading.id DESC
    LIMIT %(limit)s
"""

Interval = tuple[datetime, datetime]
Meter = tuple[int, str]
"""(site id, kind)"""


@dataclass(frozen=True, slots=True)
class Fault:
    """A reading that was not taken: its place in what was stated, its name, and why."""

    index: int
    reading: str
    detail: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many readings were new, revised an earlier one, or were there already."""

    new: int
    revised: int
    unchanged: int
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadingLine:
    """A reading as it is listed."""

    id: int
    site: str
    kind: str
    starts_at: datetime
    ends_at: datetime
    revision: int
    quantity: Decimal
    grade: str
    source: str
    recorded_at: datetime
    recorded_by: str


class ReadingsInvalid(LedgerError):
    """Some readings cannot be; none of them is recorded."""

    problem = "meter-readings-invalid"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.errors = [
            {"pointer": f"#/{one.index}", "detail": f"{one.reading} {one.detail}"} for one in faults
        ]
        shown = "; ".join(f"{one['pointer']}: {one['detail']}" for one in self.errors[:3])
        more = f" (and {len(self.errors) - 3} more)" if len(self.errors) > 3 else ""  # noqa: PLR2004 - the first three are shown
        super().__init__(f"{shown}{more}; nothing was recorded")


@dataclass(frozen=True, slots=True)
class _Row:
    """A row to be written."""

    site_id: int
    stated: StatedReading
    revision: int


@transaction.atomic
def record(
    viewer: Viewer, stated: Sequence[StatedReading], *, by: str, now: datetime, skip: bool = False
) -> Recorded:
    """Record readings on behalf of a party: those of a known interval as its next revision.

    A reading that says what stands already is passed over. With `skip` those that cannot be are
    named in the answer and the others recorded; without, one such refuses them all.

    :raises ReadingsInvalid: naming each reading that overlaps another, or is not over yet.
    :raises NoSuchSite, SiteShared: if the party does not speak for a site's meter.
    """
    if not stated:
        return Recorded(0, 0, 0)
    known = sites.to_write(viewer, codes={one.site for one in stated})
    sites.hold(site.id for site in known.values())
    judged = _Judged(_standing(stated, [site.id for site in known.values()]))
    for index, one in enumerate(stated):
        judged.take(index, one, site_id=known[one.site].id, now=now)
    if judged.faults and not skip:
        raise ReadingsInvalid(judged.faults)
    _insert(judged.rows, by=by, now=now)
    revised = sum(row.revision > 1 for row in judged.rows)
    return Recorded(
        new=len(judged.rows) - revised,
        revised=revised,
        unchanged=judged.unchanged,
        faults=tuple(judged.faults),
    )


def listed(
    viewer: Viewer,
    *,
    site: str | None,
    kind: str | None,
    span: tuple[datetime | None, datetime | None],
    before: int | None,
    limit: int,
) -> list[ReadingLine]:
    """Return readings that begin in the span, newest first, every revision of them.

    Of one site, or of all at which the viewer serves.

    :raises NoSuchSite: if the viewer does not serve at the site.
    """
    found = sites.sites(viewer) if site is None else [sites.site(viewer, code=site)]
    with connection.cursor() as cursor:
        cursor.execute(
            LISTED,
            {
                "sites": [one.id for one in found],
                "kind": kind,
                "since": span[0],
                "until": span[1],
                "before": before,
                "limit": limit,
            },
        )
        return [ReadingLine(*row) for row in cursor.fetchall()]


class _Judged:
    """Readings as they are held against what stands and against each other."""

    def __init__(self, standing: dict[Meter, dict[Interval, tuple[Any, ...]]]) -> None:
        self.standing = standing
        self.sorted: dict[Meter, list[Interval]] = {
            meter: sorted(intervals) for meter, intervals in standing.items()
        }
        self.stated: set[tuple[Meter, Interval]] = set()
        self.rows: list[_Row] = []
        self.faults: list[Fault] = []
        self.unchanged = 0

    def take(self, index: int, one: StatedReading, *, site_id: int, now: datetime) -> None:
        """Add a reading to the rows, to what is unchanged, or to the faults."""
        meter, interval = (site_id, one.kind), (one.starts_at, one.ends_at)
        if one.ends_at > now:
            self.faults.append(Fault(index, one.name, "is not over yet"))
            return
        if (meter, interval) in self.stated:
            self.faults.append(Fault(index, one.name, "is stated twice here"))
            return
        known = self.standing.get(meter, {}).get(interval)
        if known is None and (other := self._overlapped(meter, interval)) is not None:
            named = f"overlaps the reading from {other[0]:%Y-%m-%d %H:%M} to {other[1]:%Y-%m-%d %H:%M} UTC"  # noqa: E501 - one sentence
            self.faults.append(Fault(index, one.name, named))
            return
        self.stated.add((meter, interval))
        if known is None:
            insort(self.sorted.setdefault(meter, []), interval)
            self.rows.append(_Row(site_id, one, revision=1))
        elif known[1:] == (one.quantity, one.grade, one.source):
            self.unchanged += 1
        else:
            self.rows.append(_Row(site_id, one, revision=known[0] + 1))

    def _overlapped(self, meter: Meter, interval: Interval) -> Interval | None:
        """Return an interval of the meter that shares time with this one."""
        held = self.sorted.get(meter, [])
        at = bisect_left(held, interval)
        for other in held[max(at - 1, 0) : at + 1]:
            if other[0] < interval[1] and interval[0] < other[1]:
                return other
        return None


def _standing(
    stated: Sequence[StatedReading], site_ids: list[int]
) -> dict[Meter, dict[Interval, tuple[Any, ...]]]:
    """Return (revision, quantity, grade, source) by meter and interval near what is stated."""
    standing: dict[Meter, dict[Interval, tuple[Any, ...]]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(
            STANDING,
            {
                "sites": site_ids,
                "since": min(one.starts_at for one in stated),
                "until": max(one.ends_at for one in stated),
            },
        )
        for site_id, kind, starts_at, ends_at, *values in cursor.fetchall():
            standing[site_id, kind][starts_at, ends_at] = tuple(values)
    return standing


def _insert(rows: Sequence[_Row], *, by: str, now: datetime) -> None:
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT,
            {
                "now": now,
                "by": by,
                "sites": [row.site_id for row in rows],
                "kinds": [row.stated.kind for row in rows],
                "starts": [row.stated.starts_at for row in rows],
                "ends": [row.stated.ends_at for row in rows],
                "revisions": [row.revision for row in rows],
                "quantities": [row.stated.quantity for row in rows],
                "grades": [row.stated.grade for row in rows],
                "sources": [row.stated.source for row in rows],
            },
        )
