"""CloudEvents 1.0 in JSON, single and batch: payload -> records and refusals. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec

from ledger.errors import LedgerError
from ledger.tokens import LARGEST_COUNT, TOKEN_CLASSES
from ledger.usage.columns import Record, attributes_json

SINGLE: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
EITHER: Final = "application/json"
CONTENT_TYPES: Final = (SINGLE, BATCH, EITHER)

RFC_3339: Final = re.compile(
    r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$", re.ASCII
)
LONGEST_NAME: Final = 512
DEEPEST_ATTRIBUTES: Final = 32
UNDECODABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
STRUCTURE: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},]', re.DOTALL)
LARGEST_ATTRIBUTES_BYTES: Final = 8_192

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME)]
Count = Annotated[int, msgspec.Meta(ge=0, le=LARGEST_COUNT)]


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
    """What was consumed, where."""

    deployment: Name
    usage: Usage
    status: Literal["complete", "partial", "cancelled"] = "complete"
    project: Annotated[str, msgspec.Meta(max_length=LONGEST_NAME)] = ""
    attributes: dict[str, Any] | None = None


class CloudEvent(msgspec.Struct):
    """The envelope; extension attributes are allowed and not kept."""

    specversion: Literal["1.0"]
    id: Name
    source: Name
    type: Name
    subject: Name
    data: Data
    time: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """An item that is no usage event: its index, a code, and what to do."""

    index: int
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a body holds: records and refusals, together every item of it."""

    records: list[Record]
    refusals: list[Refusal]


class UnreadableBody(LedgerError):
    """The body is not the JSON that its content type announces."""

    problem = "unreadable-body"

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(f"the body cannot be read: {why}")


class UnsupportedContentType(LedgerError):
    """The content type is none that usage is accepted in."""

    problem = "unsupported-content-type"

    def __init__(self, content_type: str) -> None:
        self.content_type = content_type
        super().__init__(f"{content_type!r} is not accepted; send {', '.join(CONTENT_TYPES)}")


class TooManyEvents(LedgerError):
    """The batch holds more events than one request may."""

    problem = "too-many-events"

    def __init__(self, events: int, limit: int) -> None:
        self.events = events
        self.limit = limit
        super().__init__(f"the batch holds {events} events; send at most {limit} in one request")


