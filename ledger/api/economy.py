"""GET /v1/token-economy: tokens, what they take and what they cost, as the platform sees them."""

from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api import economy_answers, economy_examples, parameters, rendering, schema
from ledger.api.authentication import for_the_platform
from ledger.api.base import LedgerView
from ledger.quantities import MICROJOULES_PER_JOULE, MINOR_UNIT_DIGITS, NANOGRAMS_PER_GRAM
from ledger.rating import economy, token_economy
from ledger.rating.economy import Sums
from ledger.rating.token_economy import NAMES, Converted, Economy

PARAMETERS: Final = ("from", "to", "by", "time_zone", "currency")


class TokenEconomyView(LedgerView):
    """The token economy."""

    scope = "books:read"

    @extend_schema(
        operation_id="token_economy",
        tags=["usage"],
        summary="Read the token economy",
        description="Scope `books:read`, by a key of the platform. Tokens a day and their growth, "
        "joules per token, utilisation of the GPUs that stand ready where deployments state how "
        "many, money per million tokens and per kilowatt-hour by currency, what of "
        "the cost is compute and energy, CO2 by location and by market, and how tokens share out "
        "by grid zone, site, model or provider. Read from sums by the hour, so that days may be "
        "those of any time zone whose days begin with an hour of UTC. At most 400 days.",
        parameters=[
            OpenApiParameter(
                "from",
                type=OpenApiTypes.DATE,
                description="The first day; the newest 30 days with usage, if neither is given.",
            ),
            OpenApiParameter(
                "to",
                type=OpenApiTypes.DATE,
                description="The day after the last; 30 days after the first, if left out.",
            ),
            OpenApiParameter("by", enum=list(NAMES), description="`zone`, if left out."),
            OpenApiParameter(
                "time_zone", description="The zone of the days; that of the books, if left out."
            ),
            OpenApiParameter(
                "currency",
                description="Also convert money into this one, by the rates published for each "
                "day.",
            ),
        ],
        responses=schema.answers(
            economy_answers.TokenEconomy,
            example=economy_examples.TOKEN_ECONOMY,
            description="The token economy",
            problems=[
                *schema.KEY_PROBLEMS,
                "party-not-allowed",
                "invalid-parameter",
                "economy-span-refused",
            ],
        ),
    )
    def get(self, request: Request) -> Response:
        """Answer the figures."""
        for_the_platform(request)
        parameters.only(request, *PARAMETERS)
        found = token_economy.token_economy(
            token_economy.Wanted(
                starts_on=parameters.day(request, "from"),
                ends_on=parameters.day(request, "to"),
                time_zone=parameters.time_zone(request, "time_zone") or settings.BOOKS_TIME_ZONE,
                by=parameters.choice(request, "by", tuple(NAMES)) or "zone",
                into=parameters.choice(request, "currency", tuple(MINOR_UNIT_DIGITS)),
            ),
            now=timezone.now(),
        )
        return Response(_economy(found))


def _economy(found: Economy) -> dict[str, Any]:
    return {
        "starts_on": found.starts_on.isoformat(),
        "ends_on": found.ends_on.isoformat(),
        "time_zone": found.time_zone,
        "by": found.by,
        "total": {**_figures(found.total), "converted": _converted(found.total_converted)},
        "days": [
            {
                "date": day.date.isoformat(),
                **_figures(day.sums),
                "growth": {name: _ratio(grown) for name, grown in day.growth.items()},
                "converted": _converted(day.converted),
            }
            for day in found.days
        ],
        "shares": [
            {"name": one.name, **_figures(one.sums), "tokens_share": _ratio(one.tokens_share)}
            for one in found.shares
        ],
    }


def _figures(sums: Sums) -> dict[str, Any]:
    grams = NANOGRAMS_PER_GRAM
    return {
        "events": sums.events,
        "tokens": sums.tokens,
        "energy_joules": rendering.sub_units(
            sums.energy_microjoules, per_unit=MICROJOULES_PER_JOULE
        ),
        "joules_per_token": _ratio(economy.joules_per_token(sums)),
        "busy_gpu_hours": f"{economy.busy_gpu_hours(sums):f}",
        "available_gpu_hours": _ratio(economy.available_gpu_hours(sums)),
        "uncounted_gpu_hours": f"{economy.uncounted_gpu_hours(sums):f}",
        "utilisation": _ratio(economy.utilisation(sums)),
        "co2_location_grams": rendering.sub_units(sums.co2_location_nanograms, per_unit=grams),
        "co2_market_grams": rendering.sub_units(sums.co2_market_nanograms, per_unit=grams),
        "market_over_location": _ratio(economy.market_over_location(sums)),
        "money": [
            {
                "currency": one.currency,
                "price": rendering.amount(one.price),
                "per_million_tokens": _amount(one.per_million_tokens),
                "per_kwh": _amount(one.per_kwh),
                "compute_share": _ratio(one.compute_share),
                "energy_share": _ratio(one.energy_share),
            }
            for one in economy.prices(sums)
        ],
    }


def _converted(converted: Converted | None) -> dict[str, Any] | None:
    if converted is None:
        return None
    return {
        "currency": converted.currency,
        "price": _amount(converted.price),
        "rates": [
            {"base": one.base, "rate": f"{one.rate.normalize():f}", "fx_rate": str(one.version_id)}
            for one in converted.rates
        ],
        "missing": converted.missing,
    }


def _amount(value: Decimal | None) -> str | None:
    return None if value is None else rendering.amount(value)


def _ratio(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
