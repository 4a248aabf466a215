"""What every format shares: what a body may hold, what becomes of its items, how it is refused.

Pure. A format turns a body into `Decoded`: a record or a refusal for every item of it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, pairwise
from typing import Annotated, Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
import rfc8785

from ledger.errors import LedgerError
from ledger.tokens import LARGEST_COUNT
from ledger.usage.columns import Record, attributes_json

MOST_EVENTS: Final = 10_000
MOST_BYTES: Final = 16 * 1024 * 1024
LONGEST_NAME: Final = 512
DEEPEST_ATTRIBUTES: Final = 32
LARGEST_ATTRIBUTES_BYTES: Final = 8_192
LARGEST_FINDING_BYTES: Final = 16_384
LARGEST_OBJECT_BYTES: Final = 65_536
"""Of an object within an item, as it was sent; a larger one is refused before it is read."""

MOST_VALUES: Final = 2_000_000
"""Where a format reads whole objects, since those who write them do not keep to JSON's rules."""

LONGEST_DETAIL: Final = 300
COMMAS_AN_EVENT: Final = 50

RFC_3339: Final = re.compile(
    r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$", re.ASCII
)
NONBLANK: Final = re.compile(rb"\S[^\n]*")
BLOCK_BYTES: Final = 1 << 18
QUOTE, COMMA, OPENING, CLOSING = b'",{}'
CASE: Final = 0x20
"""The one bit in which a square bracket differs from a brace."""

UNDECODABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME)]
OptionalName = Annotated[str, msgspec.Meta(max_length=LONGEST_NAME)]
Count = Annotated[int, msgspec.Meta(ge=0, le=LARGEST_COUNT)]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An item that is no usage event: its index, a code, and what to do."""

    index: int
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a body holds: records and refusals, together every item of it.

    `time` and `source` are the places within an item where the format says when it occurred, and
    who sent it; empty where that is said outside of the item.
    """

    records: list[Record]
    refusals: list[Refusal]
    time: str = "time"
    source: str = "source"

    def __len__(self) -> int:
        return len(self.records) + len(self.refusals)


class BodyTooLarge(LedgerError):
    """The body is larger than one request may be."""

    problem = "body-too-large"

    def __init__(self, limit: int, *, decompressed: bool = False) -> None:
        self.limit = limit
        self.decompressed = decompressed
        unpacked = ", once unpacked," if decompressed else ""
        super().__init__(f"the body{unpacked} is larger than {limit} bytes; send smaller batches")


class UnreadableBody(LedgerError):
    """The body is not what its content type announces."""

    problem = "unreadable-body"

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(f"the body cannot be read: {why}")


class UnsupportedContentType(LedgerError):
    """The content type is none that usage is accepted in here."""

    problem = "unsupported-content-type"

    def __init__(self, content_type: str, accepted: Sequence[str]) -> None:
        self.content_type = content_type
        self.accepted = list(accepted)
        super().__init__(f"{content_type!r} is not accepted; send {', '.join(accepted)}")


class TooManyEvents(LedgerError):
    """The batch holds more events than one request may."""

    problem = "too-many-events"

    def __init__(self, events: int, limit: int) -> None:
        self.events = events
        self.limit = limit
        super().__init__(f"the batch holds {events} events; send at most {limit} in one request")


def media_type(content_type: str, *, accepted: Sequence[str]) -> str:
    """Return the media type without its parameters, in lower case.

    :raises UnsupportedContentType: if it is none of the accepted ones.

    >>> media_type("Application/JSON; charset=utf-8", accepted=["application/json"])
    'application/json'
    """
    found = content_type.partition(";")[0].strip().lower()
    if found not in accepted:
        raise UnsupportedContentType(content_type, accepted)
    return found


def array_items(body: bytes, *, limit: int) -> list[msgspec.Raw]:
    """Return the items of a JSON array, each still as it was sent.

    :raises TooManyEvents: if there are more than `limit`, before an object is made of each.
    :raises UnreadableBody: if it is no JSON array.
    """
    refuse_many(body, limit=limit, is_array=True)
    try:
        items = _RAW_ARRAY.decode(body)
    except UNDECODABLE:
        # One that nests too deep or holds half a character is found among the others, which are
        # not to suffer for it.
        items = [msgspec.Raw(item) for item in split_array(body)]
    if len(items) > limit:
        raise TooManyEvents(len(items), limit)
    return items


def lines(body: bytes, *, limit: int) -> list[msgspec.Raw]:
    """Return the lines of newline-delimited JSON that are not blank.

    :raises TooManyEvents: if there are more than `limit`.
    """
    found = [msgspec.Raw(line) for line in _nonblank(body, most=limit + 1)]
    if len(found) > limit:
        raise TooManyEvents(limit + 1, limit)
    return found


