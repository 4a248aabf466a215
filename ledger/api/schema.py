"""How the OpenAPI document is written: an answer, its example, and the problems it may be."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from ledger.api.answers import Problem
from ledger.api.problem_examples import PROBLEM_EXAMPLES

JSON: Final = "application/json"
PROBLEM_JSON: Final = "application/problem+json"

KEY_PROBLEMS: Final = (
    *("key-missing", "key-unknown", "key-expired", "key-revoked"),
    *("address-not-allowed", "scope-missing", "throttled"),
)
POST_PROBLEMS: Final = (
    *KEY_PROBLEMS,
    *("signature-missing", "signature-invalid", "signature-out-of-time", "signature-replayed"),
)
"""Of every operation that changes something: a key may have to sign what it posts."""

Answers = dict[tuple[str, str], OpenApiResponse]

LIMIT: Final = OpenApiParameter(
    name="limit",
    type={"type": "integer", "minimum": 1, "maximum": 1000, "default": 100},
    description="How many items a page holds.",
)
CURSOR: Final = OpenApiParameter(
    name="cursor",
    type=OpenApiTypes.STR,
    description="Where the page begins; taken from the `next` link of the page before. "
    "It names the last row seen, so that new rows never shift a page.",
)


def path(name: str, *, description: str, example: str) -> OpenApiParameter:
    """Describe a path segment."""
    return OpenApiParameter(
        name=name,
        type=OpenApiTypes.STR,
        location=OpenApiParameter.PATH,
        description=description,
        examples=[OpenApiExample(name=example, value=example)],
    )


def answers(
    answer: type[serializers.Serializer[Any]],
    *,
    example: dict[str, Any],
    description: str,
    problems: Sequence[str] = (),
    more_problems: Mapping[str, dict[str, Any]] | None = None,
    status: int = 200,
) -> Answers:
    """Describe the answer of an operation and each problem that it may answer instead.

    `more_problems` are examples of problems that only the caller's package knows.
    """
    return {
        (str(status), JSON): OpenApiResponse(
            response=answer,
            description=description,
            examples=[
                OpenApiExample(
                    name=description, value=example, media_type=JSON, status_codes=[str(status)]
                )
            ],
        ),
        **refusals(problems, more_problems),
    }


def refusals(
    problems: Sequence[str], more_problems: Mapping[str, dict[str, Any]] | None = None
) -> Answers:
    """Describe each problem that an operation may answer, by status, with an example of each."""
    known = {**PROBLEM_EXAMPLES, **(more_problems or {})}
    described: Answers = {}
    by_status: dict[str, list[str]] = {}
    for name in [*problems, *(more_problems or {})]:
        by_status.setdefault(str(known[name]["status"]), []).append(name)
    for code, names in sorted(by_status.items()):
        described[code, PROBLEM_JSON] = OpenApiResponse(
            response=Problem,
            description=", ".join(f"`{name}`" for name in names),
            examples=[
                OpenApiExample(
                    name=name, value=known[name], media_type=PROBLEM_JSON, status_codes=[code]
                )
                for name in names
            ],
        )
    described["default", PROBLEM_JSON] = OpenApiResponse(
        response=Problem, description="Any other problem; see /problems."
    )
    return described