def decode(body: bytes, *, content_type: str, limit: int) -> Decoded:
    """Return the records of a body; one bad item never spoils the others.

    :raises UnsupportedContentType, UnreadableBody, TooManyEvents: if the whole body is refused.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in CONTENT_TYPES:
        raise UnsupportedContentType(content_type)
    is_batch = _is_batch(body, media_type)
    try:
        events = _BATCH.decode(body) if is_batch else [_SINGLE.decode(body)]
    except UNDECODABLE:
        return _decode_one_by_one(body, is_batch=is_batch, limit=limit)
    if len(events) > limit:
        raise TooManyEvents(len(events), limit)
    return _sorted_out(list(enumerate(events)), [], careful=b"\\u0000" in body)


_BATCH: Final = msgspec.json.Decoder(list[CloudEvent])
_SINGLE: Final = msgspec.json.Decoder(CloudEvent)
_RAW_BATCH: Final = msgspec.json.Decoder(list[msgspec.Raw])
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


def _decode_one_by_one(body: bytes, *, is_batch: bool, limit: int) -> Decoded:
    """Find the items that do not decode, and keep the others."""
    if is_batch and _more_items_than(body, limit):
        raise TooManyEvents(limit + 1, limit)
    try:
        raw = _RAW_BATCH.decode(body) if is_batch else [msgspec.Raw(body)]
        if not is_batch:
            msgspec.json.decode(body)
    except UNDECODABLE as error:
        raise UnreadableBody(str(error)) from error
    events: list[tuple[int, CloudEvent]] = []
    refusals: list[Refusal] = []
    for index, item in enumerate(raw):
        try:
            events.append((index, _SINGLE.decode(item)))
        except msgspec.ValidationError as error:
            refusals.append(Refusal(index, "invalid_event", _with_pointer(str(error), index)))
        except UNDECODABLE as error:
            refusals.append(Refusal(index, "unreadable_event", f"#/{index}: {error}"))
    return _sorted_out(events, refusals, careful=True)


def _sorted_out(
    events: list[tuple[int, CloudEvent]], refusals: list[Refusal], *, careful: bool
) -> Decoded:
    """Turn events into records; refuse what PostgreSQL or canonical JSON cannot carry."""
    records = []
    for index, event in events:
        data = event.data
        if careful or data.attributes:
            refusal = _unstorable(index, event)
            if refusal is not None:
                refusals.append(refusal)
                continue
        try:
            occurred_at = None if event.time is None else _moment(event.time)
        except ValueError as error:
            refusals.append(Refusal(index, "invalid_event", f"#/{index}/time: {error}"))
            continue
        records.append(
            Record(
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
            )
        )
    return Decoded(records=records, refusals=refusals)


def _unstorable(index: int, event: CloudEvent) -> Refusal | None:
    data = event.data
    for name, text in (
        ("id", event.id),
        ("source", event.source),
        ("subject", event.subject),
        ("data/deployment", data.deployment),
        ("data/project", data.project),
    ):
        if "\x00" in text:
            return Refusal(
                index, "invalid_event", f"#/{index}/{name}: holds a NUL character; leave it out"
            )
    if _depth(data.attributes) > DEEPEST_ATTRIBUTES:
        return Refusal(
            index,
            "invalid_event",
            f"#/{index}/data/attributes: nests deeper than {DEEPEST_ATTRIBUTES} levels",
        )
    try:
        attributes = attributes_json(data.attributes) or ""
    except ValueError as error:
        return Refusal(index, "invalid_event", f"#/{index}/data/attributes: {error}")
    if "\\u0000" in attributes or len(attributes.encode()) > LARGEST_ATTRIBUTES_BYTES:
        return Refusal(
            index,
            "invalid_event",
            f"#/{index}/data/attributes: at most {LARGEST_ATTRIBUTES_BYTES} bytes of JSON "
            "without NUL characters",
        )
    return None


def _depth(value: object) -> int:
    """Return how deep a JSON value nests, without recursion.

    >>> _depth({"a": [{}, 1]}), _depth(1)
    (3, 0)
    """
    depth = 0
    level = [value]
    while level := [one for one in level if isinstance(one, dict | list)]:
        depth += 1
        level = [
            inner for one in level for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return depth


def _more_items_than(body: bytes, limit: int) -> bool:
    """Return whether an array has more items than the limit, without making an object of each.

    >>> _more_items_than(b'[{"a": "],["}, [1, 2], 3]', 3), _more_items_than(b"[1, 2, 3]", 2)
    (False, True)
    """
    depth = commas = 0
    for match in STRUCTURE.finditer(body):
        token = match.group()
        if token in b"[{":
            depth += 1
        elif token in b"]}":
            depth -= 1
        elif token == b"," and depth == 1:
            commas += 1
            if commas >= limit:
                return True
    return False


def _moment(text: str) -> datetime:
    """Read an RFC 3339 time; a fraction finer than a microsecond is cut, never rounded up.

    Rounded, the last instant of a slot would move into the next one.

    >>> _moment("2026-10-01T23:59:59.9999999Z").isoformat()
    '2026-10-01T23:59:59.999999+00:00'
    """
    if not RFC_3339.match(text):
        raise ValueError(f"{text!r} is not an RFC 3339 time such as 2026-10-01T08:00:00Z")
    return datetime.fromisoformat(text.upper())


def _with_pointer(message: str, index: int) -> str:
    """Turn the decoder's path into a JSON pointer.

    >>> _with_pointer("Expected `int` >= 0 - at `$.data.usage.input`", 3)
    '#/3/data/usage/input: Expected `int` >= 0'
    """
    text, found, path = message.rpartition(" - at `$")
    if not found:
        return f"#/{index}: {message}"
    return f"#/{index}{path.rstrip('`').replace('.', '/')}: {text}"
