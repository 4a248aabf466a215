"""CloudEvents 1.0 in JSON: one, a batch, or a line each: payload -> records and refusals. Pure."""

from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec

from ledger.tokens import TOKEN_CLASSES
from ledger.usage.columns import Record
from ledger.usage.formats import decoding
from ledger.usage.formats.decoding import (
    UNDECODABLE,
    Count,
    Decoded,
    Name,
    OptionalName,
    Refusal,
    TooManyEvents,
    UnreadableBody,
)

SINGLE: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
EITHER: Final = "application/json"
LINES: Final = "application/x-ndjson"
CONTENT_TYPES: Final = (SINGLE, BATCH, EITHER, LINES)

LARGEST_SEQUENCE: Final = 2**62


class Usage(msgspec.Struct, forbid_unknown_fields=True):
    """Disjoint token classes; a class that is absent is zero, one that is unknown is refused."""

    input: Count = 0
    cache_read: Count = 0
    cache_write_5m: Count = 0
    cache_write_1h: Count = 0
    output: Count = 0
    reasoning: Count = 0
    audio_input: Count = 0
    audio_output: Count = 0
    image_input: Count = 0


assert Usage.__struct_fields__ == TOKEN_CLASSES


class Data(msgspec.Struct, forbid_unknown_fields=True):
    """What was consumed, where; `supersedes` names the provisional event that this one replaces."""

    deployment: Name
    usage: Usage
    status: Literal["complete", "partial", "cancelled", "failed"] = "complete"
    project: OptionalName = ""
    attributes: dict[str, Any] | None = None
    supersedes: OptionalName = ""


class CloudEvent(msgspec.Struct):
    """The envelope; of the extension attributes only `sequence` is kept."""

    specversion: Literal["1.0"]
    id: Name
    source: Name
    type: Name
    subject: Name
    data: Data
    time: str | None = None
    sequence: str | int | None = None


def decode(body: bytes, *, content_type: str, limit: int) -> Decoded:
    """Return the records of a body; one bad item never spoils the others.

    :raises UnsupportedContentType, UnreadableBody, TooManyEvents: if the whole body is refused.
    """
    media_type = decoding.media_type(content_type, accepted=CONTENT_TYPES)
    if media_type == LINES:
        return _one_by_one(decoding.lines(body, limit=limit))
    is_batch = _is_batch(body, media_type)
    try:
        events = _BATCH.decode(body) if is_batch else [_SINGLE.decode(body)]
    except UNDECODABLE:
        return _one_by_one(decoding.array_items(body, limit=limit) if is_batch else _only(body))
    if len(events) > limit:
        raise TooManyEvents(len(events), limit)
    return _sorted_out(list(enumerate(events)), [], careful=b"\\u0000" in body)


_BATCH: Final = msgspec.json.Decoder(list[CloudEvent])
_SINGLE: Final = msgspec.json.Decoder(CloudEvent)
_COUNTS: Final[Callable[[Usage], tuple[int, ...]]] = msgspec.structs.astuple


def _is_batch(body: bytes, media_type: str) -> bool:
    opening = body.lstrip()[:1]
    if media_type == BATCH or (media_type == EITHER and opening == b"["):
        if opening != b"[":
            raise UnreadableBody("a CloudEvents batch is a JSON array")
        return True
    if opening != b"{":
        raise UnreadableBody("a CloudEvent is a JSON object; send arrays as a batch")
    return False


def _only(body: bytes) -> list[msgspec.Raw]:
    """Return a body that is one JSON value as its only item."""
    try:
        msgspec.json.decode(body)
    except UNDECODABLE as error:
        raise UnreadableBody(str(error)) from error
    return [msgspec.Raw(body)]


def _one_by_one(items: list[msgspec.Raw]) -> Decoded:
    """Find the items that do not decode, and keep the others."""
    events: list[tuple[int, CloudEvent]] = []
    refusals: list[Refusal] = []
    for index, item in enumerate(items):
        try:
            events.append((index, _SINGLE.decode(item)))
        except msgspec.ValidationError as error:
            refusals.append(
                Refusal(index, "invalid_event", decoding.with_pointer(str(error), index))
            )
        except UNDECODABLE as error:
            refusals.append(Refusal(index, "unreadable_event", f"#/{index}: {error}"))
    return _sorted_out(events, refusals, careful=True)


POINTERS: Final = {
    "event_id": "id",
    "consumer": "subject",
    "deployment": "data/deployment",
    "project": "data/project",
    "attributes": "data/attributes",
    "supersedes": "data/supersedes",
}


def _sorted_out(
    events: list[tuple[int, CloudEvent]], refusals: list[Refusal], *, careful: bool
) -> Decoded:
    """Turn events into records; refuse what PostgreSQL or canonical JSON cannot carry."""
    records = []
    for index, event in events:
        data = event.data
        try:
            occurred_at = None if event.time is None else decoding.moment(event.time)
        except ValueError as error:
            refusals.append(decoding.refusal(index, "time", str(error)))
            continue
        sequence = event.sequence
        if sequence is not None:
            sequence = _sequence(sequence)
            if sequence is None:
                refusals.append(decoding.refusal(index, "sequence", SEQUENCE_FORM))
                continue
        record = Record(
            index,
            event.source,
            event.id,
            occurred_at,
            event.subject,
            data.project,
            data.deployment,
            _COUNTS(data.usage),
            data.status,
            data.attributes,
            data.supersedes,
            sequence,
        )
        if careful or data.attributes:
            refusal = decoding.unstorable(record, pointers=POINTERS)
            if refusal is not None:
                refusals.append(refusal)
                continue
        records.append(record)
    return Decoded(records=records, refusals=refusals)


SEQUENCE_FORM: Final = f"is not a whole number from 0 to {LARGEST_SEQUENCE}"


def _sequence(value: str | int) -> int | None:
    """Read the CloudEvents extension `sequence`: digits, or a number; None if it is neither.

    >>> _sequence("00042"), _sequence(7), _sequence("4e2"), _sequence(-1)
    (42, 7, None, None)
    """
    if isinstance(value, str):
        if not value.isascii() or not value.isdigit() or len(value) > len(str(LARGEST_SEQUENCE)):
            return None
        value = int(value)
    return value if 0 <= value <= LARGEST_SEQUENCE else None