def refuse_many(body: bytes, *, limit: int, is_array: bool) -> None:
    """Refuse a body with far more items than allowed before an object is made of each.

    So few commas or line ends that they do no harm are not looked at: what has been decoded can be
    counted.

    :raises TooManyEvents: if it holds more than `limit` items.
    """
    if is_array:
        is_suspect = body.count(b",") >= COMMAS_AN_EVENT * limit
        if is_suspect and more_items_than(body, limit):
            raise TooManyEvents(limit + 1, limit)
    elif body.count(b"\n") >= limit:
        lines(body, limit=limit)


def refuse_overfull(body: bytes) -> None:
    """Refuse JSON of which a hundred bytes of memory would be made for every two that were sent.

    :raises UnreadableBody: if it may hold more than `MOST_VALUES` values, strings not looked into.
    """
    if body.count(b",") + body.count(b"[") + body.count(b"{") > MOST_VALUES:
        raise UnreadableBody(f"it holds more than {MOST_VALUES} values; send less at once")


_RAW_ARRAY: Final = msgspec.json.Decoder(list[msgspec.Raw])


def _nonblank(body: bytes, *, most: int) -> Iterator[bytes]:
    """Return lines one by one, so that a body of nothing but line ends makes no list of them."""
    for match in islice(NONBLANK.finditer(body), most):
        yield match.group().rstrip()


def more_items_than(body: bytes, limit: int) -> bool:
    r"""Return whether an array has more items than the limit, without making an object of each.

    Whatever the array holds, this costs the same few nanoseconds a byte.

    >>> more_items_than(b'[{"a": "],[\\\""}, [1, 2], 3]', 3), more_items_than(b"[1, 2, 3]", 2)
    (False, True)
    """
    commas = 0
    for found, _ in _top_commas(body):
        commas += len(found)
        if commas >= limit:
            return True
    return False


def split_array(body: bytes) -> list[bytes]:
    r"""Return the items of an array between its brackets, however deep they nest, unread.

    What is wrong within an item shows when it is read, and leaves the others alone.

    :raises UnreadableBody: if the brackets, of whichever kind, are not all closed.

    >>> split_array(b'[{"a": "],[\\""}, [1, 2], 3]')
    [b'{"a": "],[\\""}', b'[1, 2]', b'3']
    """
    inner = body.strip()
    places = [0]
    closed = [False]
    for found, is_closed in _top_commas(inner):
        places += found.tolist()
        closed.append(is_closed)
    if not closed[-1] or inner[:1] != b"[" or inner[-1:] != b"]":
        raise UnreadableBody("it is no JSON array, or one that is cut off")
    places.append(len(inner) - 1)
    return [inner[start + 1 : end].strip() for start, end in pairwise(places)]


def _top_commas(body: bytes) -> Iterator[tuple[npt.NDArray[np.intp], bool]]:
    """Yield where an array's own commas stand, a block at a time; and if all is closed after it."""
    if b"\\" in body:
        # Escapes first, so that every quote that is left begins or ends a string.
        body = body.replace(b"\\\\", b"  ").replace(b'\\"', b"  ")
    inside = depth = 0
    for start in range(0, len(body), BLOCK_BYTES):
        block = np.frombuffer(body, np.uint8, min(BLOCK_BYTES, len(body) - start), start)
        # Of a sum that wraps at 256 the last bit still says whether it is odd.
        quotes = np.cumsum(block == QUOTE, dtype=np.uint8) + np.uint8(inside)
        outside = (quotes & 1) == 0
        steps = np.zeros(len(block), np.int8)
        steps[outside & ((block | CASE) == OPENING)] = 1
        steps[outside & ((block | CASE) == CLOSING)] = -1
        depths = np.cumsum(steps, dtype=np.int32) + np.int32(depth)
        inside, depth = int(quotes[-1] & 1), int(depths[-1])
        own = outside & (block == COMMA) & (depths == 1)
        yield np.flatnonzero(own) + start, not inside and not depth


def moment(text: str) -> datetime:
    """Read an RFC 3339 time; a fraction finer than a microsecond is cut, never rounded up.

    Rounded, the last instant of a slot would move into the next one.

    :raises ValueError: if it is none.

    >>> moment("2026-10-01T23:59:59.9999999Z").isoformat()
    '2026-10-01T23:59:59.999999+00:00'
    """
    if not RFC_3339.match(text):
        raise ValueError(f"{text[:64]!r} is not an RFC 3339 time such as 2026-10-01T08:00:00Z")
    return datetime.fromisoformat(text.upper())


