"""A batch's events as columns, and the Arrow stream in which they are stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import pyarrow as pa
import rfc8785

from ledger.tokens import TOKEN_CLASSES

_NAMES: Final = pa.dictionary(pa.int32(), pa.string())
SCHEMA: Final = pa.schema(
    [
        ("event_id", pa.string()),
        ("source_id", pa.int64()),
        ("consumer", _NAMES),
        ("project", _NAMES),
        ("deployment", _NAMES),
        ("occurred_at", pa.timestamp("us", tz="UTC")),
        *((name, pa.int64()) for name in TOKEN_CLASSES),
        ("status", _NAMES),
        ("attributes", pa.string()),
    ]
)
"""`occurred_at` is null where the sender gave no time: the batch's receipt stands for it."""


@dataclass(frozen=True, slots=True)
class Record:
    """One usage event as its sender wrote it; `index` is its place in the request."""

    index: int
    source: str
    event_id: str
    occurred_at: datetime | None
    consumer: str
    project: str
    deployment: str
    counts: tuple[int, ...]
    status: str
    attributes: Mapping[str, Any] | None = field(default=None)


def to_arrow(records: Sequence[Record], *, source_ids: Mapping[str, int]) -> bytes:
    """Return the records as one Arrow IPC stream, dictionaries for names, zstd inside."""
    columns: list[Any] = [
        [record.event_id for record in records],
        [source_ids[record.source] for record in records],
        _names([record.consumer for record in records]),
        _names([record.project for record in records]),
        _names([record.deployment for record in records]),
        [record.occurred_at for record in records],
        *zip(*(record.counts for record in records), strict=True),
        _names([record.status for record in records]),
        [attributes_json(record.attributes) for record in records],
    ]
    arrays = [
        column if isinstance(column, pa.Array) else pa.array(column, type=kind)
        for column, kind in zip(columns, SCHEMA.types, strict=True)
    ]
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, SCHEMA, options=options) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=SCHEMA))
    return bytes(sink.getvalue())


def from_arrow(payload: bytes) -> pa.Table:
    """Return a stored batch as a table with the columns of SCHEMA."""
    with pa.ipc.open_stream(payload) as reader:
        return reader.read_all()


def attributes_json(attributes: Mapping[str, Any] | None) -> str | None:
    """Return attributes as canonical JSON (RFC 8785); None when there are none."""
    return rfc8785.dumps(attributes).decode() if attributes else None


def _names(values: Sequence[str]) -> pa.Array:
    return pa.array(values, type=pa.string()).dictionary_encode().cast(_NAMES)
