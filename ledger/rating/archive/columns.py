"""The columns of an archive, and what a file of them holds, in the terms of the database. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ledger.tokens import TOKEN_CLASSES

TYPES: Final[Mapping[str, pa.DataType]] = {
    "bigint": pa.int64(),
    "integer": pa.int32(),
    "timestamp with time zone": pa.timestamp("us", tz="UTC"),
    "text": pa.string(),
    "jsonb": pa.string(),
}
"""PostgreSQL's types and those that a file has for them; JSON is text."""

NAMES: Final = ("source", "provider", "consumer", "deployment", "agreement", "currency")
"""What ids stand for, behind the columns of the journal, so that a file can be read alone."""

UNITS: Final[Mapping[str, str]] = {
    **dict.fromkeys(TOKEN_CLASSES, "tokens"),
    "gpu_nanoseconds": "nanoseconds",
    "energy_microjoules": "microjoules",
    "co2_location_nanograms": "nanograms",
    "co2_market_nanograms": "nanograms",
    **dict.fromkeys(
        ("compute", "energy", "green", "scarcity", "margin", "fee_provider", "fee_consumer"),
        "millionths of a millionth of one unit of `currency`",
    ),
}
"""What a column counts, written into the file beside it."""

DIGEST_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the usage journal: its name and its type, as PostgreSQL calls it."""

    name: str
    kind: str


@dataclass(slots=True)
class Facts:
    """What a file holds, as `ledger_usage_facts` tells it of a table; grows batch by batch.

    `sums` are by column, in the order in which the digest reads them.
    """

    sums: dict[str, int]
    rows: int = 0
    digest: int = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Take in the rows of a batch."""
        columns = [batch.column(name) for name in self.sums]
        for name, column in zip(self.sums, columns, strict=True):
            self.sums[name] += _sum(_numbers(column))
        self.rows += batch.num_rows
        self.digest += _digest(columns)

    def told(self) -> dict[str, str]:
        """Return the facts by the names that the database gives them."""
        sums = {name: str(total) for name, total in self.sums.items()}
        return {"rows": str(self.rows), "digest": str(self.digest), **sums}


def schema(columns: Iterable[Column], *, month: date) -> pa.Schema:
    """Return the file's schema: the journal's columns, then names."""
    fields = [pa.field(one.name, TYPES[one.kind], metadata=_said_of(one)) for one in columns]
    fields += [pa.field(name, pa.string()) for name in NAMES]
    return pa.schema(fields, metadata={"clearwatt.usage_of": f"{month:%Y-%m}"})


def facts_of(batches: Iterable[pa.RecordBatch], *, names: Sequence[str]) -> Facts:
    """Return what the batches hold in the columns that are named."""
    facts = Facts(sums=dict.fromkeys(names, 0))
    for batch in batches:
        facts.add(batch)
    return facts


def _said_of(column: Column) -> dict[str, str] | None:
    if column.kind == "jsonb":
        return {"holds": "JSON"}
    return {"unit": UNITS[column.name]} if column.name in UNITS else None


def _numbers(column: pa.Array) -> pa.Array:
    """Return what is summed of a column: numbers, microseconds, lengths in bytes."""
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.int64())
    if pa.types.is_string(column.type):
        return pc.binary_length(column).cast(pa.int64())
    return column.cast(pa.int64())


def _sum(column: pa.Array) -> int:
    """Return the exact sum, which may be beyond what 64 bits hold; null counts nothing."""
    values = column.fill_null(0).to_numpy(zero_copy_only=False)
    low = int((values & 0xFFFFFFFF).sum(dtype=np.int64))
    return (int((values >> 32).sum(dtype=np.int64)) << 32) + low


def _digest(columns: Sequence[pa.Array]) -> int:
    """Return the sum of the first eight bytes of SHA-256 over each row's text, signed."""
    lines = pc.binary_join_element_wise(*(_texts(column) for column in columns), "|")
    digests = b"".join(
        sha256(line).digest()[:DIGEST_BYTES] for line in lines.cast(pa.binary()).to_pylist()
    )
    return _sum(pa.array(np.frombuffer(digests, dtype=">i8").astype(np.int64)))


def _texts(column: pa.Array) -> Any:
    """Return a column's values as the digest reads them."""
    if pa.types.is_string(column.type):
        lengths = pc.binary_length(column).cast(pa.string())
        texts = pc.binary_join_element_wise(lengths, column, ":")
    else:
        texts = _numbers(column).cast(pa.string())
    return texts.fill_null("-")
