"""CloudEvents 1.0 in JSON: one, a batch, or a line each: payload -> records and refusals. Pure."""

from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, cast

import msgspec

from ledger import service_tiers
from ledger.tokens import TOKEN_CLASSES
from ledger.usage.columns import Record
from ledger.usage.formats import counted, decoding, surfaces
from ledger.usage.formats.counted import Counted
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
from ledger.usage.formats.surfaces import Malformed

SINGLE: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
EITHER: Final = "application/json"
LINES: Final = "application/x-ndjson"
STRUCTURED: Final = (SINGLE, BATCH, EITHER)
CONTENT_TYPES: Final = (*STRUCTURED, LINES)

LARGEST_SEQUENCE: Final = 2**62
NEEDS_SURFACE: Final = "; a usage object of another's making needs its `surface`"

ABSENT: Final = msgspec.Raw()
Status = Literal["complete", "partial", "cancelled", "failed"]


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
    """What was consumed, where; `supersedes` names the provisional event that this one replaces.

    `service_tier` stands among the attributes from here on.
    """

    deployment: Name
    usage: Usage
    status: Status = "complete"
    project: OptionalName = ""
    attributes: msgspec.Raw = ABSENT
    supersedes: OptionalName = ""
    service_tier: OptionalName = ""


class SurfaceData(msgspec.Struct, forbid_unknown_fields=True):
    """The same, with a usage object as its source wrote it; without a surface, in our classes."""

    deployment: Name
    usage: msgspec.Raw
    surface: OptionalName = ""
    vendor: OptionalName = ""
    status: Status = "complete"
    project: OptionalName = ""
    attributes: msgspec.Raw = ABSENT
    supersedes: OptionalName = ""
    service_tier: OptionalName = ""


class Envelope(msgspec.Struct):
    """The envelope; of the extension attributes only `sequence` is kept."""

    specversion: Literal["1.0"]
    id: Name
    source: Name
    type: Name
    subject: Name
    time: str | None = None
    sequence: str | int | None = None


class CloudEvent(Envelope, kw_only=True):
    """An event in our own classes, the form that is read fastest."""

    data: Data


class SurfaceEvent(Envelope, kw_only=True):
    """An event of either form."""

    data: SurfaceData


def decode(body: bytes, *, content_type: str, limit: int) -> Decoded:
    """Return the records of a body; one bad item never spoils the others.

    :raises UnsupportedContentType, UnreadableBody, TooManyEvents: if the whole body is refused.
    """
    media_type = decoding.media_type(content_type, accepted=CONTENT_TYPES)
    form = media_type if media_type == LINES else _single_or_batch(body, media_type)
    if form == LINES:
        decoding.refuse_many(body, limit=limit, is_array=False)
    careful = b"\\u0000" in body
    events = _at_once(body, form)
    if events is None:
        items = _items(body, form, limit=limit)
        return one_by_one(list(enumerate(items)), careful=careful)
    if len(events) > limit:
        raise TooManyEvents(len(events), limit)
    return _sorted_out(list(enumerate(events)), [], careful=careful)


def items(body: bytes, *, content_type: str, limit: int) -> list[msgspec.Raw]:
    """Return the items of a body as they were sent, each to be read by itself.

    :raises UnsupportedContentType, UnreadableBody, TooManyEvents: if the whole body is refused.
    """
    media_type = decoding.media_type(content_type, accepted=STRUCTURED)
    return _items(body, _single_or_batch(body, media_type), limit=limit)


def one_by_one(items: Sequence[tuple[int, msgspec.Raw]], *, careful: bool) -> Decoded:
    """Return what items hold, by their indices; those that are no events are refused alone."""
    events: list[tuple[int, SurfaceEvent]] = []
    refusals: list[Refusal] = []
    for index, item in items:
        try:
            events.append((index, _ANY[0].decode(item)))
        except UNDECODABLE as error:
            refusals.append(decoding.undecodable(index, error))
    return _sorted_out(events, refusals, careful=careful)


def counts_of(data: SurfaceData) -> Counted | Malformed:
    """Return the counts of a usage object, by its surface or in our classes.

    What is malformed is named by its place in `data`.
    """
    try:
        if not data.surface and not data.vendor:
            return Counted(_COUNTS(_USAGE.decode(data.usage)))
        if len(data.usage) > decoding.LARGEST_OBJECT_BYTES:
            return Malformed("/usage", TOO_LARGE)
        usage = _OBJECT.decode(data.usage)
    except UNDECODABLE as error:
        detail, pointer = decoding.parted(str(error))
        hint = NEEDS_SURFACE if "unknown field" in detail else ""
        return Malformed(f"/usage{pointer}", f"{detail}{hint}")
    if data.surface not in surfaces.SURFACES:
        return Malformed("/surface", f"is none of {', '.join(surfaces.SURFACES)}")
    found = counted.by_surface(surface=data.surface, vendor=data.vendor, usage=usage)
    if isinstance(found, Malformed):
        return Malformed(f"/usage{found.pointer}", found.detail)
    return found


