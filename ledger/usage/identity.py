"""What makes a usage event the same event: its key for ever, and a hash of what it says. Pure."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
KEY_SQL: Final = """
    encode(substring(sha256(
        int4send(octet_length(convert_to({source}, 'UTF8'))) || convert_to({source}, 'UTF8')
        || int4send(octet_length(convert_to({event_id}, 'UTF8'))) || convert_to({event_id}, 'UTF8')
    ) FROM 1 FOR 16), 'hex')::uuid
"""
"""`key` in SQL, for the audit; {source} and {event_id} stand for text columns."""


def key(*, source: str, event_id: str) -> UUID:
    """Return the first 16 bytes of SHA-256 over length-prefixed UTF-8 source and event id.

    >>> str(key(source="urn:gateway:1", event_id="evt-1"))
    '42ab7d6d-da79-68f5-3580-6ae0c9c3f75e'
    """
    return UUID(bytes=key_digest(source=source, event_id=event_id))


def key_digest(*, source: str, event_id: str) -> bytes:
    """Return the 16 bytes of `key`; a batch of events needs no object around each."""
    return hashlib.sha256(_prefixed(source) + _prefixed(event_id)).digest()[:16]


def body_hash(
    *,
    occurred_at_microseconds: int | None,
    names: tuple[str, str, str],
    counts: Sequence[int] | str,
    status: str,
    attributes_json: str | None,
    supersedes: str = "",
) -> bytes:
    """Return 16 bytes of SHA-256 over the canonical record: what the event says, not how.

    Format, transport, field order, receipt time and our own mapping do not enter, so that a
    retry by another way is still a duplicate. `occurred_at_microseconds` is None where the sender
    gave no time; `names` are consumer, project and deployment as written; `attributes_json` is
    RFC 8785 JSON. Where `counts` cannot be believed, what the sender said of them stands in their
    place as JSON; our reason not to believe it does not enter.
    """
    when = "" if occurred_at_microseconds is None else str(occurred_at_microseconds)
    said = counts if isinstance(counts, str) else ",".join(map(str, counts))
    canonical = b"".join(map(_prefixed, (when, *names, said, status)))
    if attributes_json:
        canonical += attributes_json.encode()
    if supersedes:
        # JSON holds no NUL byte, so that what follows one cannot be mistaken for attributes.
        canonical += b"\x00" + supersedes.encode()
    return hashlib.sha256(canonical).digest()[:16]


def microseconds(at: datetime) -> int:
    """Return whole microseconds since 1970-01-01 UTC; exact, never through a float.

    >>> microseconds(datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC))
    1000005
    """
    delta = at - EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def _prefixed(text: str) -> bytes:
    encoded = text.encode()
    return len(encoded).to_bytes(4, "big") + encoded
