"""/v1/meter-readings, /v1/energy-bills, /v1/sites/{site}/energy and /green: the energy books."""

from datetime import date, datetime, timedelta
from typing import Any, Final

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiRequest, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api import (
    body,
    energy_answers,
    energy_examples,
    pages,
    parameters,
    schema,
    wanted_readings,
)
from ledger.api.authentication import caller_of
from ledger.api.base import LedgerView
from ledger.api.energy_rendering import (
    rendered_bill,
    rendered_energy,
    rendered_green,
    rendered_reading,
)
from ledger.energy import bills, green, reading, readings, stated
from ledger.periods import InvalidMonth, month_of, parse_month

SITE: Final = schema.path("site", description="The site's code.", example="zhongwei")
OF_SITE: Final = OpenApiParameter(
    "site", type=OpenApiTypes.STR, description="Only of this site; of all of yours otherwise."
)
MONTH: Final = OpenApiParameter(
    "month",
    type={"type": "string", "pattern": r"^\d{4}-\d{2}$"},
    description="YYYY-MM, in the site's time zone; if left out, the month before this one.",
)
YEARS: Final = range(2000, 9000)
BODY_PROBLEMS: Final = (
    *("unreadable-body", "length-required", "body-too-large"),
    *("unsupported-content-type", "unsupported-content-encoding"),
)


class MeterReadingsView(LedgerView):
    """What the meters of sites counted."""

    scope = "books:read"
    post_scope = "meters:write"

    @extend_schema(
        operation_id="list_meter_readings",
        tags=["energy"],
        summary="List meter readings",
        description="Scope `books:read`. Readings of the sites at which you serve, newest first, "
        "every revision of them; the highest of an interval holds.",
        parameters=[
            OF_SITE,
            OpenApiParameter("kind", enum=stated.KINDS, description="Only readings of this kind."),
            OpenApiParameter(
                "from", type=OpenApiTypes.DATETIME, description="That begin from here on."
            ),
            OpenApiParameter(
                "to", type=OpenApiTypes.DATETIME, description="That begin before this instant."
            ),
            schema.LIMIT,
            schema.CURSOR,
        ],
        responses=schema.answers(
            energy_answers.MeterReadingPage,
            example=energy_examples.READING_PAGE,
            description="A page of readings",
            problems=[*schema.KEY_PROBLEMS, "invalid-parameter", "invalid-cursor"],
            more_problems=energy_examples.NO_SUCH_SITE,
        ),
    )
    def get(self, request: Request) -> Response:
        """Answer a page."""
        parameters.only(request, "site", "kind", "from", "to", "limit", "cursor")
        rows = readings.listed(
            caller_of(request).viewer,
            site=request.query_params.get("site"),
            kind=parameters.choice(request, "kind", stated.KINDS),
            span=(parameters.instant(request, "from"), parameters.instant(request, "to")),
            before=pages.number_after(request),
            limit=parameters.limit(request) + 1,
        )
        return Response(
            pages.page(request, rows, key=lambda row: (row.id,), render=rendered_reading)
        )

    @extend_schema(
        operation_id="post_meter_readings",
        tags=["energy"],
        summary="Record meter readings",
        description="Scope `meters:write`, by the only provider that serves at the site, or by the "
        "platform. At most 10,000, all recorded or none. Readings of one meter never overlap; the "
        "same interval with another quantity is a correction, and what stands already changes "
        "nothing.",
        request={
            "application/json": OpenApiRequest(
                request=wanted_readings.READINGS_SCHEMA,
                examples=[
                    OpenApiExample("A quarter hour", [energy_examples.READING], request_only=True)
                ],
            )
        },
        responses=schema.answers(
            energy_answers.RecordedReadings,
            example=energy_examples.RECORDED,
            description="What became of them",
            problems=[*schema.POST_PROBLEMS, *BODY_PROBLEMS],
            more_problems=energy_examples.READINGS_REFUSED,
        ),
    )
    def post(self, request: Request) -> Response:
        """Record them."""
        caller = caller_of(request)
        recorded = readings.record(
            caller.viewer,
            wanted_readings.readings(
                body.read(request, limit=wanted_readings.MOST_BYTES),
                content_type=request.META.get("CONTENT_TYPE", ""),
            ),
            by=caller.party_code,
            now=timezone.now(),
        )
        return Response(
            {
                "new": recorded.new,
                "revised": recorded.revised,
                "unchanged": recorded.unchanged,
            }
        )


