"""Audit of coverage: it says of each source and quarter hour what the batches hold.

Recomputed event by event from the stored batches, and from the usage journal where a batch's
payload was dropped.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import pyarrow as pa
from django.db import connection, transaction

from ledger.audit.findings import Audit
from ledger.audit.queries import audit
from ledger.tokens import TOKEN_CLASSES
from ledger.usage.columns import from_arrow

BATCHES_AT_ONCE: Final = 20
BATCHES: Final = """
    SELECT id, received_at, events, covered, payload
    FROM ledger_usage_batch
    WHERE id > %(after)s
    ORDER BY id
    LIMIT %(limit)s
"""
COVERED: Final = f"""
    SELECT batch_id, source_id, slot_starts_at, received_at, events, findings, numbered,
           sequences::text, repeated_sequences::text, {", ".join(TOKEN_CLASSES)}
    FROM ledger_coverage
    WHERE batch_id BETWEEN %(first)s AND %(last)s
"""
ENTERED: Final = f"""
    SELECT batch_id, source_id, date_bin('15 minutes', occurred_at, 'epoch'), count(*),
           {", ".join(f"sum({name})::numeric" for name in TOKEN_CLASSES)}
    FROM ledger_usage_entry
    WHERE kind = 'usage' AND batch_id BETWEEN %(first)s AND %(last)s
      AND id NOT IN (SELECT replacement_entry_id FROM ledger_correction
                     WHERE batch_id BETWEEN %(first)s AND %(last)s
                       AND replacement_entry_id IS NOT NULL)
    GROUP BY 1, 2, 3
"""
"""An event that was amended before it was entered does not stand there as it was posted."""

STRAYS: Final = """
    SELECT format('batch %s: has %s rows of coverage, and is not there', batch_id, count(*))
    FROM ledger_coverage covered
    WHERE NOT EXISTS (SELECT FROM ledger_usage_batch batch WHERE batch.id = covered.batch_id)
    GROUP BY batch_id
    UNION ALL
    SELECT format('batch %s: is without coverage, and batches before it have some', id)
    FROM ledger_usage_batch
    WHERE NOT covered AND id > (SELECT min(id) FROM ledger_usage_batch WHERE covered)
    ORDER BY 1
"""
"""Batches without coverage are those that were there before it was kept: all before all others."""

STATED: Final = f"({', '.join(('events', *TOKEN_CLASSES, 'first_sequence', 'last_sequence'))})"
STATEMENTS: Final = f"""
    SELECT format('source %s, window from %s to %s: statement %s is not the next after %s',
                  source_id, starts_at, ends_at, revision, number - 1)
    FROM (
        SELECT source_id, starts_at, ends_at, revision, posted_at, {STATED} AS stated,
               row_number() OVER along AS number, lag(posted_at) OVER along AS posted_before,
               lag({STATED}) OVER along AS stated_before
        FROM ledger_manifest
        WINDOW along AS (PARTITION BY source_id, starts_at, ends_at ORDER BY revision)
    ) manifest
    WHERE revision <> number OR posted_at < posted_before
       OR (number > 1 AND stated IS NOT DISTINCT FROM stated_before)
    ORDER BY source_id, starts_at, ends_at, revision
