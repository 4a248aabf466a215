"""POST /v1/events: usage comes in."""

import json
from typing import Any, Final

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiRequest, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from ledger import tasks
from ledger.api import body, examples, schema
from ledger.api.answers import Receipt as ReceiptAnswer
from ledger.api.authentication import caller_of
from ledger.api.base import LedgerView
from ledger.tokens import LARGEST_COUNT, TOKEN_CLASSES
from ledger.usage import intake
from ledger.usage.formats import cloudevents
from ledger.usage.formats.decoding import MOST_BYTES, MOST_EVENTS
from ledger.usage.intake import Receipt

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
            "type": "object",
            "required": ["deployment", "usage"],
            "additionalProperties": False,
            "properties": {
                "deployment": {"type": "string", "minLength": 1, "maxLength": 512},
                "usage": {
                    "type": "object",
                    "additionalProperties": False,
                    "description": "Disjoint counts; a class that is left out is zero.",
                    "properties": {
                        name: {"type": "integer", "minimum": 0, "maximum": LARGEST_COUNT}
                        for name in TOKEN_CLASSES
                    },
                },
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
                "attributes": {
                    "type": ["object", "null"],
                    "description": "What you want to find again: at most 8 KiB.",
                },
            },
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
        "most 16 MiB, in structured mode. Answered once what was accepted is on disk: a retry of "
        "the same body records nothing twice. One bad event never spoils its batch; `items` names "
        "each that was not accepted. An event of an unknown consumer or deployment is accepted, "
        "and set aside until they are known.",
        request={
            "application/cloudevents+json": OpenApiRequest(
                request=EVENT_SCHEMA,
                examples=[OpenApiExample("One event", examples.EVENT, request_only=True)],
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
            problems=[
                *schema.KEY_PROBLEMS,
                "unreadable-body",
                "length-required",
                "body-too-large",
                "too-many-events",
                "unsupported-content-type",
                "unsupported-content-encoding",
            ],
        ),
    )
    def post(self, request: Request) -> Response:
        """Record the body, and wake a worker."""
        decoded = cloudevents.decode(
            body.read(request, limit=MOST_BYTES),
            content_type=request.META.get("CONTENT_TYPE", ""),
            limit=MOST_EVENTS,
        )
        receipt = intake.record(
            provider_id=caller_of(request).party_id, decoded=decoded, now=timezone.now()
        )
        tasks.wake()
        return Response(_rendered(receipt), status=status.HTTP_202_ACCEPTED)


def _rendered(receipt: Receipt) -> dict[str, Any]:
    return {
        "batch": None if receipt.batch_id is None else str(receipt.batch_id),
        "accepted": receipt.accepted,
        "duplicates": receipt.count("duplicate"),
        "conflicts": receipt.count("conflict"),
        "rejected": receipt.count("rejected"),
        "items": [
            {
                "index": item.index,
                "status": item.status,
                "code": item.code,
                "detail": item.detail,
            }
            for item in receipt.items
        ],
    }
