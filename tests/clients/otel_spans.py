"""Export spans with OpenTelemetry's SDK, configured by its environment alone; JSON in and out.

In: the spans' names, attributes and, for some, an error. Out: the ids of those that were exported,
and whether the exporter took the answer for a success.
"""

import json
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

# Of this namespace our own environment has only the messages, so types cannot follow an import.
trace: Any = import_module("opentelemetry.trace")


class Remembering(SpanExporter):  # type: ignore[misc]  # it is not in our environment
    """Export, and remember what became of it; `again` exports everything a second time."""

    def __init__(self) -> None:
        self.exporter = OTLPSpanExporter()
        self.spans: list[ReadableSpan] = []
        self.results: list[str] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self.exporter.export(spans)
        self.spans += spans
        self.results.append(result.name)
        return result

    def again(self) -> None:
        self.results.append(self.exporter.export(self.spans).name)


def main() -> None:
    exporter = Remembering()
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("tests")
    for one in json.load(sys.stdin):
        emit(tracer, **one)
    provider.force_flush()
    exporter.again()
    provider.shutdown()
    json.dump(
        {
            "results": exporter.results,
            "ids": [
                f"{trace.format_trace_id(one.context.trace_id)}"
                f"-{trace.format_span_id(one.context.span_id)}"
                for one in exporter.spans
            ],
        },
        sys.stdout,
    )


def emit(tracer: Any, *, name: str, attributes: dict[str, Any], error: str = "") -> None:
    with tracer.start_as_current_span(name, kind=trace.SpanKind.CLIENT) as span:
        span.set_attributes(attributes)
        span.add_event("gen_ai.user.message", {"content": "a secret question"})
        if error:
            span.set_status(trace.StatusCode.ERROR, error)


if __name__ == "__main__":
    main()