"""
"""A statement that says what the one before says is not kept."""

SLOT_MINUTES: Final = 15

Place = tuple[int, datetime]


@dataclass(slots=True)
class Held:
    """What a batch holds of one source and quarter hour."""

    events: int = 0
    findings: int = 0
    tokens: list[int] = field(default_factory=lambda: [0] * len(TOKEN_CLASSES))
    numbers: Counter[int] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Batch:
    """A stored batch."""

    id: int
    received_at: datetime
    size: int
    covered: bool
    payload: bytes | None


def _coverage() -> Iterator[str]:
    after = 0
    with transaction.atomic():
        while batches := _batches(after):
            span = {"first": batches[0].id, "last": batches[-1].id}
            covered, entered = _rows(COVERED, span), _rows(ENTERED, span)
            for batch in batches:
                yield from _faults(batch, covered[batch.id], entered[batch.id])
            after = batches[-1].id


def _batches(after: int) -> list[Batch]:
    with connection.cursor() as cursor:
        cursor.execute(BATCHES, {"after": after, "limit": BATCHES_AT_ONCE})
        return [Batch(*row) for row in cursor.fetchall()]


def _events(batch: Batch) -> Sequence[Mapping[str, Any]] | None:
    """Return a batch's events; None where its payload is gone, or cannot be read.

    The audit `bodies` names those that cannot be read.
    """
    if batch.payload is None:
        return None
    try:
        table = from_arrow(bytes(batch.payload))
        table.validate(full=True)
        wanted = ["source_id", "occurred_at", "sequence", "finding", *TOKEN_CLASSES]
        events: list[dict[str, Any]] = table.select(wanted).to_pylist()
    except (pa.ArrowException, OSError, ValueError, KeyError):
        return None
    return events


def _rows(sql: str, span: Mapping[str, int]) -> dict[int, dict[Place, tuple[Any, ...]]]:
    """Return, per batch, source and quarter hour, what a row says of it."""
    rows: dict[int, dict[Place, tuple[Any, ...]]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(sql, span)
        for batch_id, source_id, slot, *values in cursor:
            rows[batch_id][source_id, slot] = tuple(values)
    return rows


def _faults(
    batch: Batch,
    covered: Mapping[Place, tuple[Any, ...]],
    entered: Mapping[Place, tuple[Any, ...]],
) -> Iterator[str]:
    if not batch.covered:
        if covered:
            yield f"batch {batch.id}: has coverage, and is marked as one without"
        return
    if {received_at for received_at, *_ in covered.values()} - {batch.received_at}:
        yield f"batch {batch.id}: its coverage says that it was received at another time"
    said = {place: tuple(values) for place, (_, *values) in covered.items()}
    if (events := _events(batch)) is not None:
        held = _held(events, received_at=batch.received_at)
        wanted = {place: _said(one) for place, one in held.items()}
    else:
        if sum(events for events, *_ in said.values()) != batch.size:
            yield f"batch {batch.id}: its coverage counts other than its {batch.size} events"
        if sum(events for events, *_ in entered.values()) != batch.size:
            return  # some are set aside or archived: nothing is left to add up
        said = {place: (values[0], *values[5:]) for place, values in said.items()}
        wanted = {place: tuple(map(int, values)) for place, values in entered.items()}
    for source_id, slot in sorted(wanted.keys() | said.keys()):
        if wanted.get((source_id, slot)) != said.get((source_id, slot)):
            yield (
                f"batch {batch.id}, source {source_id}, quarter hour from "
                f"{slot:%Y-%m-%d %H:%M} UTC: its coverage is not what the batch holds"
            )


def _held(events: Sequence[Mapping[str, Any]], *, received_at: datetime) -> dict[Place, Held]:
    """Add up a batch, event by event."""
    found: dict[Place, Held] = defaultdict(Held)
    for event in events:
        at: datetime = event["occurred_at"] or received_at
        slot = at.replace(minute=at.minute - at.minute % SLOT_MINUTES, second=0, microsecond=0)
        held = found[event["source_id"], slot]
        held.events += 1
        held.findings += event["finding"] is not None
        held.tokens = [
            so_far + event[name] for so_far, name in zip(held.tokens, TOKEN_CLASSES, strict=True)
        ]
        if event["sequence"] is not None:
            held.numbers[event["sequence"]] += 1
    return found


def _said(held: Held) -> tuple[Any, ...]:
    """Return what the row must say after its time of receipt."""
    return (
        held.events,
        held.findings,
        held.numbers.total(),
        _written(held.numbers),
        _written(number for number, events in held.numbers.items() if events > 1),
        *held.tokens,
    )


def _written(numbers: Iterable[int]) -> str | None:
    """Write numbers as PostgreSQL writes a multirange of them; None if there are none.

    >>> _written([7, 1, 2])
    '{[1,3),[7,8)}'
    """
    ranges: list[list[int]] = []
    for number in sorted(numbers):
        if ranges and ranges[-1][1] == number:
            ranges[-1][1] += 1
        else:
            ranges.append([number, number + 1])
    return "{" + ",".join(f"[{first},{end})" for first, end in ranges) + "}" if ranges else None


AUDITS: Final[tuple[Audit, ...]] = (
    Audit("coverage", "Coverage says what the batches hold", _coverage),
    audit("coverage-batches", "Coverage is of batches, and of all since it began", STRAYS),
    audit("manifests", "Statements of a window follow one another", STATEMENTS),
)
