"""POST /v1/otlp/v1/traces: usage from spans, as any OpenTelemetry exporter sends them."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NoReturn

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, OpenApiRequest, extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api import body, otlp_schema, parameters, recording
from ledger.api.base import LedgerView
from ledger.api.parameters import InvalidParameter
from ledger.usage.formats import otlp
from ledger.usage.formats.decoding import LONGEST_NAME, MOST_BYTES, MOST_EVENTS
from ledger.usage.formats.otlp import answers
from ledger.usage.intake import Receipt

MOST_CONSUMER_ATTRIBUTES: Final = 8
MOST_DETAILS: Final = 3


class OneForm(BaseContentNegotiation):
    """Answer in the request's own encoding, whatever it says to accept: OTLP knows no other."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> NoReturn:
        """Never be asked: views read bodies by themselves."""
        raise NotImplementedError

    def select_renderer(
        self,
        request: Request,  # noqa: ARG002 - DRF's signature
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,  # noqa: ARG002 - DRF's signature
    ) -> tuple[BaseRenderer, str]:
        """Return the first, by which DRF answers problems until they are a Status."""
        first = next(iter(renderers))
        return first, first.media_type or ""


class TracesView(LedgerView):
    """Record the usage that spans state."""

    scope = "events:write"
    content_negotiation_class = OneForm

    @extend_schema(
        operation_id="record_traces",
        tags=["usage"],
        summary="Record the usage that spans state",
        description="Scope `events:write`. OTLP/HTTP: an ExportTraceServiceRequest of at most 16 "
        "MiB. Spans with `gen_ai.usage` attributes are usage events, at most 10,000; others are "
        "passed over. Set `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` to this address. Answered as OTLP "
        "has it: 200 once what was accepted is on disk, with the number of spans that were not; "
        "a request that is refused as a whole with a Status, in the request's own encoding.",
        parameters=[
            recording.source_parameter("service.name"),
            OpenApiParameter(
                "consumer",
                type={"type": "array", "items": {"type": "string"}, "maxItems": 8},
                description="Attributes of the span or its resource that name the consumer, the "
                f"first that is set; {', '.join(otlp.CONSUMER)} if left out.",
            ),
        ],
        request={
            otlp.PROTOBUF: OpenApiRequest(
                request=otlp_schema.BINARY, examples=[otlp_schema.BINARY_EXAMPLE]
            ),
            otlp.JSON: OpenApiRequest(
                request=otlp_schema.REQUEST, examples=[otlp_schema.REQUEST_EXAMPLE]
            ),
        },
        responses=otlp_schema.ANSWERS,
    )
    def post(self, request: Request) -> HttpResponse:
        """Record the spans' usage, and wake a worker."""
        parameters.only(request, "source", "consumer")
        decoded = otlp.decode(
            body.read(request, limit=MOST_BYTES),
            content_type=request.META.get("CONTENT_TYPE", ""),
            limit=MOST_EVENTS,
            source=recording.source(request),
            consumer=_consumer(request),
        )
        return _taken(request, recording.record(request, decoded))

    def handle_exception(self, exc: Exception) -> Response:
        """Answer a refusal as OTLP's clients read it."""
        response = super().handle_exception(exc)
        problem: dict[str, Any] = response.data
        message = f"{problem['title']}: {problem['detail']} ({problem['type']})"
        write = answers.refused if _is_protobuf(self.request) else answers.refused_json
        headers = {
            name: value
            for name, value in response.headers.items()
            if name.lower() != "content-type"
        }
        return HttpResponse(  # type: ignore[return-value] # DRF takes any response of Django's
            write(message=message),
            status=response.status_code,
            content_type=_content_type(self.request),
            headers=headers,
        )


def _consumer(request: Request) -> Sequence[str]:
    names = request.query_params.getlist("consumer")
    if len(names) > MOST_CONSUMER_ATTRIBUTES or not all(
        0 < len(name) <= LONGEST_NAME and name.isprintable() for name in names
    ):
        expected = f"at most {MOST_CONSUMER_ATTRIBUTES} names of attributes"
        raise InvalidParameter(parameter="consumer", expected=expected)
    return names or otlp.CONSUMER


def _taken(request: Request, receipt: Receipt) -> HttpResponse:
    """Answer how many spans were not taken; those that were known count as taken."""
    details = [item.detail for item in receipt.items if item.status != "duplicate"]
    message = "; ".join(details[:MOST_DETAILS])
    if len(details) > MOST_DETAILS:
        message += f"; and {len(details) - MOST_DETAILS} more"
    write = answers.taken if _is_protobuf(request) else answers.taken_json
    return HttpResponse(
        write(rejected_spans=len(details), message=message), content_type=_content_type(request)
    )


def _content_type(request: Request) -> str:
    return otlp.PROTOBUF if _is_protobuf(request) else otlp.JSON


def _is_protobuf(request: Request) -> bool:
    said: str = request.META.get("CONTENT_TYPE", "")
    return said.partition(";")[0].strip().lower() == otlp.PROTOBUF
