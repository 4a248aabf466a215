"""What OTLP answers: how many spans were not taken, or why none was, in the request's encoding.

Pure. After opentelemetry-proto 1.10, collector/trace/v1/trace_service.proto, and google.rpc.Status,
of which OTLP uses the message alone.
"""

import json

from ledger.usage.formats.otlp.wire import delimited, varint


def taken(*, rejected_spans: int, message: str) -> bytes:
    """Return an ExportTraceServiceResponse in Protocol Buffers; empty when all spans were taken."""
    if not rejected_spans:
        return b""
    partial_success = varint(1, rejected_spans) + delimited(2, message.encode())
    return delimited(1, partial_success)


def taken_json(*, rejected_spans: int, message: str) -> bytes:
    """Return the same in JSON, where numbers of 64 bits are texts."""
    if not rejected_spans:
        return b"{}"
    partial_success = {"rejectedSpans": str(rejected_spans), "errorMessage": message}
    return json.dumps({"partialSuccess": partial_success}).encode()


def refused(*, message: str) -> bytes:
    """Return a Status in Protocol Buffers."""
    return delimited(2, message.encode())


def refused_json(*, message: str) -> bytes:
    """Return a Status in JSON."""
    return json.dumps({"message": message}).encode()
