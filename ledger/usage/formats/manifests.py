"""Manifests: a body in which a source states what it sent -> statements. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import msgspec

from ledger.errors import LedgerError
from ledger.tokens import TOKEN_CLASSES
from ledger.usage.formats import decoding
from ledger.usage.formats.cloudevents import LARGEST_SEQUENCE
from ledger.usage.formats.decoding import UNDECODABLE, UnreadableBody

CONTENT_TYPES: Final = ("application/json",)
MOST_MANIFESTS: Final = 1_000
MOST_BYTES: Final = 1024 * 1024
MOST_EVENTS: Final = 10**12
MOST_TOKENS: Final = 10**18
LONGEST_WINDOW: Final = timedelta(days=31)
QUARTER_HOUR_MINUTES: Final = 15
CLOCK_AHEAD: Final = timedelta(hours=1)
"""A source's clock may be ahead by as much as intake allows its events to be."""

Events = Annotated[int, msgspec.Meta(ge=0, le=MOST_EVENTS)]
Sum = Annotated[int, msgspec.Meta(ge=0, le=MOST_TOKENS)]
Digits = Annotated[str, msgspec.Meta(pattern="^[0-9]{1,19}$")]
Whole = Annotated[int, msgspec.Meta(ge=0, le=LARGEST_SEQUENCE)]


class Window(msgspec.Struct, forbid_unknown_fields=True):
    """Whole quarter hours, half open."""

    starts_at: str
    ends_at: str


class Tokens(msgspec.Struct, forbid_unknown_fields=True):
    """Sums of the disjoint token classes; a class that is left out is not stated."""

    input: Sum | None = None
    cache_read: Sum | None = None
    cache_write_5m: Sum | None = None
    cache_write_1h: Sum | None = None
    output: Sum | None = None
    reasoning: Sum | None = None
    audio_input: Sum | None = None
    audio_output: Sum | None = None
    image_input: Sum | None = None


assert Tokens.__struct_fields__ == TOKEN_CLASSES


class Manifest(msgspec.Struct, forbid_unknown_fields=True):
    """What was sent of the events that occurred in a window."""

    window: Window
    events: Events
    tokens: Tokens | None = None
    first_sequence: Digits | Whole | None = None
    last_sequence: Digits | Whole | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """What a source states of one window; `tokens` by class, None where it states nothing."""

    starts_at: datetime
    ends_at: datetime
    events: int
    tokens: tuple[int | None, ...]
    first_sequence: int | None
    last_sequence: int | None

    @property
    def window(self) -> tuple[datetime, datetime]:
        """Return the window, half open."""
        return self.starts_at, self.ends_at


class ManifestInvalid(LedgerError):
    """A manifest makes no sense; `errors` name each place in the body."""

    problem = "manifest-invalid"

    def __init__(self, errors: Sequence[tuple[str, str]]) -> None:
        self.errors = [{"pointer": pointer, "detail": detail} for pointer, detail in errors]
        pointer, detail = errors[0]
        more = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
        super().__init__(f"{pointer} {detail}{more}; nothing was recorded")


class _Unfit(Exception):
    """A place in one manifest makes no sense; it never leaves this module."""

    def __init__(self, pointer: str, detail: str) -> None:
        self.pointer = pointer
        self.detail = detail
        super().__init__(detail)


def decode(body: bytes, *, content_type: str, now: datetime) -> list[Statement]:
    """Return the statements of a body that holds one manifest or an array of them.

    :raises UnsupportedContentType, UnreadableBody: if it is no JSON.
    :raises ManifestInvalid: if any of them makes no sense; all such places are named.
    """
    decoding.media_type(content_type, accepted=CONTENT_TYPES)
    is_array = body.lstrip()[:1] == b"["
    if is_array and decoding.more_items_than(body, MOST_MANIFESTS):
        raise ManifestInvalid([("#", f"holds more than {MOST_MANIFESTS} manifests")])
    try:
        items = _ARRAY.decode(body) if is_array else [_whole(body)]
    except UNDECODABLE as error:
        raise UnreadableBody(str(error)) from error
    statements: list[Statement] = []
    errors: list[tuple[str, str]] = []
    for index, item in enumerate(items):
        try:
            statements.append(_statement(_ONE.decode(item), now=now))
        except msgspec.ValidationError as error:
            detail, pointer = decoding.parted(str(error))
            errors.append((f"#/{index}{pointer}" if is_array else f"#{pointer}", detail))
        except _Unfit as error:
            place = f"#/{index}" if is_array else "#"
            errors.append((f"{place}/{error.pointer}", error.detail))
    if errors:
        raise ManifestInvalid(errors)
    return statements


_ARRAY: Final = msgspec.json.Decoder(list[msgspec.Raw])
_ONE: Final = msgspec.json.Decoder(Manifest)


def _whole(body: bytes) -> msgspec.Raw:
    msgspec.json.decode(body)
    return msgspec.Raw(body)


def _statement(manifest: Manifest, *, now: datetime) -> Statement:
    window = manifest.window
    starts_at = _quarter_hour(window.starts_at, "window/starts_at")
    ends_at = _quarter_hour(window.ends_at, "window/ends_at")
    if ends_at <= starts_at:
        raise _Unfit("window/ends_at", "is not after starts_at")
    if ends_at - starts_at > LONGEST_WINDOW:
        raise _Unfit("window/ends_at", f"is more than {LONGEST_WINDOW.days} days after starts_at")
    if ends_at > now + CLOCK_AHEAD:
        raise _Unfit("window/ends_at", "is yet to come; state a window once it is over")
    first, last = _numbers(manifest)
    tokens: tuple[int | None, ...] = (
        msgspec.structs.astuple(manifest.tokens)
        if manifest.tokens is not None
        else (None,) * len(TOKEN_CLASSES)
    )
    return Statement(starts_at, ends_at, manifest.events, tokens, first, last)


def _quarter_hour(text: str, pointer: str) -> datetime:
    try:
        at = decoding.moment(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _Unfit(pointer, str(error)) from error
    if at.minute % QUARTER_HOUR_MINUTES or at.second or at.microsecond:
        raise _Unfit(pointer, "is not on a quarter hour")
    return at


def _numbers(manifest: Manifest) -> tuple[int | None, int | None]:
    first, last = map(_number, (manifest.first_sequence, manifest.last_sequence))
    for name, number in (("first_sequence", first), ("last_sequence", last)):
        if number is not None and number > LARGEST_SEQUENCE:
            raise _Unfit(name, f"is not a whole number from 0 to {LARGEST_SEQUENCE}")
    if first is None and last is not None:
        raise _Unfit("first_sequence", "is missing beside last_sequence")
    if first is not None and last is None:
        raise _Unfit("last_sequence", "is missing beside first_sequence")
    if first is not None and last is not None and last < first:
        raise _Unfit("last_sequence", "is less than first_sequence")
    return first, last


def _number(value: Any) -> int | None:
    return None if value is None else int(value)
