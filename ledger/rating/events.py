"""The events of a claim as columns, read back from the batches that hold them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ledger.service_tiers import STANDARD
from ledger.tokens import PROMPT_CLASSES, TOKEN_CLASSES
from ledger.usage.columns import from_arrow
from ledger.usage.identity import microseconds

Integers = npt.NDArray[np.int64]
PACKED_LIMIT: Final = 2**62


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """A batch as it was claimed; `rows` picks some of its events, None means all."""

    id: int
    provider_id: int
    received_at: datetime
    payload: bytes
    rows: Sequence[int] | None = None


@dataclass(frozen=True, slots=True)
class Names:
    """A column of names: `codes` index into `values`."""

    codes: Integers
    values: list[str]


@dataclass(frozen=True, slots=True)
class Events:
    """n events as columns of length n; times are microseconds since 1970-01-01 UTC.

    `findings` says, by index, why the counts of an event cannot be believed; `supersedes`, which
    events replace another. `written` holds, as JSON, the names that a source wrote where others
    stand here; None if it nowhere did.
    """

    batch_id: Integers
    row: Integers
    provider_id: Integers
    source_id: Integers
    occurred_us: Integers
    counts: list[Integers]
    consumer: Names
    project: Names
    deployment: Names
    status: Names
    service_tier: Names
    event_id: list[str]
    attributes: list[str | None]
    findings: dict[int, str]
    supersedes: dict[int, str]
    written: Names | None = None

    def __len__(self) -> int:
        return len(self.event_id)

    @property
    def prompt_tokens(self) -> Integers:
        """What decides the context band: every class that the model reads."""
        total = np.zeros(len(self), dtype=np.int64)
        for name, column in zip(TOKEN_CLASSES, self.counts, strict=True):
            if name in PROMPT_CLASSES:
                total += column
        return total


def read(batches: Sequence[StoredBatch]) -> Events:
    """Return the batches' events, in the order of the batches and of their rows."""
    tables, rows = [], []
    for batch in batches:
        table = from_arrow(batch.payload)
        chosen = np.arange(len(table)) if batch.rows is None else np.array(batch.rows)
        tables.append(table if batch.rows is None else table.take(pa.array(chosen)))
        rows.append(chosen)
    table = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    lengths = [len(chosen) for chosen in rows]
    received_us = _repeat([microseconds(batch.received_at) for batch in batches], lengths)
    return Events(
        batch_id=_repeat([batch.id for batch in batches], lengths),
        row=np.concatenate(rows).astype(np.int64),
        provider_id=_repeat([batch.provider_id for batch in batches], lengths),
        source_id=_integers(table["source_id"]),
        occurred_us=_filled(table["occurred_at"], received_us),
        counts=[_integers(table[name]) for name in TOKEN_CLASSES],
        consumer=_names(table["consumer"]),
        project=_names(table["project"]),
        deployment=_names(table["deployment"]),
        status=_names(table["status"]),
        service_tier=_tiers(table["service_tier"]),
        event_id=table["event_id"].to_pylist(),
        attributes=table["attributes"].to_pylist(),
        findings=_by_index(table["finding"]),
        supersedes=_by_index(table["supersedes"]),
    )


def distinct(
    columns: Sequence[Integers],
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the first index of each distinct combination, and each event's combination."""
    packed = np.zeros(len(columns[0]), dtype=np.int64)
    size = 1
    for column in columns:
        values, codes = np.unique(column, return_inverse=True)
        if size * len(values) >= PACKED_LIMIT:
            found, packed = np.unique(packed, return_inverse=True)
            size = len(found)
        packed = packed * len(values) + codes
        size *= len(values)
    _, first, inverse = np.unique(packed, return_index=True, return_inverse=True)
    return first, inverse


def occurred_us(batch: StoredBatch) -> Integers:
    """Return when all the batch's events occurred, in microseconds since 1970-01-01 UTC."""
    table = from_arrow(batch.payload)
    return _filled(table["occurred_at"], _repeat([microseconds(batch.received_at)], [len(table)]))


def _repeat(values: Sequence[int], lengths: Sequence[int]) -> Integers:
    return np.repeat(np.array(values, dtype=np.int64), lengths)


def _integers(column: Any) -> Integers:
    return column.combine_chunks().to_numpy(zero_copy_only=False)  # type: ignore[no-any-return] # pyarrow is untyped


def _filled(column: Any, otherwise: Integers) -> Integers:
    """Return microseconds, taking the batch's receipt where the sender gave no time."""
    array = column.combine_chunks()
    known = array.is_valid().to_numpy(zero_copy_only=False)
    values = array.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    return np.where(known, values, otherwise)


def _by_index(column: Any) -> dict[int, str]:
    """Return what is not null, which is hardly ever anything."""
    if column.null_count == len(column):
        return {}
    return {index: text for index, text in enumerate(column.to_pylist()) if text is not None}


def _tiers(column: Any) -> Names:
    """Return the tiers, the standard one first: null stands for it."""
    if column.null_count == len(column):
        return Names(np.zeros(len(column), dtype=np.int64), [STANDARD])
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0)
    codes = array.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64) + 1
    return Names(codes, [STANDARD, *array.dictionary.to_pylist()])


def _names(column: Any) -> Names:
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0)
    return Names(
        codes=array.indices.to_numpy(zero_copy_only=False).astype(np.int64),
        values=array.dictionary.to_pylist(),
    )
