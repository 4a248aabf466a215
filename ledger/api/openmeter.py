"""POST /api/v1/events: usage as OpenMeter's clients send it, answered as OpenMeter does."""

from typing import Any, Final

from drf_spectacular.utils import OpenApiExample, OpenApiRequest, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api import body, examples, parameters, recording, schema
from ledger.api.base import LedgerView
from ledger.errors import LedgerError
from ledger.usage.formats import openmeter
from ledger.usage.formats.decoding import MOST_BYTES, MOST_EVENTS
from ledger.usage.intake import Receipt

EVENT_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["id", "source", "type", "subject", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1, "maxLength": 512},
        "source": {"type": "string", "minLength": 1, "maxLength": 512},
        "type": {
            "enum": [openmeter.OURS, *openmeter.TYPES],
            "description": "Decides how `data` is read.",
        },
        "subject": {
            "type": "string",
            "minLength": 1,
            "maxLength": 512,
            "description": "The consumer.",
        },
        "time": {
            "type": ["string", "null"],
            "format": "date-time",
            "description": "When it occurred; the time of receipt if left out.",
        },
        "data": {"type": "object", "description": "As its type has it."},
    },
}
BATCH_SCHEMA: Final[dict[str, Any]] = {
    "type": "array",
    "maxItems": MOST_EVENTS,
    "items": EVENT_SCHEMA,
}


class EventsRefused(LedgerError):
    """Some events of a batch were not taken; those that were are recorded."""

    problem = "events-refused"

    def __init__(self, receipt: Receipt) -> None:
        refused = [item for item in receipt.items if item.status != "duplicate"]
        for name, value in recording.rendered(receipt).items():
            setattr(self, name, value)
        super().__init__(
            f"{len(refused)} of {receipt.sent} events were not taken, and the others are recorded; "
            f"see items, beginning with {refused[0].detail}"
        )


class OpenMeterView(LedgerView):
    """Record events of OpenMeter's clients."""

    scope = "events:write"

    @extend_schema(
        operation_id="ingest_events",
        tags=["usage"],
        summary="Record events of OpenMeter's clients",
        description="Scope `events:write`. The path and the answer of OpenMeter's ingest, so that "
        "its clients need another base URL and nothing else: one CloudEvent or at most 10,000, at "
        "most 16 MiB. Answered 204 without a body once all events are on disk; a retry records "
        "nothing twice. If some were not taken the others are recorded all the same, and the "
        "answer is a problem that names each in `items`.",
        request={
            "application/cloudevents+json": OpenApiRequest(
                request=EVENT_SCHEMA,
                examples=[OpenApiExample("Tokens", examples.OPENMETER_EVENT, request_only=True)],
            ),
            "application/cloudevents-batch+json": OpenApiRequest(
                request=BATCH_SCHEMA,
                examples=[OpenApiExample("A batch", [examples.OPENMETER_EVENT], request_only=True)],
            ),
            "application/json": OpenApiRequest(
                request={"oneOf": [EVENT_SCHEMA, BATCH_SCHEMA]},
                examples=[OpenApiExample("Either", [examples.OPENMETER_EVENT], request_only=True)],
            ),
        },
        responses={
            **schema.refusals([*recording.BODY_PROBLEMS, "invalid-parameter", "events-refused"]),
            "204": OpenApiResponse(description="All events are recorded"),
        },
    )
    def post(self, request: Request) -> Response:
        """Record the body, and wake a worker."""
        parameters.only(request)
        decoded = openmeter.decode(
            body.read(request, limit=MOST_BYTES),
            content_type=request.META.get("CONTENT_TYPE", ""),
            limit=MOST_EVENTS,
        )
        receipt = recording.record(request, decoded)
        if receipt.count("rejected") + receipt.count("conflict"):
            raise EventsRefused(receipt)
        return Response(status=status.HTTP_204_NO_CONTENT)
