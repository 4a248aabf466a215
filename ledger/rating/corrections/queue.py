"""The queue of corrections: which can be tried, what came before them, and what becomes of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from ledger.rating.archive.records import AWAY_MONTH
from ledger.rating.partitions import MONTH_ARCHIVED
from ledger.rating.rate import WITHOUT_REGION
from ledger.usage.models import Correction

NOT_RECORDED: Final = "not_recorded"
NOT_RATED: Final = "not_rated"
FINAL_NOT_ENTERED: Final = "final_not_entered"
BUSY: Final = "busy"
"""What a correction waits for that other events bring, and no publication; `busy`: a worker is just
entering the event."""

FINAL_ENTERED: Final = """EXISTS (
        SELECT FROM ledger_usage_batch final
        WHERE final.id = correction.final_batch_id AND final.state = 'rated'
          AND NOT EXISTS (
                SELECT FROM ledger_set_aside aside
                WHERE aside.batch_id = correction.final_batch_id
                  AND aside.row = correction.final_row))
"""
"""True as well of a final event that was voided instead."""

IS_AWAY: Final = AWAY_MONTH.format(at="correction.occurred_at")
CLAIM: Final = f"""
    SELECT correction.id, correction.provider_id, correction.key, correction.number,
           correction.act, correction.event_id, correction.final_event_id, source.id,
           correction.consumer, correction.project, correction.deployment, correction.status,
           correction.counts, correction.attributes::text, correction.attempts,
           batch.id, COALESCE(batch.state = 'rated', false), {FINAL_ENTERED},
           EXISTS (
                SELECT FROM ledger_correction other
                WHERE other.batch_id = correction.final_batch_id
                  AND other.row = correction.final_row
                  AND other.state = 'applied' AND other.act <> 'amend'
                  AND other.reversed_entry_id IS NULL)
    FROM ledger_correction correction
    LEFT JOIN ledger_event_key registered
        ON registered.provider_id = correction.provider_id AND registered.key = correction.key
    LEFT JOIN ledger_usage_batch batch ON batch.id = registered.batch_id
    LEFT JOIN ledger_source source
        ON source.provider_id = correction.provider_id AND source.uri = correction.source
    WHERE correction.state = 'waiting'
      AND (%(only)s::bigint[] IS NULL OR correction.id = ANY(%(only)s))
      AND (correction.next_attempt_at <= %(now)s
           OR (correction.lack = '{NOT_RATED}' AND batch.state = 'rated')
           OR (correction.lack = '{FINAL_NOT_ENTERED}' AND {FINAL_ENTERED})
           OR (correction.lack = '{MONTH_ARCHIVED}' AND correction.occurred_at IS NOT NULL
               AND NOT {IS_AWAY})
           OR EXISTS (
                SELECT FROM ledger_publication publication
                WHERE publication.id > correction.judged_by_publication
                  AND publication.provides
                      && ARRAY[correction.missing, {WITHOUT_REGION.format("correction.missing")}])
           OR (correction.lack NOT IN
                    ('', '{NOT_RECORDED}', '{NOT_RATED}', '{FINAL_NOT_ENTERED}', '{BUSY}',
                     '{MONTH_ARCHIVED}')
               AND EXISTS (
                SELECT FROM ledger_correction later
                WHERE later.provider_id = correction.provider_id AND later.key = correction.key
                  AND later.number > correction.number)))
      AND NOT EXISTS (
            SELECT FROM ledger_correction earlier
            WHERE earlier.provider_id = correction.provider_id AND earlier.key = correction.key
              AND earlier.number < correction.number
              AND earlier.state NOT IN ('applied', 'refused'))
    ORDER BY correction.next_attempt_at, correction.id
    LIMIT %(limit)s
    FOR UPDATE OF correction SKIP LOCKED
"""
"""That an earlier one waits is said by what it is not: else the index of what waits, which looks
short to the planner until the table is analysed, would be gone through once per correction.

The oldest that waits for each event, if it is due, or what it waited for has come, or another
correction of the event has: then this one gives way if it still cannot be applied."""

HISTORY: Final = """
    SELECT provider_id, key, id, number, act, state, reason, batch_id, row, occurred_at,
           replacement_entry_id
    FROM ledger_correction
    JOIN unnest(%(providers)s::bigint[], %(keys)s::uuid[]) AS wanted (provider_id, key)
        USING (provider_id, key)
    ORDER BY provider_id, key, number
"""
POSTPONE: Final = """
    UPDATE ledger_correction correction
    SET attempts = correction.attempts + 1, next_attempt_at = later.next_attempt_at,
        lack = later.lack, missing = later.missing, detail = later.detail,
        judged_by_publication = %(revision)s,
        batch_id = COALESCE(correction.batch_id, later.batch_id),
        row = COALESCE(correction.row, later.row),
        occurred_at = COALESCE(correction.occurred_at, later.occurred_at)
    FROM unnest(%(ids)s::bigint[], %(times)s::timestamptz[], %(lacks)s::text[],
                %(missing)s::text[], %(details)s::text[], %(batches)s::bigint[],
                %(rows)s::integer[], %(occurred)s::timestamptz[])
         AS later (id, next_attempt_at, lack, missing, detail, batch_id, row, occurred_at)
    WHERE correction.id = later.id AND correction.state = 'waiting'
