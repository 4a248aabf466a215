"""Audits of what was recorded: identities in the register, bodies in the batches."""

from collections.abc import Iterator
from typing import Final

from django.db import connection, transaction

from ledger.audit.findings import Audit
from ledger.audit.queries import audit
from ledger.tokens import TOKEN_CLASSES
from ledger.usage.columns import from_arrow
from ledger.usage.identity import KEY_SQL, body_hash, key, microseconds

KEYS_REGISTERED: Final = f"""
    SELECT format('usage entry %s: event %s of %s is not in the register',
                  entry.id, entry.event_id, source.uri)
    FROM ledger_usage_entry entry
    JOIN ledger_source source ON source.id = entry.source_id
    LEFT JOIN ledger_event_key registered
        ON registered.provider_id = entry.provider_id
       AND registered.batch_id = entry.batch_id
       AND registered.key = {KEY_SQL.format(source="source.uri", event_id="entry.event_id")}
    WHERE entry.kind = 'usage' AND registered.key IS NULL
    ORDER BY entry.id
"""
PAYLOADS: Final = """
    SELECT id, payload FROM ledger_usage_batch WHERE payload IS NOT NULL ORDER BY id
"""
REGISTERED: Final = "SELECT key, body_hash FROM ledger_event_key WHERE batch_id = %(batch)s"
ENTERED: Final = f"""
    SELECT row, event_id, {", ".join(TOKEN_CLASSES)}
    FROM ledger_usage_entry
    WHERE batch_id = %(batch)s AND kind = 'usage'
"""
SOURCES: Final = "SELECT id, uri FROM ledger_source"


def _bodies() -> Iterator[str]:
    """Compare every stored batch with the register's hashes and with the usage entries made of it.

    Counts, rates, postings and balances changed in step would agree with one another, but not
    with what the provider posted.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(SOURCES)
        sources: dict[int, str] = dict(cursor.fetchall())
        cursor.execute(PAYLOADS)
        for batch_id, payload in cursor.fetchall():
            yield from _batch(batch_id, bytes(payload), sources)


def _batch(batch_id: int, payload: bytes, sources: dict[int, str]) -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(REGISTERED, {"batch": batch_id})
        registered = dict(cursor.fetchall())
        cursor.execute(ENTERED, {"batch": batch_id})
        entered = {row[0]: row[1:] for row in cursor.fetchall()}
    for position, event in enumerate(from_arrow(payload).to_pylist()):
        counts = tuple(event[name] for name in TOKEN_CLASSES)
        identity = key(source=sources[event["source_id"]], event_id=event["event_id"])
        at = event["occurred_at"]
        hashed = body_hash(
            occurred_at_microseconds=None if at is None else microseconds(at),
            consumer=event["consumer"],
            project=event["project"],
            deployment=event["deployment"],
            counts=counts,
            status=event["status"],
            attributes_json=event["attributes"],
        )
        name = f"batch {batch_id}, row {position}, event {event['event_id']}"
        if registered.get(identity) != hashed:
            yield f"{name}: its body is not the one that was registered"
        if position in entered and entered[position] != (event["event_id"], *counts):
            yield f"{name}: its usage entry says something else"


AUDITS: Final[tuple[Audit, ...]] = (
    audit("register", "Every usage entry's identity is registered", KEYS_REGISTERED),
    Audit("bodies", "Batches, register and usage entries say the same", _bodies),
)