def _attributes(said: msgspec.Raw) -> dict[str, Any] | Malformed | None:
    """Read attributes, unless they are larger than any that would be kept."""
    if len(said) > decoding.LARGEST_OBJECT_BYTES:
        return Malformed("/attributes", TOO_LARGE)
    try:
        found: dict[str, Any] | None = _OBJECT_OR_NULL.decode(said)
    except UNDECODABLE as error:
        detail, pointer = decoding.parted(str(error))
        return Malformed(f"/attributes{pointer}", detail)
    return found


def _kept(data: Data | SurfaceData, found: Counted) -> dict[str, Any] | Malformed | None:
    """Return the attributes with the tier, where one is stated beside them or in the usage."""
    attributes = _attributes(data.attributes) if data.attributes is not ABSENT else None
    if isinstance(attributes, Malformed):
        return attributes
    tier = data.service_tier
    if not tier:
        return found.with_tier(attributes)
    stated = (attributes or {}).get(service_tiers.ATTRIBUTE, tier)
    if stated != tier:
        return Malformed("/service_tier", f"is {tier!r}, and {stated!r} in the attributes")
    return {**(attributes or {}), service_tiers.ATTRIBUTE: tier}


NO_TIER: Final = Counted(())
TOO_LARGE: Final = f"is larger than {decoding.LARGEST_OBJECT_BYTES} bytes"
_USAGE: Final = msgspec.json.Decoder(Usage)
_OBJECT: Final = msgspec.json.Decoder(dict[str, Any])
_OBJECT_OR_NULL: Final = msgspec.json.Decoder(dict[str, Any] | None)
_RAW: Final = msgspec.json.Decoder(msgspec.Raw)
_COUNTS: Final[Callable[[Usage], tuple[int, ...]]] = msgspec.structs.astuple
_OURS: Final = (msgspec.json.Decoder(CloudEvent), msgspec.json.Decoder(list[CloudEvent]))
_ANY: Final = (msgspec.json.Decoder(SurfaceEvent), msgspec.json.Decoder(list[SurfaceEvent]))


def _single_or_batch(body: bytes, media_type: str) -> str:
    opening = body.lstrip()[:1]
    if media_type == BATCH or (media_type == EITHER and opening == b"["):
        if opening != b"[":
            raise UnreadableBody("a CloudEvents batch is a JSON array")
        return BATCH
    if opening != b"{":
        raise UnreadableBody("a CloudEvent is a JSON object; send arrays as a batch")
    return SINGLE


def _at_once(body: bytes, form: str) -> list[Any] | None:
    """Return all events, in the fast form if all of them have it; None if one does not decode."""
    for one, many in (_OURS, _ANY):
        try:
            if form == BATCH:
                return many.decode(body)
            return one.decode_lines(body) if form == LINES else [one.decode(body)]
        except UNDECODABLE:
            continue
    return None


def _items(body: bytes, form: str, *, limit: int) -> list[msgspec.Raw]:
    """Return the items as they were sent; a body that is one JSON value is its only item."""
    if form == BATCH:
        return decoding.array_items(body, limit=limit)
    if form == LINES:
        return decoding.lines(body, limit=limit)
    try:
        return [_RAW.decode(body)]
    except UNDECODABLE as error:
        raise UnreadableBody(str(error)) from error


POINTERS: Final = {
    "event_id": "id",
    "consumer": "subject",
    "deployment": "data/deployment",
    "project": "data/project",
    "attributes": "data/attributes",
    "supersedes": "data/supersedes",
}


def _sorted_out(
    events: Sequence[tuple[int, CloudEvent | SurfaceEvent]],
    refusals: list[Refusal],
    *,
    careful: bool,
) -> Decoded:
    """Turn events into records; refuse what PostgreSQL or canonical JSON cannot carry."""
    records = []
    for index, event in events:
        data = event.data
        if type(data) is Data:
            counts, finding, found = _COUNTS(data.usage), None, NO_TIER
        else:
            said = counts_of(cast("SurfaceData", data))
            if isinstance(said, Malformed):
                refusals.append(decoding.refusal(index, f"data{said.pointer}", said.detail))
                continue
            counts, finding, found = said.counts, said.finding, said
        try:
            occurred_at = None if event.time is None else decoding.moment(event.time)
        except ValueError as error:
            refusals.append(decoding.refusal(index, "time", str(error)))
            continue
        attributes = _kept(data, found)
        if isinstance(attributes, Malformed):
            refusals.append(decoding.refusal(index, f"data{attributes.pointer}", attributes.detail))
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
            counts,
            data.status,
            attributes,
            data.supersedes,
            sequence,
            finding,
        )
        if careful or attributes:
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
