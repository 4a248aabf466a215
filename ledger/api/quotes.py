"""POST /v1/quotes: what usage would cost, at its own site and at every other."""

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiRequest, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api import (
    body,
    parameters,
    quote_answers,
    quote_examples,
    quote_rendering,
    schema,
    wanted_quote,
)
from ledger.api.authentication import caller_of
from ledger.api.base import LedgerView
from ledger.rating import quotes


class QuotesView(LedgerView):
    """What hypothetical usage costs."""

    scope = "books:read"

    @extend_schema(
        operation_id="quote",
        tags=["prices"],
        summary="Quote hypothetical usage",
        description="Scope `books:read`, of deployments of your own or of a provider that you have "
        "an agreement with. Prices the usage at the deployment's own site and at every other, as "
        "if it stood there, with what a move saves and from which price of a GPU-hour or of carbon "
        "on it does not. Stores and books nothing. A site that lacks a figure says which. What "
        "prices are made of is the provider's affair: a consumer sees it if the agreement "
        "discloses it.",
        request={
            "application/json": OpenApiRequest(
                request=wanted_quote.SCHEMA,
                examples=[
                    OpenApiExample("Usage", quote_examples.WANTED_QUOTE, request_only=True),
                ],
            )
        },
        responses=schema.answers(
            quote_answers.Quotes,
            example=quote_examples.QUOTES,
            description="A quote for each deployment",
            problems=[
                *schema.POST_PROBLEMS,
                "invalid-parameter",
                "unreadable-body",
                "length-required",
                "body-too-large",
                "unsupported-content-type",
                "unsupported-content-encoding",
                "quote-invalid",
            ],
        ),
    )
    def post(self, request: Request) -> Response:
        """Answer the quotes."""
        parameters.only(request)
        wanted = wanted_quote.read(
            body.read(request, limit=wanted_quote.MOST_BYTES),
            content_type=request.META.get("CONTENT_TYPE", ""),
        )
        revision, found = quotes.quote(caller_of(request).viewer, wanted, now=timezone.now())
        return Response(
            {
                "catalogue": str(revision),
                "quotes": [
                    quote_rendering.quote(one, save_percent=wanted.save_percent) for one in found
                ],
            }
        )
