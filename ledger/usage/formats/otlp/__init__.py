"""OpenTelemetry traces over HTTP: spans that state token usage -> records and refusals. Pure.

Spans without usage are passed over. A span is one operation, so its ids are the event's: an
exporter that sends it again repeats them. `gen_ai.response.id` is no identity, since it may be
missing, and since an answer that a cache serves twice has it twice. Where two instrumentations
report one call, it is reported twice, with one response id: one of them is to be left out.

The source is the resource's `service.name`. `service.instance.id` is not part of it: it changes
with each start, and a span that is sent again after one would be another event.
"""

from collections.abc import Sequence
from typing import Final

from ledger.usage.columns import Record
from ledger.usage.formats import decoding
from ledger.usage.formats.decoding import Decoded, Refusal, TooManyEvents
from ledger.usage.formats.otlp import conventions, json_encoding, protobuf
from ledger.usage.formats.otlp.conventions import CONSUMER
from ledger.usage.formats.otlp.spans import Wanted

__all__ = ["CONSUMER", "CONTENT_TYPES", "JSON", "PROTOBUF", "decode"]

PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"
CONTENT_TYPES: Final = (PROTOBUF, JSON)


def decode(
    body: bytes,
    *,
    content_type: str,
    limit: int,
    source: str = "",
    consumer: Sequence[str] = CONSUMER,
) -> Decoded:
    """Return the records of an ExportTraceServiceRequest; `limit` is that of spans with usage.

    An item is a span with usage, or what should be one and cannot be read; its index counts all
    spans of the request. `consumer` are the attributes that may name the consumer, in order.

    :raises UnsupportedContentType, UnreadableBody, TooManyEvents: if the whole body is refused.
    """
    media_type = decoding.media_type(content_type, accepted=CONTENT_TYPES)
    read = protobuf.spans if media_type == PROTOBUF else json_encoding.spans
    wanted = Wanted(conventions.NAMES.union(consumer))
    records: list[Record] = []
    refusals: list[Refusal] = []
    for index, span in enumerate(read(body, wanted=wanted)):
        found = conventions.record(index, span, source=source, consumer=consumer)
        if found is None:
            continue
        if isinstance(found, Refusal):
            refusals.append(found)
        else:
            records.append(found)
        if len(records) + len(refusals) > limit:
            raise TooManyEvents(limit + 1, limit)
    return Decoded(records=records, refusals=refusals, time="endTimeUnixNano", source="")
