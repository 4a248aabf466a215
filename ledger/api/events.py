"""POST /v1/events: usage comes in."""

import json
from typing import Any, Final

from drf_spectacular.utils import OpenApiExample, OpenApiRequest, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api import body, examples, recording, schema
from ledger.api.answers import Receipt as ReceiptAnswer
from ledger.api.base import LedgerView
from ledger.tokens import LARGEST_COUNT, TOKEN_CLASSES
from ledger.usage.formats import cloudevents
from ledger.usage.formats.decoding import MOST_BYTES, MOST_EVENTS
from ledger.usage.formats.surfaces import SURFACES


def _data(description: str, *, required: list[str], **counts: Any) -> dict[str, Any]:
    """Return the schema of an event's data, which differs in how it states the counts."""
    return {
        "type": "object",
        "description": description,
        "required": required,
        "additionalProperties": False,
        "properties": {
            "deployment": {"type": "string", "minLength": 1, "maxLength": 512},
            **counts,
            "status": {
                "enum": ["complete", "partial", "cancelled", "failed"],
                "default": "complete",
            },
            "project": {"type": "string", "maxLength": 512},
            "supersedes": {
                "type": "string",
                "maxLength": 512,
                "description": "The id of a provisional event of this source that this final "
                "one replaces.",
            },
            "service_tier": {
                "type": "string",
                "maxLength": 512,
                "description": "In what class of service it was asked for: `batch`, `flex`, "
                "`priority`, or another that the rate card names. `standard`, `default`, `auto` "
                "and nothing are the usual one. It is kept among the attributes.",
            },
            "attributes": {
                "type": ["object", "null"],
                "description": "What you want to find again: at most 8 KiB.",
            },
        },
    }


EVENT_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["specversion", "id", "source", "type", "subject", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {
            "type": "string",
            "minLength": 1,
            "maxLength": 512,
            "description": "Unique for its source, for ever: with it a retry is recognised.",
        },
        "source": {
            "type": "string",
            "minLength": 1,
            "maxLength": 512,
            "description": "Your emitter, such as a gateway.",
        },
        "type": {"type": "string", "minLength": 1, "maxLength": 512},
        "subject": {
            "type": "string",
            "minLength": 1,
            "maxLength": 512,
            "description": "The consumer's code.",
        },
        "time": {
            "type": "string",
            "format": "date-time",
            "description": "When it occurred; the time of receipt if left out.",
        },
        "sequence": {
            "type": ["string", "integer", "null"],
            "description": "A whole number that grows by one with each event of its source, so "
            "that a lost event can be named.",
        },
        "data": {
            "oneOf": [
                _data(
                    "Counts in disjoint classes.",
                    required=["deployment", "usage"],
                    usage={
                        "type": "object",
                        "additionalProperties": False,
                        "description": "Disjoint counts; a class that is left out is zero.",
                        "properties": {
                            name: {"type": "integer", "minimum": 0, "maximum": LARGEST_COUNT}
                            for name in TOKEN_CLASSES
                        },
                    },
                ),
                _data(
                    "A usage object as its source wrote it.",
                    required=["deployment", "surface", "usage"],
                    surface={
                        "enum": list(SURFACES),
                        "description": "Whose usage object it is, and so which of its counts "
                        "contain others: see the table of surfaces.",
                    },
                    vendor={
                        "type": "string",
                        "maxLength": 512,
                        "description": "Who answered, where it counts in a way of its own.",
                    },
                    usage={
                        "type": "object",
                        "description": "The object, unchanged. One that contradicts itself is "
                        "recorded and set aside, with both readings.",
                    },
                ),
            ]
        },
    },
}
BATCH_SCHEMA: Final[dict[str, Any]] = {
    "type": "array",
    "maxItems": MOST_EVENTS,
    "items": EVENT_SCHEMA,
}


class EventsView(LedgerView):
    """Record usage events."""

    scope = "events:write"

    @extend_schema(
        operation_id="record_events",
        tags=["usage"],
        summary="Record usage events",
        description="Scope `events:write`. One CloudEvent 1.0 or a batch of at most 10,000, at "
        "most 16 MiB, in structured mode, plain or compressed once (`Content-Encoding: gzip` or "
        "`zstd`; 16 MiB unpacked, too). Answered once what was accepted is on disk: a retry of "
        "the same body records nothing twice. One bad event never spoils its batch; `items` names "
        "each that was not accepted. Counts are in disjoint classes, or a source's own usage "
        "object with its `surface`. An event of an unknown consumer or deployment is accepted, "
        "and set aside until they are known.",
        request={
            "application/cloudevents+json": OpenApiRequest(
                request=EVENT_SCHEMA,
                examples=[
                    OpenApiExample("One event", examples.EVENT, request_only=True),
                    OpenApiExample(
                        "A usage object as it came", examples.SURFACE_EVENT, request_only=True
                    ),
                ],
            ),
            "application/cloudevents-batch+json": OpenApiRequest(
                request=BATCH_SCHEMA,
                examples=[OpenApiExample("A batch", [examples.EVENT], request_only=True)],
            ),
            "application/x-ndjson": OpenApiRequest(
                request={"type": "string", "description": "One event a line."},
                examples=[
                    OpenApiExample("Lines", json.dumps(examples.EVENT) + "\n", request_only=True)
                ],
            ),
            "application/json": OpenApiRequest(
                request={"oneOf": [EVENT_SCHEMA, BATCH_SCHEMA]},
                examples=[OpenApiExample("Either", [examples.EVENT], request_only=True)],
            ),
        },
        responses=schema.answers(
            ReceiptAnswer,
            status=202,
            example=examples.RECEIPT,
            description="What became of the batch",
            problems=recording.BODY_PROBLEMS,
        ),
    )
    def post(self, request: Request) -> Response:
        """Record the body, and wake a worker."""
        decoded = cloudevents.decode(
            body.read(request, limit=MOST_BYTES),
            content_type=request.META.get("CONTENT_TYPE", ""),
            limit=MOST_EVENTS,
        )
        receipt = recording.record(request, decoded)
        return Response(recording.rendered(receipt), status=status.HTTP_202_ACCEPTED)
