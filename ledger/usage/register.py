"""The register of identities: claims the keys of a batch, once and for ever."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import numpy as np
import psycopg
from django.db import IntegrityError, connection, transaction

COPY_KEYS: Final = """
    COPY ledger_event_key (provider_id, key, body_hash, batch_id) FROM STDIN (FORMAT BINARY)
"""
INSERT_NEW: Final = """
    INSERT INTO ledger_event_key (provider_id, key, body_hash, batch_id)
    SELECT %(provider)s, key, body_hash, %(batch)s
    FROM unnest(%(keys)s::uuid[], %(hashes)s::uuid[]) AS claimed (key, body_hash)
    ORDER BY key
    ON CONFLICT (provider_id, key) DO NOTHING
    RETURNING key
"""
HELD: Final = """
    SELECT key, body_hash
    FROM ledger_event_key
    WHERE provider_id = %(provider)s AND key = ANY(%(keys)s)
"""
COPY_HEADER: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
COPY_TRAILER: Final = b"\xff\xff"
ROW: Final = np.dtype(
    [
        ("fields", ">i2"),
        ("provider_length", ">i4"),
        ("provider", ">i8"),
        ("key_length", ">i4"),
        ("key", "V16"),
        ("hash_length", ">i4"),
        ("hash", "V16"),
        ("batch_length", ">i4"),
        ("batch", ">i8"),
    ]
)


def claim(
    *, provider_id: int, batch_id: int, keys: Sequence[bytes], body_hashes: Sequence[bytes]
) -> dict[bytes, bytes]:
    """Register the keys, which are distinct and sorted; return those that were held, with bodies.

    All new is the rule and goes by one COPY. On a duplicate the COPY is undone, what is new is
    inserted, and the bodies of the rest are read by a second statement: in one statement a key
    committed after its snapshot would be neither inserted nor seen.
    """
    rows = _binary_rows(provider_id, batch_id, keys, body_hashes)
    try:
        with (
            transaction.atomic(),
            connection.wrap_database_errors,
            _raw_cursor() as cursor,
            cursor.copy(COPY_KEYS) as copy,
        ):
            copy.write(COPY_HEADER + rows + COPY_TRAILER)
    except IntegrityError as error:
        if not isinstance(error.__cause__, psycopg.errors.UniqueViolation):
            raise
        return _claim_new(provider_id, batch_id, keys, body_hashes)
    return {}


def _claim_new(
    provider_id: int, batch_id: int, keys: Sequence[bytes], body_hashes: Sequence[bytes]
) -> dict[bytes, bytes]:
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT_NEW,
            {
                "provider": provider_id,
                "batch": batch_id,
                "keys": [UUID(bytes=key) for key in keys],
                "hashes": [UUID(bytes=body_hash) for body_hash in body_hashes],
            },
        )
        new = {key.bytes for (key,) in cursor.fetchall()}
        others = [UUID(bytes=key) for key in keys if key not in new]
        cursor.execute(HELD, {"provider": provider_id, "keys": others})
        held = {key.bytes: body_hash.bytes for key, body_hash in cursor.fetchall()}
    assert len(new) + len(held) == len(keys), "a key is new or held"
    return held


def _binary_rows(
    provider_id: int, batch_id: int, keys: Sequence[bytes], body_hashes: Sequence[bytes]
) -> bytes:
    """Return the rows in PostgreSQL's binary COPY format, laid out as one array."""
    rows = np.empty(len(keys), dtype=ROW)
    rows["fields"] = 4
    rows["provider_length"] = rows["batch_length"] = 8
    rows["key_length"] = rows["hash_length"] = 16
    rows["provider"] = provider_id
    rows["batch"] = batch_id
    rows["key"] = np.frombuffer(b"".join(keys), dtype="V16")
    rows["hash"] = np.frombuffer(b"".join(body_hashes), dtype="V16")
    return rows.tobytes()


def _raw_cursor() -> "psycopg.Cursor[Any]":
    """Return a psycopg cursor on Django's connection: COPY needs one that binds on the server."""
    connection.ensure_connection()
    return psycopg.Cursor(connection.connection)
