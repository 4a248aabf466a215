"""How OTLP's messages stand in the OpenAPI document. Nothing here runs on a request."""

from typing import Any, Final

from drf_spectacular.utils import OpenApiExample, OpenApiResponse
from rest_framework import serializers

from ledger.api import recording
from ledger.api.problem_examples import PROBLEM_EXAMPLES
from ledger.usage.formats import otlp

BINARY: Final[dict[str, Any]] = {
    "type": "string",
    "format": "binary",
    "description": "A message of opentelemetry-proto.",
}
BINARY_EXAMPLE: Final = OpenApiExample("No span", "", request_only=True)
REQUEST: Final[dict[str, Any]] = {
    "type": "object",
    "description": "An ExportTraceServiceRequest in OTLP's JSON: ids in hexadecimal digits, "
    "numbers of 64 bits as texts.",
    "properties": {
        "resourceSpans": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "resource": {"type": "object"},
                    "scopeSpans": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {"spans": {"type": "array", "items": {"type": "object"}}},
                        },
                    },
                },
            },
        }
    },
}
REQUEST_EXAMPLE: Final = OpenApiExample(
    "A span",
    {
        "resourceSpans": [
            {
                "resource": {
                    "attributes": [{"key": "service.name", "value": {"stringValue": "gateway-1"}}]
                },
                "scopeSpans": [
                    {
                        "spans": [
                            {
                                "traceId": "5b8efff798038103d269b633813fc60c",
                                "spanId": "eee19b7ec3c1b174",
                                "name": "chat llama-70b",
                                "kind": 3,
                                "startTimeUnixNano": "1791192599000000000",
                                "endTimeUnixNano": "1791192600250000000",
                                "attributes": [
                                    {
                                        "key": "gen_ai.operation.name",
                                        "value": {"stringValue": "chat"},
                                    },
                                    {
                                        "key": "gen_ai.response.model",
                                        "value": {"stringValue": "llama-70b"},
                                    },
                                    {
                                        "key": "gen_ai.usage.input_tokens",
                                        "value": {"intValue": "2000"},
                                    },
                                    {
                                        "key": "gen_ai.usage.output_tokens",
                                        "value": {"intValue": "500"},
                                    },
                                    {"key": "enduser.id", "value": {"stringValue": "acme"}},
                                ],
                            }
                        ]
                    }
                ],
            }
        ]
    },
    request_only=True,
)


class PartialSuccess(serializers.Serializer[Any]):
    """What of a request was not taken."""

    rejectedSpans = serializers.CharField()  # noqa: N815 - OTLP's name
    errorMessage = serializers.CharField()  # noqa: N815 - OTLP's name


class TracesAnswer(serializers.Serializer[Any]):
    """An ExportTraceServiceResponse; empty when all spans with usage were taken."""

    partialSuccess = PartialSuccess(required=False)  # noqa: N815 - OTLP's name


class TracesRefusal(serializers.Serializer[Any]):
    """A google.rpc.Status, of which OTLP uses the message: title, detail and type of a problem."""

    message = serializers.CharField()


def _answer(
    code: str, description: str, serializer: Any, values: dict[str, Any]
) -> dict[tuple[str, str], OpenApiResponse]:
    """Return an answer in both encodings, with examples by name."""

    def examples(media_type: str, shown: dict[str, Any]) -> list[OpenApiExample]:
        return [
            OpenApiExample(name, value, media_type=media_type, status_codes=[code])
            for name, value in shown.items()
        ]

    return {
        (code, otlp.JSON): OpenApiResponse(
            serializer, description=description, examples=examples(otlp.JSON, values)
        ),
        (code, otlp.PROTOBUF): OpenApiResponse(
            BINARY,
            description=description,
            examples=examples(otlp.PROTOBUF, {"the same, as a message": ""}),
        ),
    }


def _answers() -> dict[tuple[str, str], OpenApiResponse]:
    by_code: dict[str, dict[str, Any]] = {}
    for name in [*recording.BODY_PROBLEMS, "invalid-parameter"]:
        problem = PROBLEM_EXAMPLES[name]
        message = f"{problem['title']}: {problem['detail']} ({problem['type']})"
        by_code.setdefault(str(problem["status"]), {})[name] = {"message": message}
    taken = {
        "All were taken": {},
        "One was not": {
            "partialSuccess": {
                "rejectedSpans": "1",
                "errorMessage": "#/3/attributes/gen_ai.usage.input_tokens: -1 is not a whole "
                "number from 0 to 1000000000",
            }
        },
    }
    described = _answer("200", "What was taken", TracesAnswer, taken)
    for code, values in sorted(by_code.items()):
        described |= _answer(code, ", ".join(f"`{name}`" for name in values), TracesRefusal, values)
    return described


ANSWERS: Final = _answers()
