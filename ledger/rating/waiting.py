"""What is recorded and not yet in the books: batches in the queue, events set aside."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection

from ledger.rating.events import StoredBatch, occurred_us
from ledger.usage.identity import microseconds

COUNT: Final = """
    SELECT
        (SELECT count(*) FROM ledger_usage_batch
         WHERE state = 'pending' AND provider_id = ANY(%(providers)s)),
        (SELECT count(*) FROM ledger_set_aside
         WHERE provider_id = ANY(%(providers)s)
           AND occurred_at >= %(starts_at)s AND occurred_at < %(ends_at)s),
        (SELECT count(*) FROM ledger_correction
         WHERE state = 'waiting' AND provider_id = ANY(%(providers)s)
           AND lack <> 'not_recorded'
           AND (occurred_at IS NULL
                OR (occurred_at >= %(starts_at)s AND occurred_at < %(ends_at)s)))
"""
"""A correction of an event that never came has nothing to change in any month."""

PENDING: Final = """
    SELECT id, provider_id, received_at, payload
    FROM ledger_usage_batch
    WHERE state = 'pending' AND id > %(after)s AND received_at >= %(received_from)s
    ORDER BY id
    LIMIT %(limit)s
"""
ASIDE: Final = """
    SELECT
        (SELECT count(*) FROM ledger_set_aside
         WHERE occurred_at >= %(starts_at)s AND occurred_at < %(ends_at)s),
        (SELECT count(*) FROM ledger_correction
         WHERE state = 'waiting' AND lack <> 'not_recorded'
           AND (occurred_at IS NULL
                OR (occurred_at >= %(starts_at)s AND occurred_at < %(ends_at)s)))
"""
OPEN_PERIODS: Final = """
    WITH entries AS MATERIALIZED (
        SELECT DISTINCT journal_entry_id
        FROM ledger_usage_entry
        WHERE occurred_at >= %(starts_at)s AND occurred_at < %(ends_at)s
    )
    SELECT DISTINCT agreement.code || ' ' || to_char(period.starts_on, 'YYYY-MM')
    FROM entries
    JOIN ledger_journal_entry entry ON entry.id = entries.journal_entry_id
    JOIN ledger_period period ON period.id = entry.period_id
    JOIN ledger_agreement agreement ON agreement.id = period.agreement_id
    WHERE period.state <> 'closed'
    ORDER BY 1
"""
BATCHES_AT_ONCE: Final = 50
CLOCKS_DIFFER_BY: Final = timedelta(hours=1)
"""How much later than its receipt an event may be, by its sender's clock."""


@dataclass(frozen=True, slots=True)
class Unsettled:
    """What of a span of instants still moves: where it is booked, and what is not yet booked."""

    open_periods: list[str]
    waiting: int
    set_aside: int
    corrections: int = 0

    def __bool__(self) -> bool:
        return bool(self.open_periods or self.waiting or self.set_aside or self.corrections)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What may still fall into a span: whole batches, whose times are not known yet, and events.

    Corrections are among it whose event is of the span, or may be.
    """

    batches: int
    set_aside: int
    corrections: int = 0

    def __bool__(self) -> bool:
        return bool(self.batches or self.set_aside or self.corrections)


def waiting(*, provider_ids: Iterable[int], starts_at: datetime, ends_at: datetime) -> Waiting:
    """Count what these providers posted that could still be booked in starts_at <= t < ends_at."""
    with connection.cursor() as cursor:
        cursor.execute(
            COUNT,
            {
                "providers": sorted(set(provider_ids)),
                "starts_at": starts_at,
                "ends_at": ends_at,
            },
        )
        return Waiting(*cursor.fetchone())


def unsettled(*, starts_at: datetime, ends_at: datetime) -> Unsettled:
    """Return what still moves of the events in starts_at <= t < ends_at, of all providers.

    Batches that wait are read, since only their events say when they were.
    """
    span = {"starts_at": starts_at, "ends_at": ends_at}
    with connection.cursor() as cursor:
        cursor.execute(OPEN_PERIODS, span)
        open_periods = [name for (name,) in cursor.fetchall()]
        cursor.execute(ASIDE, span)
        set_aside, corrections = cursor.fetchone()
    return Unsettled(open_periods, _waiting_events(**span), set_aside, corrections)


def _waiting_events(*, starts_at: datetime, ends_at: datetime) -> int:
    first, last = microseconds(starts_at), microseconds(ends_at)
    after = found = 0
    while True:
        with connection.cursor() as cursor:
            # Some batches at a time, however many wait: their payloads are large.
            cursor.execute(
                PENDING,
                {
                    "after": after,
                    "received_from": starts_at - CLOCKS_DIFFER_BY,
                    "limit": BATCHES_AT_ONCE,
                },
            )
            rows = cursor.fetchall()
        for id_, provider_id, received_at, payload in rows:
            times = occurred_us(StoredBatch(id_, provider_id, received_at, bytes(payload)))
            found += int(((times >= first) & (times < last)).sum())
            after = id_
        if len(rows) < BATCHES_AT_ONCE:
            return found