def unstorable(record: Record, *, pointers: Mapping[str, str]) -> Refusal | None:
    """Refuse a record that PostgreSQL or canonical JSON cannot carry; None if they can.

    `pointers` say where in its item a field of the record was read, such as
    `{"event_id": "id", "consumer": "subject"}`; a field that is not among them is named as it is.
    """
    for name in ("event_id", "source", "consumer", "deployment", "project", "supersedes"):
        if "\x00" in getattr(record, name):
            return refusal(
                record.index, pointers.get(name, name), "holds a NUL character; leave it out"
            )
    pointer = pointers.get("attributes", "attributes")
    if depth(record.attributes) > DEEPEST_ATTRIBUTES:
        return refusal(record.index, pointer, f"nests deeper than {DEEPEST_ATTRIBUTES} levels")
    try:
        attributes = attributes_json(record.attributes) or ""
    except ValueError as error:
        return refusal(record.index, pointer, str(error))
    if holds_nul(attributes) or len(attributes.encode()) > LARGEST_ATTRIBUTES_BYTES:
        return refusal(
            record.index,
            pointer,
            f"at most {LARGEST_ATTRIBUTES_BYTES} bytes of JSON without NUL characters",
        )
    return None


def undecodable(index: int, error: Exception) -> Refusal:
    """Refuse an item that is not what it should be, or no JSON at all."""
    is_json = isinstance(error, msgspec.ValidationError)
    code = "invalid_event" if is_json else "unreadable_event"
    return Refusal(index, code, with_pointer(str(error), index))


def holds_nul(text: str) -> bool:
    r"""Return whether JSON holds a NUL character, and not a backslash before the text u0000.

    Whoever may write a text into an event of another's, such as a tag, could else have it refused.

    >>> holds_nul(r'"a\u0000"'), holds_nul(r'"a\\u0000"'), holds_nul(r'"a\\\u0000"')
    (True, False, True)
    """
    return "\\u0000" in text and "\\u0000" in text.replace("\\\\", "")


def mended(value: Any) -> str:
    r"""Return a text as it can be stored; numbers as digits, and nothing for anything else.

    For what others than the sender wrote into an event, who must not be able to spoil it.

    >>> mended("a\x00b\ud800"), mended(12), mended(None), mended(["a"])
    ('ab?', '12', '', '')
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        return ""
    return value.replace("\x00", "").encode(errors="replace").decode()


def refusal(index: int, pointer: str, detail: str) -> Refusal:
    """Refuse an item as invalid, naming the place within it.

    >>> refusal(3, "data/usage", "is missing").detail
    '#/3/data/usage: is missing'
    """
    place = f"#/{index}/{pointer}" if pointer else f"#/{index}"
    return Refusal(index, "invalid_event", f"{place}: {detail}")


def canonical(value: Any) -> str:
    """Return a value as canonical JSON (RFC 8785).

    :raises ValueError: if it holds a number that canonical JSON has no form for.
    """
    return rfc8785.dumps(value).decode()


def depth(value: object) -> int:
    """Return how deep a JSON value nests, without recursion.

    >>> depth({"a": [{}, 1]}), depth(1)
    (3, 0)
    """
    deepest = 0
    level = [value]
    while level := [one for one in level if isinstance(one, dict | list)]:
        deepest += 1
        level = [
            inner for one in level for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return deepest


def with_pointer(message: str, index: int) -> str:
    """Turn the decoder's path into a JSON pointer to an item and into it.

    >>> with_pointer("Expected `int` >= 0 - at `$.data.usage.input`", 3)
    '#/3/data/usage/input: Expected `int` >= 0'
    """
    detail, pointer = parted(message)
    return f"#/{index}{pointer}: {detail}"


def parted(message: str) -> tuple[str, str]:
    """Part the decoder's sentence from its path, as a JSON pointer; empty if it names none.

    >>> parted("Expected `int` >= 0 - at `$.usage.input`")
    ('Expected `int` >= 0', '/usage/input')
    >>> parted("Number out of range - at `$.items[3].attributes[...]`")
    ('Number out of range', '/items/3/attributes')
    """
    text, found, path = message.rpartition(" - at `$")
    if not found:
        return _clipped(message), ""
    # A key that the sender chose is not named, so the pointer ends before it.
    named = path.rstrip("`").partition("[...]")[0]
    return _clipped(text), named.replace("[", "/").replace("]", "").replace(".", "/")


def _clipped(text: str) -> str:
    """Cut what repeats what was sent, such as the name of a field."""
    return text if len(text) <= LONGEST_DETAIL else f"{text[:LONGEST_DETAIL]}…"