class EnergyBillsView(LedgerView):
    """What utilities billed sites."""

    scope = "books:read"
    post_scope = "meters:write"

    @extend_schema(
        operation_id="list_energy_bills",
        tags=["energy"],
        summary="List energy bills",
        description="Scope `books:read`. Your bills, newest first; the platform's key lists all.",
        parameters=[OF_SITE, schema.LIMIT, schema.CURSOR],
        responses=schema.answers(
            energy_answers.EnergyBillPage,
            example=energy_examples.BILL_PAGE,
            description="A page of bills",
            problems=[*schema.KEY_PROBLEMS, "invalid-parameter", "invalid-cursor"],
            more_problems=energy_examples.NO_SUCH_SITE,
        ),
    )
    def get(self, request: Request) -> Response:
        """Answer a page."""
        parameters.only(request, "site", "limit", "cursor")
        rows = bills.listed(
            caller_of(request).viewer,
            site=request.query_params.get("site"),
            before=pages.number_after(request),
            limit=parameters.limit(request) + 1,
        )
        return Response(pages.page(request, rows, key=lambda row: (row.id,), render=rendered_bill))

    @extend_schema(
        operation_id="post_energy_bill",
        tags=["energy"],
        summary="Book an energy bill",
        description="Scope `meters:write`, by the only provider that serves at the site, or by the "
        "platform. Booked once by its site and document; the same again is answered as it is "
        "booked. A bill is of one calendar month or a part of it.",
        request={
            "application/json": OpenApiRequest(
                request=wanted_readings.BILL_SCHEMA,
                examples=[
                    OpenApiExample("October", energy_examples.STATED_BILL, request_only=True)
                ],
            )
        },
        responses=schema.answers(
            energy_answers.EnergyBill,
            example=energy_examples.BILL,
            description="The bill as it is booked",
            problems=[*schema.POST_PROBLEMS, *BODY_PROBLEMS],
            more_problems=energy_examples.BILL_REFUSED,
        ),
    )
    def post(self, request: Request) -> Response:
        """Book it."""
        caller = caller_of(request)
        booked = bills.book(
            caller.viewer,
            wanted_readings.bill(
                body.read(request, limit=wanted_readings.MOST_BYTES),
                content_type=request.META.get("CONTENT_TYPE", ""),
            ),
            by=caller.party_code,
            now=timezone.now(),
        )
        return Response(rendered_bill(booked))


class SiteEnergyView(LedgerView):
    """A site's month: metered against booked."""

    scope = "books:read"

    @extend_schema(
        operation_id="get_site_energy",
        tags=["energy"],
        summary="Hold a site's meter against its books",
        description="Scope `books:read`, by a provider that serves at the site or the platform. "
        "What the meters counted in the month and where they are silent, what usage booked, what "
        "was billed, and the variance by its parts as it is posted. A provider sees its own share.",
        parameters=[SITE, MONTH],
        responses=schema.answers(
            energy_answers.SiteEnergy,
            example=energy_examples.SITE_ENERGY,
            description="The month",
            problems=[*schema.KEY_PROBLEMS, "invalid-parameter"],
            more_problems=energy_examples.NO_SUCH_SITE,
        ),
    )
    def get(self, request: Request, site: str) -> Response:
        """Answer the month."""
        parameters.only(request, "month")
        told = reading.report(
            caller_of(request).viewer, site=site, starts_on=_month(request, now=timezone.now())
        )
        return Response(rendered_energy(told))


class SiteGreenView(LedgerView):
    """A site's month: consumed against certificates."""

    scope = "books:read"

    @extend_schema(
        operation_id="get_site_green",
        tags=["energy"],
        summary="Hold a site's green share against certificates",
        description="Scope `books:read`, by a provider that serves at the site or the platform. "
        "What was consumed and booked as green in the month, what certificates claim of it by "
        "quarter hour, and CO2 by location and by market side by side. A provider sees its own.",
        parameters=[
            SITE,
            MONTH,
            OpenApiParameter(
                "slots",
                type={"type": "boolean", "default": False},
                description="Whether to list every quarter hour.",
            ),
        ],
        responses=schema.answers(
            energy_answers.SiteGreen,
            example=energy_examples.SITE_GREEN,
            description="The month",
            problems=[*schema.KEY_PROBLEMS, "invalid-parameter", "month-archived"],
            more_problems=energy_examples.NO_SUCH_SITE,
        ),
    )
    def get(self, request: Request, site: str) -> Response:
        """Answer the month."""
        parameters.only(request, "month", "slots")
        slots = parameters.flag(request, "slots")
        told = green.report(
            caller_of(request).viewer, site=site, starts_on=_month(request, now=timezone.now())
        )
        return Response(rendered_green(told, slots=slots))


def _month(request: Request, *, now: datetime) -> date:
    """Return the first day of the month that is asked for.

    :raises InvalidParameter: if it is none from 2000 on.
    """
    text: Any = request.query_params.get("month")
    if text is None:
        return month_of(now.date().replace(day=1) - timedelta(days=1))[0]
    expected = "a month from 2000 on, written YYYY-MM"
    try:
        first = parse_month(text)[0]
    except InvalidMonth as error:
        raise parameters.InvalidParameter(parameter="month", expected=expected) from error
    if first.year not in YEARS or f"{first:%Y-%m}" != text:
        raise parameters.InvalidParameter(parameter="month", expected=expected)
    return first
