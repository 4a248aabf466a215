"""GET /v1/market-coverage: our cost against public list prices."""

from decimal import Decimal
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api import market_answers, parameters, rendering, schema
from ledger.api.authentication import caller_of
from ledger.api.base import LedgerView
from ledger.quantities import round_half_even
from ledger.rating import market_coverage
from ledger.rating.market_coverage import Coverage, Report, VendorPrice

DIGITS = 12


class MarketCoverageView(LedgerView):
    """How a month's cost stands against the market."""

    scope = "books:read"

    @extend_schema(
        operation_id="market_coverage",
        tags=["prices"],
        summary="Compare with public list prices",
        description="Scope `books:read`. For each deployment of yours, or that you used, a month's "
        "tokens in the mix in which they were used, per million and in USD: what they cost, what "
        "was charged, and what the lists of other vendors of the same model would have made of "
        "them. Cost is shown to the provider. A reference only: nothing is charged by it.",
        parameters=[
            OpenApiParameter(
                "month",
                type={"type": "string", "pattern": r"^\d{4}-\d{2}$"},
                description="YYYY-MM; the last with usage, if left out.",
            )
        ],
        responses=schema.answers(
            market_answers.MarketCoverage,
            example=market_answers.EXAMPLE,
            description="The month's coverage",
            problems=[*schema.KEY_PROBLEMS, "invalid-parameter"],
        ),
    )
    def get(self, request: Request) -> Response:
        """Answer the report."""
        parameters.only(request, "month")
        found = market_coverage.report(
            caller_of(request).viewer,
            span=parameters.month(request, "month"),
            now=timezone.now(),
        )
        return Response(_report(found))


def _report(found: Report) -> dict[str, Any]:
    return {
        "month": f"{found.starts_on:%Y-%m}",
        "snapshot": found.snapshot
        and {
            "source": found.snapshot.source,
            "version": found.snapshot.version,
            "taken_at": rendering.instant(found.snapshot.taken_at),
        },
        "lines": [_line(line) for line in found.lines],
    }


def _line(line: Coverage) -> dict[str, Any]:
    return {
        "model": line.model,
        "provider": line.provider,
        "deployment": line.deployment,
        "tokens": line.tokens,
        "price_usd_per_million": _amount(line.price),
        "cost_usd_per_million": _amount(line.cost),
        "median": line.median and _vendor(line.median),
        "coverage": _amount(line.covered),
        "vendors": [_vendor(one) for one in line.vendors],
        "lack": line.lack,
    }


def _vendor(one: VendorPrice) -> dict[str, Any]:
    return {
        "vendor": one.vendor,
        "model": one.model,
        "usd_per_million": _amount(one.per_million),
    }


def _amount(value: Decimal | None) -> str | None:
    return None if value is None else rendering.amount(round_half_even(value, digits=DIGITS))
