"""A month of the usage journal as a Parquet file: written, read back, and loaded again.

Whatever the month holds, one row group is in memory at a time.
"""

import hashlib
import io
import os
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

import psycopg
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from django.db import connection

from ledger.rating.archive.columns import NAMES, Column, Facts, facts_of, schema

ROWS_AT_ONCE: Final = 65_536
BYTES_AT_ONCE: Final = 64 * 1024 * 1024
"""A row group ends with the one or the other."""

READ_BYTES: Final = 4 * 1024 * 1024
COLUMNS: Final = """
    SELECT attname, format_type(atttypid, atttypmod)
    FROM pg_attribute
    WHERE attrelid = 'ledger_usage_entry'::regclass AND attnum > 0 AND NOT attisdropped
    ORDER BY attnum
"""
COPY_OUT: Final = """
    COPY (
        SELECT {columns}, source.uri, provider.code, consumer.code, deployment.code,
               agreement.code, price_rate.currency
        FROM ONLY {table} entry
        LEFT JOIN ledger_source source ON source.id = entry.source_id
        LEFT JOIN ledger_party provider ON provider.id = entry.provider_id
        LEFT JOIN ledger_party consumer ON consumer.id = entry.consumer_id
        LEFT JOIN ledger_deployment deployment ON deployment.id = entry.deployment_id
        LEFT JOIN ledger_agreement_version version ON version.id = entry.agreement_version_id
        LEFT JOIN ledger_agreement agreement ON agreement.id = version.agreement_id
        LEFT JOIN ledger_price_rate price_rate ON price_rate.id = entry.price_rate_id
    ) TO STDOUT (FORMAT CSV)
"""
COPY_IN: Final = "COPY {table} ({columns}) FROM STDIN (FORMAT CSV)"


def table_of(month: date) -> str:
    """Return the name of the month's table, attached or not.

    >>> table_of(date(2024, 1, 1))
    'ledger_usage_entry_202401'
    """
    return f"ledger_usage_entry_{month:%Y%m}"


def journal_columns() -> list[Column]:
    """Return the columns of the usage journal, in their order."""
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS)
        return [Column(name, kind) for name, kind in cursor.fetchall()]


def write(path: Path, *, month: date, columns: Sequence[Column]) -> None:
    """Write the month's table, as one statement sees it, and have it on the disk."""
    shape = schema(columns, month=month)
    with path.open("wb") as file:
        with pq.ParquetWriter(file, shape, compression="zstd", version="2.6") as writer:
            for rows in _groups(month, columns):
                writer.write_table(_table(rows, columns).cast(shape))
        file.flush()
        os.fsync(file.fileno())


def read(path: Path, *, names: Sequence[str]) -> Facts:
    """Return what a file holds in the columns that are named, reading all of it."""
    with pq.ParquetFile(path) as file:
        batches = file.iter_batches(batch_size=ROWS_AT_ONCE, columns=list(names))
        return facts_of(batches, names=names)


def load(path: Path, *, month: date, names: Sequence[str]) -> None:
    """Fill the month's table from a file; other columns than those named take their defaults."""
    copy_in = COPY_IN.format(table=table_of(month), columns=", ".join(map(_quoted, names)))
    with (
        pq.ParquetFile(path) as file,
        connection.wrap_database_errors,
        _raw_cursor() as cursor,
        cursor.copy(copy_in) as copy,
    ):
        for batch in file.iter_batches(batch_size=ROWS_AT_ONCE, columns=list(names)):
            sink = io.BytesIO()
            pacsv.write_csv(batch, sink, pacsv.WriteOptions(include_header=False))
            copy.write(sink.getvalue())


def sha256_of(path: Path) -> str:
    """Return the hash of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(READ_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _groups(month: date, columns: Sequence[Column]) -> Iterator[list[bytes]]:
    """Yield the lines of the month's rows, as many at once as a row group takes."""
    picked = ", ".join(_picked(one) for one in columns)
    copy_out = COPY_OUT.format(columns=picked, table=table_of(month))
    with (
        connection.wrap_database_errors,
        _raw_cursor() as cursor,
        cursor.copy(copy_out) as copy,
    ):
        lines: list[bytes] = []
        size = 0
        for line in copy:
            lines.append(bytes(line))
            size += len(line)
            if len(lines) == ROWS_AT_ONCE or size >= BYTES_AT_ONCE:
                yield lines
                lines, size = [], 0
        if lines:
            yield lines


def _picked(column: Column) -> str:
    """Return SQL for a column as text that is exact: an instant as its microseconds."""
    name = f"entry.{_quoted(column.name)}"
    if column.kind == "timestamp with time zone":
        return f"(extract(epoch FROM {name}) * 1000000)::bigint"
    return name


def _table(lines: Sequence[bytes], columns: Sequence[Column]) -> pa.Table:
    """Return lines of CSV as a table; nothing at all is null, empty quotes are empty."""
    kinds = {"bigint": pa.int64(), "integer": pa.int32(), "timestamp with time zone": pa.int64()}
    types = {one.name: kinds.get(one.kind, pa.string()) for one in columns}
    types |= dict.fromkeys(NAMES, pa.string())
    text = b"".join(lines)
    return pacsv.read_csv(
        pa.BufferReader(text),
        read_options=pacsv.ReadOptions(
            column_names=list(types), use_threads=False, block_size=len(text) + 1
        ),
        parse_options=pacsv.ParseOptions(newlines_in_values=True),
        convert_options=pacsv.ConvertOptions(
            column_types=types,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


def _quoted(name: str) -> str:
    return f'"{name}"'


def _raw_cursor() -> "psycopg.Cursor[Any]":
    """Return a psycopg cursor on Django's connection: COPY needs one that binds on the server."""
    connection.ensure_connection()
    return psycopg.Cursor(connection.connection)
