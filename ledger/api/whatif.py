"""GET /v1/whatif: a past span's usage priced anew, elsewhere or at another time."""

from datetime import date
from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api import parameters, quote_answers, quote_rendering, schema, whatif_examples
from ledger.api.authentication import caller_of
from ledger.api.base import LedgerView
from ledger.rating import whatif
from ledger.rating.whatif import LONGEST_SHIFT_MINUTES, SLOT_MINUTES, Moved, Totals, WhatIf

NAMES = ("from", "to", "provider", "consumer", "deployment", "site", "shift_minutes")


class WhatIfView(LedgerView):
    """What past usage would have cost."""

    scope = "books:read"

    @extend_schema(
        operation_id="what_if",
        tags=["prices"],
        summary="Price past usage anew",
        description="Scope `books:read`. Your usage of some days in UTC, at every site or at one, "
        "and at each deployment's own, some minutes earlier or later if you like, by the "
        "catalogue of now. At its own site and time it comes to what was booked, unless a later "
        "publication has changed what held. At most 31 days, 5,000,000 events, and 60,000 "
        "quarter hours of deployments times sites. Stores and books nothing.",
        parameters=[
            OpenApiParameter(
                "from",
                type=OpenApiTypes.DATE,
                description="The first day; the last one with usage, if left out.",
            ),
            OpenApiParameter(
                "to",
                type=OpenApiTypes.DATE,
                description="The day after the last; one day, if left out.",
            ),
            OpenApiParameter("provider", description="Only usage of this provider."),
            OpenApiParameter("consumer", description="Only usage of this consumer."),
            OpenApiParameter("deployment", description="Only this one: a code, or provider/code."),
            OpenApiParameter("site", description="Only at this site; at every one, if left out."),
            OpenApiParameter(
                "shift_minutes",
                type={
                    "type": "integer",
                    "minimum": -LONGEST_SHIFT_MINUTES,
                    "maximum": LONGEST_SHIFT_MINUTES,
                    "multipleOf": SLOT_MINUTES,
                    "default": 0,
                },
                description="How much later the usage is moved; negative: earlier.",
            ),
        ],
        responses=schema.answers(
            quote_answers.WhatIf,
            example=whatif_examples.WHAT_IF,
            description="The usage at each site",
            problems=[
                *schema.KEY_PROBLEMS,
                "invalid-parameter",
                "what-if-refused",
                "month-archived",
            ],
        ),
    )
    def get(self, request: Request) -> Response:
        """Answer the comparison."""
        parameters.only(request, *NAMES)
        wanted = whatif.Wanted(
            from_date=parameters.day(request, "from"),
            to_date=parameters.day(request, "to"),
            provider=request.query_params.get("provider"),
            consumer=request.query_params.get("consumer"),
            deployment=request.query_params.get("deployment"),
            site=request.query_params.get("site"),
            shift_minutes=parameters.step(
                request, "shift_minutes", step=SLOT_MINUTES, most=LONGEST_SHIFT_MINUTES
            ),
        )
        return Response(
            _what_if(whatif.what_if(caller_of(request).viewer, wanted, now=timezone.now()))
        )


def _what_if(found: WhatIf) -> dict[str, Any]:
    return {
        "catalogue": str(found.revision),
        "from_date": found.span.from_date.isoformat(),
        "to_date": found.span.to_date.isoformat(),
        "shift_minutes": found.shift_minutes,
        "entries": found.entries,
        "sites": [_moved(moved, shows_cost=found.shows_cost) for moved in found.moved],
    }


def _moved(moved: Moved, *, shows_cost: bool) -> dict[str, Any]:
    return {
        "site": moved.site and moved.site.code,
        "lacks": [
            {**quote_rendering.lack(lack), "entries": entries}
            for lack, entries in moved.lacks.items()
        ],
        "totals": [_totals(one, shows_cost=shows_cost) for one in moved.totals],
        "days": [_day(day, one, shows_cost=shows_cost) for day, one in moved.days],
    }


def _day(day: date, totals: Totals, *, shows_cost: bool) -> dict[str, Any]:
    return {"day": day.isoformat(), **_totals(totals, shows_cost=shows_cost)}


def _totals(totals: Totals, *, shows_cost: bool) -> dict[str, Any]:
    saved = totals.booked.less(totals.instead)
    return {
        "currency": totals.currency,
        "booked": quote_rendering.amounts(totals.booked, shows_cost=shows_cost),
        "instead": quote_rendering.amounts(totals.instead, shows_cost=shows_cost),
        "saved": quote_rendering.amounts(saved, shows_cost=shows_cost),
        "price_percent": quote_rendering.percent_or_null(whatif.percent_saved(totals)),
    }
