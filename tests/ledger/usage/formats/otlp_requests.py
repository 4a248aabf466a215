"""Requests of OTLP exporters: by OpenTelemetry's own classes, and in JSON as documented."""

import json
from collections.abc import Mapping
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from ledger.usage.columns import Record
from ledger.usage.formats import otlp
from ledger.usage.formats.decoding import Decoded, Refusal

TRACE = bytes.fromhex("5b8efff798038103d269b633813fc60c")
SPAN = bytes.fromhex("eee19b7ec3c1b174")
ENDED_NS = 1_791_167_400_123_456_789

USAGE = {
    "gen_ai.usage.input_tokens": 2_000,
    "gen_ai.usage.cache_read.input_tokens": 1_200,
    "gen_ai.usage.output_tokens": 500,
}
CALL = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "qwen",
    "clearwatt.consumer": "acme",
}
ENCODINGS = (otlp.PROTOBUF, otlp.JSON)


def any_value(value: Any) -> AnyValue:
    """Return a value as OpenTelemetry's class."""
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if isinstance(value, list):
        made = AnyValue()
        made.array_value.values.extend(any_value(one) for one in value)
        return made
    return AnyValue() if value is None else AnyValue(string_value=value)


def key_values(attributes: Mapping[str, Any]) -> list[KeyValue]:
    """Return attributes as OpenTelemetry's class."""
    return [KeyValue(key=key, value=any_value(value)) for key, value in attributes.items()]


def span(
    attributes: Mapping[str, Any] | None = None,
    *,
    trace_id: bytes = TRACE,
    span_id: bytes = SPAN,
    ended_ns: int = ENDED_NS,
    status_code: int = 0,
) -> dict[str, Any]:
    """Return what a span is made of."""
    return {
        "trace_id": trace_id,
        "span_id": span_id,
        "ended_ns": ended_ns,
        "status_code": status_code,
        "attributes": CALL | USAGE if attributes is None else attributes,
    }


def written(
    *spans: Mapping[str, Any], encoding: str, resource: Mapping[str, Any] | None = None
) -> bytes:
    """Write a request in one of the encodings."""
    resource = {"service.name": "gateway-1"} if resource is None else resource
    if encoding == otlp.PROTOBUF:
        return bytes(protobuf(*spans, resource=resource).SerializeToString())
    return json.dumps(
        {
            "resourceSpans": [
                {
                    "resource": {"attributes": _json_attributes(resource)},
                    "scopeSpans": [
                        {"scope": {"name": "x"}, "spans": [_json(one) for one in spans]}
                    ],
                }
            ]
        }
    ).encode()


def protobuf(*spans: Mapping[str, Any], resource: Mapping[str, Any]) -> ExportTraceServiceRequest:
    """Return a request as OpenTelemetry's class, with what else a span has."""
    request = ExportTraceServiceRequest()
    resource_spans = request.resource_spans.add(schema_url="https://opentelemetry.io/schemas/1.37")
    resource_spans.resource.attributes.extend(key_values(resource))
    scope_spans = resource_spans.scope_spans.add()
    scope_spans.scope.name = "opentelemetry.instrumentation.openai"
    for one in spans:
        made = scope_spans.spans.add(
            trace_id=one["trace_id"],
            span_id=one["span_id"],
            parent_span_id=b"\x01" * 8,
            name="chat qwen",
            kind=3,
            start_time_unix_nano=max(one["ended_ns"] - 1_000_000_000, 0),
            end_time_unix_nano=one["ended_ns"],
            trace_state="a=b",
            flags=257,
        )
        made.attributes.extend(key_values(one["attributes"]))
        made.events.add(name="gen_ai.user.message").attributes.extend(
            key_values({"content": "a secret question"})
        )
        made.links.add(trace_id=one["trace_id"])
        made.status.code = one["status_code"]
        made.status.message = "what went wrong"
    return request


def _json(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "traceId": one["trace_id"].hex().upper(),
        "spanId": one["span_id"].hex(),
        "name": "chat qwen",
        "kind": 3,
        "startTimeUnixNano": str(max(one["ended_ns"] - 1_000_000_000, 0)),
        "endTimeUnixNano": str(one["ended_ns"]),
        "attributes": _json_attributes(one["attributes"]),
        "events": [{"name": "gen_ai.user.message", "attributes": []}],
        "status": {"code": one["status_code"]},
    }


def _json_attributes(attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _json_value(value)} for key, value in attributes.items()]


def _json_value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_json_value(one) for one in value]}}
    return {} if value is None else {"stringValue": value}


def decode(
    *spans: Mapping[str, Any],
    encoding: str = otlp.PROTOBUF,
    resource: Mapping[str, Any] | None = None,
    limit: int = 100,
    **options: Any,
) -> Decoded:
    """Decode a request of these spans."""
    body = written(*spans, encoding=encoding, resource=resource)
    return otlp.decode(body, content_type=encoding, limit=limit, **options)


def record(attributes: Mapping[str, Any], **options: Any) -> Record:
    """Return the record of one span with these attributes."""
    decoded = decode(span(attributes), **options)
    assert decoded.refusals == []
    (found,) = decoded.records
    return found


def refusal(attributes: Mapping[str, Any], **options: Any) -> Refusal:
    """Return the refusal of one span with these attributes."""
    decoded = decode(span(attributes), **options)
    assert decoded.records == []
    (found,) = decoded.refusals
    return found
