"""A batch's events as columns, and the Arrow stream in which they are stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import pyarrow as pa
import rfc8785

from ledger import service_tiers
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
        ("supersedes", pa.string()),
        ("sequence", pa.int64()),
        ("said", pa.string()),
        ("finding", pa.string()),
        ("service_tier", _NAMES),
    ]
)
"""`occurred_at` is null where the sender gave no time: the batch's receipt stands for it.

`service_tier` is null where it is the standard one; it is read from the attributes.
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """Why an event's counts cannot be believed: it is kept, and not priced.

    `readings` are the ways to read them, each with its figures; `said` is what the sender wrote,
    as canonical JSON (RFC 8785), and is what the event's identity is compared by.
    """

    rule: str
    detail: str
    readings: Mapping[str, Mapping[str, int]]
    said: str


@dataclass(frozen=True, slots=True)
class Record:
    """One usage event as its sender wrote it; `index` is its place in the request.

    `supersedes` is the id of the provisional event of the same source that this one replaces.
    With a `finding` the counts are all zero, and stand for nothing.
    """

    index: int
    source: str
    event_id: str
    occurred_at: datetime | None
    consumer: str
    project: str
    deployment: str
    counts: tuple[int, ...]
    status: str
    attributes: Mapping[str, Any] | None = None
    supersedes: str = ""
    sequence: int | None = None
    finding: Finding | None = None


def to_columns(records: Sequence[Record], *, source_ids: Mapping[str, int]) -> pa.RecordBatch:
    """Return the records as the columns of SCHEMA, dictionaries for names."""
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
        _rare([record.supersedes or None for record in records], pa.string()),
        _rare([record.sequence for record in records], pa.int64()),
        _rare([record.finding and record.finding.said for record in records], pa.string()),
        _rare([record.finding and finding_json(record.finding) for record in records], pa.string()),
        _tiers([service_tiers.of_attributes(record.attributes) for record in records]),
    ]
    arrays = [
        column if isinstance(column, pa.Array) else pa.array(column, type=kind)
        for column, kind in zip(columns, SCHEMA.types, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def to_arrow(columns: pa.RecordBatch) -> bytes:
    """Return the columns as one Arrow IPC stream, zstd inside."""
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, SCHEMA, options=options) as writer:
        writer.write_batch(columns)
    return bytes(sink.getvalue())


def from_arrow(payload: bytes) -> pa.Table:
    """Return a stored batch as a table with the columns of SCHEMA.

    A batch that was stored before a column was added holds nulls in it; its tiers are read from
    its attributes.
    """
    with pa.ipc.open_stream(payload) as reader:
        table = reader.read_all()
    for name in SCHEMA.names[table.num_columns :]:
        kind = SCHEMA.field(name).type
        column = pa.nulls(len(table), kind)
        if name == "service_tier":
            stated = table["attributes"].to_pylist()
            column = _tiers([service_tiers.of_json(text) for text in stated])
        table = table.append_column(SCHEMA.field(name), column)
    return table


def attributes_json(attributes: Mapping[str, Any] | None) -> str | None:
    """Return attributes as canonical JSON (RFC 8785); None when there are none."""
    return rfc8785.dumps(attributes).decode() if attributes else None


def finding_json(finding: Finding) -> str:
    """Return a finding without what was said, as canonical JSON."""
    parts: Any = {"rule": finding.rule, "detail": finding.detail, "readings": finding.readings}
    return rfc8785.dumps(parts).decode()


def _rare(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Return a column that is null for nearly every event, and mostly for all."""
    if not any(value is not None for value in values):
        return pa.nulls(len(values), kind)
    return pa.array(values, type=kind)


def _tiers(tiers: Sequence[str]) -> pa.Array:
    """Return a column of tiers; null is the standard one, which nearly all are."""
    rare = [None if tier == service_tiers.STANDARD else tier for tier in tiers]
    found = _rare(rare, pa.string())
    return found.dictionary_encode().cast(_NAMES)


def _names(values: Sequence[str]) -> pa.Array:
    return pa.array(values, type=pa.string()).dictionary_encode().cast(_NAMES)
