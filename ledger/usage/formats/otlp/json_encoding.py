"""ExportTraceServiceRequest in OTLP's JSON: hexadecimal ids, 64-bit numbers as texts. Pure."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from ledger.usage.formats import decoding
from ledger.usage.formats.decoding import UNDECODABLE, UnreadableBody
from ledger.usage.formats.otlp.spans import STATUS_ERROR, NoSpan, Span, Value, Wanted

MOST_OBJECTS: Final = 1_000_000
LONGEST_NUMBER: Final = 20
ERROR_NAME: Final = "STATUS_CODE_ERROR"


class Values(msgspec.Struct):
    """A list of values."""

    values: list["AnyValue"] | None = None


class AnyValue(msgspec.Struct, rename="camel"):
    """A value of one of these kinds; of others it is none."""

    string_value: str | None = None
    bool_value: bool | None = None
    int_value: int | str | None = None
    double_value: float | str | None = None
    array_value: Values | None = None


class KeyValue(msgspec.Struct):
    """An attribute."""

    key: str = ""
    value: AnyValue | None = None


class Resource(msgspec.Struct):
    """What did it."""

    attributes: list[KeyValue] | None = None


class Status(msgspec.Struct):
    """How it ended."""

    code: int | str | None = None


class JsonSpan(msgspec.Struct, rename="camel"):
    """An operation."""

    trace_id: str = ""
    span_id: str = ""
    start_time_unix_nano: int | str | None = None
    end_time_unix_nano: int | str | None = None
    attributes: list[KeyValue] | None = None
    status: Status | None = None


class ScopeSpans(msgspec.Struct):
    """Spans of one instrumentation, each still as it was sent."""

    spans: list[msgspec.Raw] | None = None


class ResourceSpans(msgspec.Struct, rename="camel"):
    """What one resource did."""

    resource: Resource | None = None
    scope_spans: list[ScopeSpans] | None = None


class Request(msgspec.Struct, rename="camel"):
    """What an exporter sends."""

    resource_spans: list[ResourceSpans] | None = None


_REQUEST: Final = msgspec.json.Decoder(Request)
_SPAN: Final = msgspec.json.Decoder(JsonSpan)


def spans(body: bytes, *, wanted: Wanted) -> Iterator[Span | NoSpan]:
    """Yield the spans of a request, in the order in which they are written.

    :raises UnreadableBody: if it is no such request, or one of more objects than are read.
    """
    if body.count(b"{") > MOST_OBJECTS:
        raise UnreadableBody(f"it holds more than {MOST_OBJECTS} objects; send fewer spans")
    try:
        request = _decoded(body)
    except UNDECODABLE as error:
        raise UnreadableBody(str(error)) from error
    for resource_spans in request.resource_spans or ():
        resource = _attributes(resource_spans.resource, wanted)
        for scope_spans in resource_spans.scope_spans or ():
            for span in scope_spans.spans or ():
                yield _span(span, resource, wanted)


def _decoded(body: bytes) -> Request:
    """Read a request, with halves of characters as Protocol Buffers have them: replaced.

    SDKs cut texts after so many UTF-16 units, and a question may end amid an emoji.
    """
    try:
        return _REQUEST.decode(body)
    except msgspec.DecodeError:
        mended = without_halves(body)
        if mended == body:
            raise
        return _REQUEST.decode(mended)


def without_halves(body: bytes) -> bytes:
    r"""Return JSON with halves of surrogate pairs, which no UTF-8 can hold, replaced.

    >>> without_halves(rb'"\ud83d\ude00 \ud83d \\ud83d \ude00\ud83d\ud83d\ude00"').decode()
    '"\\ud83d\\ude00 \\ufffd \\u005cud83d \\ufffd\\ufffd\\ud83d\\ude00"'
    """
    if not SURROGATE.search(body):
        return body
    # Another spelling of a backslash, so that every one that is left begins an escape.
    escaped = body.replace(b"\\\\", b"\\u005c")
    return LONE_LOW.sub(REPLACEMENT, LONE_HIGH.sub(REPLACEMENT, escaped))


HIGH: Final = rb"\\u[dD][89abAB][0-9a-fA-F]{2}"
LOW: Final = rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
LONE_HIGH: Final = re.compile(HIGH + rb"(?!" + LOW + rb")")
LONE_LOW: Final = re.compile(rb"(?<!" + HIGH + rb")" + LOW)
REPLACEMENT: Final = rb"\\ufffd"


def _span(sent: msgspec.Raw, resource: dict[str, Value], wanted: Wanted) -> Span | NoSpan:
    try:
        span = _SPAN.decode(sent)
    except UNDECODABLE as error:
        detail, pointer = decoding.parted(str(error))
        return NoSpan(pointer.lstrip("/"), detail)
    code = span.status.code if span.status else 0
    return Span(
        span.trace_id.lower(),
        span.span_id.lower(),
        _nanoseconds(span.start_time_unix_nano),
        _nanoseconds(span.end_time_unix_nano),
        STATUS_ERROR if code in (STATUS_ERROR, ERROR_NAME) else 0,
        _attributes(span, wanted),
        resource,
    )


def _attributes(holder: JsonSpan | Resource | None, wanted: Wanted) -> dict[str, Value]:
    pairs: Iterable[KeyValue] = (holder and holder.attributes) or ()
    return {
        pair.key: None if pair.value is None else _value(pair.value)
        for pair in pairs
        if pair.key in wanted
    }


def _value(value: AnyValue) -> Value:
    if value.int_value is not None:
        number = _whole(value.int_value)
        return value.int_value if number is None else number
    if value.array_value is not None:
        texts = [one.string_value for one in value.array_value.values or ()]
        return [text for text in texts if text is not None]
    return next(
        (
            found
            for found in (value.string_value, value.bool_value, value.double_value)
            if found is not None
        ),
        None,
    )


def _nanoseconds(said: int | str | None) -> int:
    """Return a time; -1 if it is none, which no span has."""
    if said is None:
        return 0
    number = _whole(said)
    return -1 if number is None else number


def _whole(said: int | str) -> int | None:
    """Return a number of 64 bits, which JSON mostly writes as a text.

    >>> _whole("-12"), _whole(7), _whole("1e3"), _whole("٣")
    (-12, 7, None, None)
    """
    if isinstance(said, int):
        return said
    digits = said.removeprefix("-")
    if not digits.isascii() or not digits.isdigit() or len(said) > LONGEST_NUMBER:
        return None
    return int(said)
