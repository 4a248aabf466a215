"""What came late: long after its quarter hour, or after a manifest of its window was posted."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from ledger.usage.completeness.spans import Span

ARRIVED: Final = """
    slots AS MATERIALIZED (
        -- When it was first said what had been sent of a quarter hour.
        SELECT source_id, slot_starts_at, stated.posted_at
        FROM (
            SELECT DISTINCT source_id, slot_starts_at
            FROM ledger_coverage
            WHERE source_id = ANY(%(sources)s)
              AND slot_starts_at >= %(starts_at)s AND slot_starts_at < %(ends_at)s
        ) slot
        CROSS JOIN LATERAL (
            SELECT min(posted_at) AS posted_at
            FROM ledger_manifest manifest
            WHERE manifest.source_id = slot.source_id
              AND starts_at <= slot.slot_starts_at
              AND starts_at > slot.slot_starts_at - '31 days'::interval
              AND ends_at > slot.slot_starts_at
        ) stated
    ), arrived AS (
        SELECT coverage.*,
               received_at > slot_starts_at + '15 minutes'::interval + %(late_after)s
               OR COALESCE(received_at > slots.posted_at, false) AS is_late
        FROM slots
        JOIN ledger_coverage coverage USING (source_id, slot_starts_at)
    )
"""
"""Rows of coverage in a span, `arrived`, with whether they came late."""

SLOTS: Final = f"""
    WITH {ARRIVED}, late AS (
        SELECT slot_starts_at, sum(events) AS events, min(received_at) AS first_received_at,
               max(received_at) AS last_received_at
        FROM arrived
        WHERE is_late
        GROUP BY slot_starts_at
    )
    SELECT slot_starts_at, events, first_received_at, last_received_at,
           count(*) OVER (), sum(events) OVER ()
    FROM late
    ORDER BY slot_starts_at
    LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class LateSlot:
    """A quarter hour of which events came late."""

    starts_at: datetime
    events: int
    first_received_at: datetime
    last_received_at: datetime


@dataclass(frozen=True, slots=True)
class Late:
    """The first quarter hours with late events, and how many such hours and events there are."""

    slots_in_all: int
    events: int
    slots: list[LateSlot]


def late(source_id: int, *, span: Span, late_after: timedelta, limit: int) -> Late:
    """Return what came late of a source, by quarter hour of occurrence."""
    parameters: dict[str, Any] = {
        "sources": [source_id],
        "starts_at": span.starts_at,
        "ends_at": span.ends_at,
        "late_after": late_after,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(SLOTS, parameters)
        rows = cursor.fetchall()
    if not rows:
        return Late(0, 0, [])
    slots_in_all, events = rows[0][4:]
    slots = [LateSlot(starts_at, int(many), *when) for starts_at, many, *when, _, _ in rows]
    return Late(slots_in_all, int(events), slots)