"""
DECIDE: Final = """
    UPDATE ledger_correction correction
    SET state = CASE decided.outcome WHEN '' THEN 'applied' ELSE 'refused' END,
        decided_at = %(now)s, outcome = decided.outcome,
        lack = '', missing = '', detail = '',
        batch_id = COALESCE(correction.batch_id, decided.batch_id),
        row = COALESCE(correction.row, decided.row),
        occurred_at = COALESCE(correction.occurred_at, decided.occurred_at),
        reversed_entry_id = decided.reversed_entry_id,
        reversal_entry_id = decided.reversal_entry_id,
        replacement_entry_id = decided.replacement_entry_id
    FROM unnest(%(ids)s::bigint[], %(outcomes)s::text[], %(batches)s::bigint[],
                %(rows)s::integer[], %(occurred)s::timestamptz[], %(reversed)s::bigint[],
                %(reversals)s::bigint[], %(replacements)s::bigint[])
         AS decided (id, outcome, batch_id, row, occurred_at, reversed_entry_id,
                     reversal_entry_id, replacement_entry_id)
    WHERE correction.id = decided.id AND correction.state = 'waiting'
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event is: its batch and row there, and when it occurred."""

    batch_id: int
    row: int
    occurred_at: datetime

    @property
    def in_batch(self) -> tuple[int, int]:
        """Return its batch and row."""
        return self.batch_id, self.row


@dataclass(frozen=True, slots=True)
class Change:
    """What an amendment states; None leaves it as it is."""

    consumer: str | None
    project: str | None
    deployment: str | None
    status: str | None
    counts: Sequence[int] | None
    attributes: str | None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A correction that is locked, and how far its event and the final one are."""

    id: int
    provider_id: int
    key: UUID
    number: int
    act: str
    event_id: str
    final_event_id: str | None
    source_id: int
    change: Change
    attempts: int
    batch_id: int | None
    is_rated: bool
    final_is_entered: bool
    final_is_void: bool


@dataclass(frozen=True, slots=True)
class Step:
    """A correction of the same event, before or after."""

    id: int
    number: int
    act: str
    state: str
    reason: str
    place: Place | None
    replacement_entry_id: int | None


@dataclass(frozen=True, slots=True)
class Postponed:
    """A correction that cannot be applied yet, and what it lacks."""

    id: int
    until: datetime
    lack: str
    missing: str = ""
    detail: str = ""
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """A correction that is applied, or with an outcome refused; and the usage entries of it."""

    id: int
    outcome: str = ""
    place: Place | None = None
    reversed_entry_id: int | None = None
    reversal_entry_id: int | None = None
    replacement_entry_id: int | None = None


def claim(*, now: datetime, limit: int, only: Iterable[int] | None) -> list[Claimed]:
    """Lock the oldest corrections that can be tried, one an event at most."""
    named = None if only is None else sorted(only)
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"now": now, "limit": limit, "only": named})
        return [_claimed(row) for row in cursor.fetchall()]


def _claimed(row: tuple[Any, ...]) -> Claimed:
    values = [*row[:8], Change(*row[8:14]), *row[14:]]
    return Claimed(*values)


def history(claimed: Sequence[Claimed]) -> Mapping[tuple[int, UUID], list[Step]]:
    """Return all corrections of the same events, ascending by number."""
    steps: dict[tuple[int, UUID], list[Step]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            HISTORY,
            {
                "providers": [one.provider_id for one in claimed],
                "keys": [one.key for one in claimed],
            },
        )
        for provider_id, key, *step in cursor.fetchall():
            place = None if step[7] is None else Place(*step[5:8])
            values = [*step[:5], place, step[8]]
            steps[provider_id, key].append(Step(*values))
    return steps


def postpone(postponed: Sequence[Postponed], *, revision: int) -> None:
    """Let corrections wait longer, and say for what; `revision` of the catalogue lacked it."""
    if not postponed:
        return
    _update(
        POSTPONE,
        postponed,
        {
            "revision": revision,
            "times": [one.until for one in postponed],
            "lacks": [one.lack for one in postponed],
            "missing": [one.missing for one in postponed],
            "details": [one.detail for one in postponed],
        },
    )


def decide(decided: Sequence[Decided], *, now: datetime) -> None:
    """Mark corrections as applied or refused, for good."""
    if not decided:
        return
    _update(
        DECIDE,
        decided,
        {
            "now": now,
            "outcomes": [one.outcome for one in decided],
            "reversed": [one.reversed_entry_id for one in decided],
            "reversals": [one.reversal_entry_id for one in decided],
            "replacements": [one.replacement_entry_id for one in decided],
        },
    )


def _update(
    sql: str, corrections: Sequence[Postponed] | Sequence[Decided], parameters: dict[str, Any]
) -> None:
    places = [one.place for one in corrections]
    with connection.cursor() as cursor:
        cursor.execute(
            sql,
            {
                "ids": [one.id for one in corrections],
                "batches": [place and place.batch_id for place in places],
                "rows": [None if place is None else place.row for place in places],
                "occurred": [place and place.occurred_at for place in places],
                **parameters,
            },
        )
        assert cursor.rowcount == len(corrections), "claimed corrections cannot change under us"


def later(claimed: Claimed, steps: Sequence[Step]) -> Step | None:
    """Return the correction of the same event that follows."""
    return next((one for one in steps if one.number > claimed.number), None)


def last_applied(steps: Sequence[Step]) -> Step | None:
    """Return the correction that made the event what it is now; None if it is as it was posted."""
    applied = [one for one in steps if one.state == Correction.State.APPLIED]
    return applied[-1] if applied else None
