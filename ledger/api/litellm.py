"""POST /v1/litellm: usage as LiteLLM's proxy logs it."""

import json
from typing import Any, Final

from drf_spectacular.utils import OpenApiExample, OpenApiRequest, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api import body, examples, parameters, recording, schema
from ledger.api.answers import Receipt
from ledger.api.base import LedgerView
from ledger.usage.formats import litellm
from ledger.usage.formats.decoding import MOST_BYTES, MOST_EVENTS

PAYLOAD_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "description": "A StandardLoggingPayload; of its members only these are read.",
    "required": ["status", "litellm_call_id"],
    "properties": {
        "status": {"enum": ["success", "failure"]},
        "litellm_call_id": {
            "type": ["string", "null"],
            "description": "With `id`, it makes the event's identity.",
        },
        "id": {"type": ["string", "null"], "description": "The answer's."},
        "endTime": {"type": ["number", "null"], "description": "Seconds since 1970."},
        "model_group": {
            "type": ["string", "null"],
            "description": "With the host of `api_base`, the deployment: model@host.",
        },
        "model": {"type": ["string", "null"], "description": "In place of a missing group."},
        "api_base": {"type": ["string", "null"]},
        "custom_llm_provider": {"type": ["string", "null"]},
        "prompt_tokens": {"type": ["integer", "null"]},
        "completion_tokens": {"type": ["integer", "null"]},
        "total_tokens": {"type": ["integer", "null"]},
        "cache_hit": {
            "type": ["boolean", "null"],
            "description": "Answered from LiteLLM's own cache: counted as no tokens.",
        },
        "error_information": {"type": ["object", "null"]},
        "metadata": {
            "type": ["object", "null"],
            "properties": {
                "usage_object": {
                    "type": ["object", "null"],
                    "description": "Read as the surface `litellm`.",
                },
                "user_api_key_alias": {
                    "type": ["string", "null"],
                    "description": "The consumer; in its place the key's hash.",
                },
                "user_api_key_hash": {"type": ["string", "null"]},
                "user_api_key_team_alias": {
                    "type": ["string", "null"],
                    "description": "The project, unless LiteLLM names one.",
                },
            },
        },
    },
}
PAYLOADS_SCHEMA: Final[dict[str, Any]] = {
    "type": "array",
    "maxItems": MOST_EVENTS,
    "items": PAYLOAD_SCHEMA,
}


class LiteLLMView(LedgerView):
    """Record what LiteLLM logged."""

    scope = "events:write"

    @extend_schema(
        operation_id="record_litellm",
        tags=["usage"],
        summary="Record what LiteLLM logged",
        description="Scope `events:write`. What LiteLLM's `generic_api` callback sends: payloads "
        "as an array, one a line, or one alone, all announced as JSON; at most 10,000 and 16 MiB. "
        "Answered like `POST /v1/events`. Neither prompts nor answers are kept.",
        parameters=[recording.source_parameter("litellm")],
        request={
            "application/json": OpenApiRequest(
                request={"oneOf": [PAYLOADS_SCHEMA, PAYLOAD_SCHEMA]},
                examples=[OpenApiExample("A batch", [examples.LITELLM_PAYLOAD], request_only=True)],
            ),
            "application/x-ndjson": OpenApiRequest(
                request={"type": "string", "description": "One payload a line."},
                examples=[
                    OpenApiExample(
                        "Lines", json.dumps(examples.LITELLM_PAYLOAD) + "\n", request_only=True
                    )
                ],
            ),
        },
        responses=schema.answers(
            Receipt,
            status=202,
            example=examples.RECEIPT,
            description="What became of the batch",
            problems=[*recording.BODY_PROBLEMS, "invalid-parameter"],
        ),
    )
    def post(self, request: Request) -> Response:
        """Record the body, and wake a worker."""
        parameters.only(request, "source")
        decoded = litellm.decode(
            body.read(request, limit=MOST_BYTES),
            content_type=request.META.get("CONTENT_TYPE", ""),
            limit=MOST_EVENTS,
            source=recording.source(request) or litellm.SOURCE,
        )
        receipt = recording.record(request, decoded)
        return Response(recording.rendered(receipt), status=status.HTTP_202_ACCEPTED)
