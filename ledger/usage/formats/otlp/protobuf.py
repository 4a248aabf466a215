"""ExportTraceServiceRequest in Protocol Buffers. Pure.

Field numbers are those of opentelemetry-proto 1.10 (trace/v1/trace.proto, common/v1/common.proto).
"""

from collections.abc import Iterator
from typing import Final

from ledger.usage.formats.decoding import UnreadableBody
from ledger.usage.formats.otlp.spans import Span, Value, Wanted
from ledger.usage.formats.otlp.wire import (
    DELIMITED,
    FIXED_64,
    MORE,
    VARINT,
    Damaged,
    Reader,
    double,
    signed,
    tag_of,
)

MOST_FIELDS: Final = 1_000_000

RESOURCE_SPANS: Final = tag_of(1, DELIMITED)
RESOURCE: Final = tag_of(1, DELIMITED)
RESOURCE_ATTRIBUTE: Final = tag_of(1, DELIMITED)
SCOPE_SPANS: Final = tag_of(2, DELIMITED)
SPAN: Final = tag_of(2, DELIMITED)
TRACE_ID: Final = tag_of(1, DELIMITED)
SPAN_ID: Final = tag_of(2, DELIMITED)
STARTED: Final = tag_of(7, FIXED_64)
ENDED: Final = tag_of(8, FIXED_64)
ATTRIBUTE: Final = tag_of(9, DELIMITED)
STATUS: Final = tag_of(15, DELIMITED)
STATUS_CODE: Final = tag_of(3, VARINT)
KEY: Final = tag_of(1, DELIMITED)
VALUE: Final = tag_of(2, DELIMITED)
STRING: Final = tag_of(1, DELIMITED)
BOOL: Final = tag_of(2, VARINT)
INT: Final = tag_of(3, VARINT)
DOUBLE: Final = tag_of(4, FIXED_64)
ARRAY: Final = tag_of(5, DELIMITED)
ARRAY_VALUE: Final = tag_of(1, DELIMITED)

Attributes = dict[str, Value]


def spans(body: bytes, *, wanted: Wanted) -> Iterator[Span]:
    """Yield the spans of a request, in the order in which they are written.

    :raises UnreadableBody: if it is no such request.
    """
    reader = Reader(body, most_fields=MOST_FIELDS)
    try:
        for tag, start, end in reader.fields(0, len(body)):
            if tag == RESOURCE_SPANS:
                yield from _resource_spans(reader, start, end, wanted)
    except Damaged as error:
        raise UnreadableBody(str(error)) from error


def _resource_spans(reader: Reader, start: int, end: int, wanted: Wanted) -> Iterator[Span]:
    """Yield what one resource did; it may be described after it."""
    fields = reader.fields(start, end)
    resource: Attributes = {}
    for tag, first, last in fields:
        if tag == RESOURCE:
            for inner, inner_first, inner_last in reader.fields(first, last):
                if inner == RESOURCE_ATTRIBUTE:
                    _add(resource, reader, inner_first, inner_last, wanted)
    for tag, first, last in fields:
        if tag == SCOPE_SPANS:
            for inner, inner_first, inner_last in reader.fields(first, last):
                if inner == SPAN:
                    yield _span(reader, inner_first, inner_last, resource, wanted)


def _span(reader: Reader, start: int, end: int, resource: Attributes, wanted: Wanted) -> Span:
    found = {TRACE_ID: (0, 0), SPAN_ID: (0, 0), STARTED: (0, 0), ENDED: (0, 0), STATUS: (0, 0)}
    attributes: Attributes = {}
    for tag, first, last in reader.fields(start, end):
        if tag == ATTRIBUTE:
            _add(attributes, reader, first, last, wanted)
        elif tag in found:
            found[tag] = (first, last)
    code = 0
    for tag, value, _ in reader.fields(*found[STATUS]):
        if tag == STATUS_CODE:
            code = value
    return Span(
        reader.raw(*found[TRACE_ID]).hex(),
        reader.raw(*found[SPAN_ID]).hex(),
        found[STARTED][0],
        found[ENDED][0],
        code,
        attributes,
        resource,
    )


def _add(attributes: Attributes, reader: Reader, start: int, end: int, wanted: Wanted) -> None:
    """Add an attribute if it is wanted; mostly the key comes first, and tells by itself."""
    head = reader.raw(start, min(start + 2, end))
    if head[:1] == KEY_FIRST and head[-1] < MORE:
        key = reader.text(start + 2, min(start + 2 + head[-1], end))
        if key not in wanted:
            return
    key, value = "", (0, 0)
    for tag, first, last in reader.fields(start, end):
        if tag == KEY:
            key = reader.text(first, last)
        elif tag == VALUE:
            value = (first, last)
    if key in wanted:
        attributes[key] = _value(reader, *value)


KEY_FIRST: Final = bytes([KEY])


def _value(reader: Reader, start: int, end: int) -> Value:
    """Return an AnyValue: the last one counts, lists as the texts in them, others as none."""
    found: Value = None
    for tag, first, last in reader.fields(start, end):
        if tag == STRING:
            found = reader.text(first, last)
        elif tag == INT:
            found = signed(first)
        elif tag == DOUBLE:
            found = double(first)
        elif tag == BOOL:
            found = bool(first)
        elif tag == ARRAY:
            found = _texts(reader, first, last)
        else:
            found = None
    return found


def _texts(reader: Reader, start: int, end: int) -> list[str]:
    return [
        reader.text(first, last)
        for tag, outer_first, outer_last in reader.fields(start, end)
        if tag == ARRAY_VALUE
        for inner, first, last in reader.fields(outer_first, outer_last)
        if inner == STRING
    ]
