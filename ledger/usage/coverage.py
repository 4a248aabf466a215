"""What arrived, by source and quarter hour: written beside each batch, in its transaction.

From these rows is read what is missing (`ledger.usage.gaps`), without looking into a batch again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from django.db import connection

from ledger.tokens import TOKEN_CLASSES
from ledger.usage.identity import EPOCH, microseconds

SLOT: Final = timedelta(minutes=15)
SLOT_MICROSECONDS: Final = 900_000_000

Integers = npt.NDArray[np.int64]

INSERT: Final = f"""
    INSERT INTO ledger_coverage
        (batch_id, source_id, slot_starts_at, received_at, events, findings, numbered,
         {", ".join(TOKEN_CLASSES)}, sequences, repeated_sequences)
    SELECT %(batch)s, source_id, slot_starts_at, %(received_at)s, events, findings, numbered,
           {", ".join(TOKEN_CLASSES)}, sequences::int8multirange, repeated::int8multirange
    FROM unnest(
        %(sources)s::bigint[], %(slots)s::timestamptz[], %(events)s::int[], %(findings)s::int[],
        %(numbered)s::int[], {", ".join(f"%({name})s::bigint[]" for name in TOKEN_CLASSES)},
        %(sequences)s::text[], %(repeated)s::text[]
    ) AS slot (
        source_id, slot_starts_at, events, findings,
        numbered, {", ".join(TOKEN_CLASSES)},
        sequences, repeated
    )
"""


@dataclass(frozen=True, slots=True)
class Slots:
    """What a batch holds of each source and quarter hour, as columns of equal length.

    `numbered` events carry a sequence number; `sequences` are these numbers as PostgreSQL writes
    an int8multirange, and `repeated` those that more than one event carries. None stands for none.
    """

    sources: list[int]
    slots: list[datetime]
    events: list[int]
    findings: list[int]
    numbered: list[int]
    tokens: Mapping[str, list[int]]
    sequences: list[str | None]
    repeated: list[str | None]


def record(*, batch_id: int, columns: pa.RecordBatch, received_at: datetime) -> None:
    """Write what a batch holds of each source and quarter hour."""
    slots = summed(columns, received_at=received_at)
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT,
            {
                "batch": batch_id,
                "received_at": received_at,
                "sources": slots.sources,
                "slots": slots.slots,
                "events": slots.events,
                "findings": slots.findings,
                "numbered": slots.numbered,
                **slots.tokens,
                "sequences": slots.sequences,
                "repeated": slots.repeated,
            },
        )


def summed(columns: pa.RecordBatch, *, received_at: datetime) -> Slots:
    """Add up the events of each source and quarter hour; one without a time counts at its receipt.

    Nothing can wrap: a batch holds at most 10,000 events, and a count is at most 10^9.
    """
    times = columns["occurred_at"].cast(pa.int64())
    slots = _filled(times, microseconds(received_at)) // SLOT_MICROSECONDS
    sources = _filled(columns["source_id"], 0)
    sequences = _filled(columns["sequence"], -1)
    order = np.lexsort((sequences, slots, sources))
    slots, sources, sequences = slots[order], sources[order], sequences[order]
    begins = _changes(slots) | _changes(sources)
    starts = np.flatnonzero(begins)
    groups = np.cumsum(begins) - 1

    def total(values: Integers) -> list[int]:
        return list(np.add.reduceat(values[order], starts).tolist())

    findings = columns["finding"].is_valid().to_numpy(zero_copy_only=False).astype(np.int64)
    is_numbered = sequences >= 0
    groups_of, numbers = groups[is_numbered], sequences[is_numbered]
    is_again = ~(_changes(groups_of) | _changes(numbers))
    return Slots(
        sources=sources[starts].tolist(),
        slots=[EPOCH + slot * SLOT for slot in slots[starts].tolist()],
        events=np.diff(starts, append=len(order)).tolist(),
        findings=total(findings),
        numbered=np.bincount(groups_of, minlength=len(starts)).tolist(),
        tokens={name: total(_filled(columns[name], 0)) for name in TOKEN_CLASSES},
        sequences=_multiranges(groups_of[~is_again], numbers[~is_again], of=len(starts)),
        repeated=_multiranges(groups_of[is_again], numbers[is_again], of=len(starts)),
    )


def _filled(column: Any, value: int) -> Integers:
    """Return a column of integers with a value in the place of each null."""
    whole = column.fill_null(value) if column.null_count else column
    found: Integers = whole.to_numpy()
    return found


def _changes(values: Integers) -> npt.NDArray[np.bool_]:
    """Mark each value that differs from the one before it, and so the first."""
    changes: npt.NDArray[np.bool_] = np.diff(values, prepend=values[:1] - 1) != 0
    return changes


def _multiranges(groups: Integers, numbers: Integers, *, of: int) -> list[str | None]:
    """Write the numbers of each group, sorted, as multiranges; a number may stand there twice.

    >>> _multiranges(np.array([0, 0, 0, 2, 2]), np.array([3, 4, 9, 5, 5]), of=3)
    ['{[3,5),[9,10)}', None, '{[5,6)}']
    """
    written: list[str | None] = [None] * of
    for group, runs in groupby(_runs(groups, numbers), key=itemgetter(0)):
        written[group] = "{" + ",".join(f"[{first},{last + 1})" for _, first, last in runs) + "}"
    return written


def _runs(groups: Integers, numbers: Integers) -> Iterator[tuple[int, int, int]]:
    """Yield (group, first, last) of numbers that follow one another."""
    steps = np.diff(numbers, prepend=numbers[:1] - 2)
    starts = np.flatnonzero(_changes(groups) | (steps > 1))
    ends = np.append(starts[1:], len(numbers)) - 1
    return zip(
        groups[starts].tolist(),
        numbers[starts].tolist(),
        numbers[ends].tolist() if len(starts) else [],
        strict=True,
    )
