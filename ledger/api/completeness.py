"""GET /v1/sources/{id}/gaps and /coverage, /manifests: whether all of a source's usage is here."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiRequest, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api import body, completeness_answers, completeness_examples, pages, parameters, schema
from ledger.api.authentication import caller_of
from ledger.api.base import LedgerView
from ledger.api.completeness_rendering import (
    rendered_coverage,
    rendered_gaps,
    rendered_range,
    rendered_recorded,
    rendered_stated,
    seconds,
)
from ledger.api.sources import SOURCE_ID
from ledger.tokens import TOKEN_CLASSES
from ledger.usage.completeness import manifests, reading
from ledger.usage.completeness.spans import LATE_AFTER, Span, on_quarter_hour, quarter_hour_after
from ledger.usage.formats.manifests import (
    CLOCK_AHEAD,
    LONGEST_WINDOW,
    MOST_BYTES,
    MOST_EVENTS,
    MOST_MANIFESTS,
    MOST_TOKENS,
    decode,
)

LONGEST_SPAN: Final = LONGEST_WINDOW
MOST_DAYS: Final = 92
EARLIEST_YEAR, LATEST_YEAR = 1971, 9000
LATEST_SECONDS: Final = 31 * 24 * 60 * 60
FROM: Final = OpenApiParameter(
    "from",
    type=OpenApiTypes.DATETIME,
    description="From this quarter hour of occurrence on; if left out, 31 days before `to`.",
)
TO: Final = OpenApiParameter(
    "to",
    type=OpenApiTypes.DATETIME,
    description="To before this quarter hour, at most 31 days later; if left out, until now.",
)
LATE_AFTER_SECONDS: Final = OpenApiParameter(
    "late_after_seconds",
    type={"type": "integer", "minimum": 0, "maximum": LATEST_SECONDS, "default": 3600},
    description="What is received later than this after the end of its quarter hour is late. So "
    "is, in any case, what is received after a manifest of its window was posted.",
)
SEQUENCE_SCHEMA: Final[dict[str, Any]] = {"type": ["string", "integer", "null"]}
MANIFEST_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["window", "events"],
    "additionalProperties": False,
    "properties": {
        "window": {
            "type": "object",
            "required": ["starts_at", "ends_at"],
            "additionalProperties": False,
            "description": "Whole quarter hours, half open, at most 31 days, and over. An event "
            "belongs to the window that its time lies in.",
            "properties": {
                "starts_at": {"type": "string", "format": "date-time"},
                "ends_at": {"type": "string", "format": "date-time"},
            },
        },
        "events": {
            "type": "integer",
            "minimum": 0,
            "maximum": MOST_EVENTS,
            "description": "How many events were sent, each counted once.",
        },
        "tokens": {
            "type": ["object", "null"],
            "additionalProperties": False,
            "description": "Sums of disjoint counts; a class that is left out is not stated.",
            "properties": {
                name: {"type": ["integer", "null"], "minimum": 0, "maximum": MOST_TOKENS}
                for name in TOKEN_CLASSES
            },
        },
        "first_sequence": {
            **SEQUENCE_SCHEMA,
            "description": "The lowest sequence number among them, beside the highest.",
        },
        "last_sequence": {
            **SEQUENCE_SCHEMA,
            "description": "The highest sequence number among them, beside the lowest.",
        },
    },
}
MANIFESTS_SCHEMA: Final[dict[str, Any]] = {
    "oneOf": [
        MANIFEST_SCHEMA,
        {"type": "array", "maxItems": MOST_MANIFESTS, "items": MANIFEST_SCHEMA},
    ]
}


class GapsView(LedgerView):
    """What is missing, extra or late of a source."""

    scope = "books:read"

    @extend_schema(
        operation_id="get_gaps",
        tags=["sources"],
        summary="Name what is missing of a source",
        description="Scope `books:read`, by the source's provider or the platform. `items` are "
        "ranges of sequence numbers: `missing`, which no event carries though a later number came "
        "or a manifest states them; `repeated`, which several events carry; `extra`, which events "
        "of a manifest's window carry and the manifest does not state. `windows` holds manifests "
        "against what arrived, and lists the first that are not complete. `late` lists the first "
        "quarter hours with events that came late.",
        parameters=[SOURCE_ID, FROM, TO, LATE_AFTER_SECONDS, schema.LIMIT, schema.CURSOR],
        responses=schema.answers(
            completeness_answers.Gaps,
            example=completeness_examples.GAPS,
            description="The gaps",
            problems=[
                *schema.KEY_PROBLEMS,
                "invalid-parameter",
                "invalid-cursor",
                "no-such-source",
            ],
        ),
    )
    def get(self, request: Request, source_id: int) -> Response:
        """Answer what is not there."""
        parameters.only(request, "from", "to", "late_after_seconds", "limit", "cursor")
        gaps = reading.gaps(
            caller_of(request).viewer,
            source_id=source_id,
            span=_span(request, now=timezone.now()),
            late_after=_late_after(request),
            after=_range_after(request),
            limit=parameters.limit(request),
        )
        page = pages.page(
            request, gaps.numbers.ranges, key=lambda one: one.cursor, render=rendered_range
        )
        return Response({**rendered_gaps(gaps), **page})


class CoverageView(LedgerView):
    """What arrived of a source, day by day."""

    scope = "books:read"

    @extend_schema(
        operation_id="get_coverage",
        tags=["sources"],
        summary="Read what arrived of a source, day by day",
        description="Scope `books:read`, by the source's provider or the platform. Every day of "
        "the span is listed, those without an event too. A day's `verdict` is `complete` where "
        "manifests state all of it and all is there, `partial` where they state a part, `gapless` "
        "where nothing is stated and the numbers of its events leave none out, `unstated` where "
        "there is nothing to judge by; `missing`, `extra` and `unclear` come from its manifests, "
        "`missing` from its numbers too.",
        parameters=[
            SOURCE_ID,
            OpenApiParameter(
                "from",
                type=OpenApiTypes.DATE,
                description="The first day; if left out, 30 days before `to`.",
            ),
            OpenApiParameter(
                "to",
                type=OpenApiTypes.DATE,
                description="The day after the last, at most 92 days later; if left out, tomorrow.",
            ),
            OpenApiParameter(
                "time_zone",
                type={"type": "string", "default": "UTC"},
                description="Where days begin, such as Asia/Shanghai.",
            ),
            LATE_AFTER_SECONDS,
        ],
        responses=schema.answers(
            completeness_answers.Coverage,
            example=completeness_examples.COVERAGE,
            description="The days",
            problems=[*schema.KEY_PROBLEMS, "invalid-parameter", "no-such-source"],
        ),
    )
    def get(self, request: Request, source_id: int) -> Response:
        """Answer the days."""
        parameters.only(request, "from", "to", "time_zone", "late_after_seconds")
        time_zone = parameters.time_zone(request, "time_zone") or "UTC"
        first, end = _days(request, today=timezone.now().astimezone(ZoneInfo(time_zone)).date())
        coverage = reading.coverage(
            caller_of(request).viewer,
            source_id=source_id,
            first=first,
            end=end,
            time_zone=time_zone,
            late_after=_late_after(request),
        )
        asked = {
            "from": first.isoformat(),
            "to": end.isoformat(),
            "time_zone": time_zone,
            "late_after_seconds": seconds(_late_after(request)),
        }
        return Response(rendered_coverage(coverage, asked))


class ManifestsView(LedgerView):
    """What a source states that it sent."""

    scope = "books:read"
    post_scope = "events:write"

    @extend_schema(
        operation_id="list_manifests",
        tags=["sources"],
        summary="List the manifests of a source",
        description="Scope `books:read`, by the source's provider or the platform. Each stated "
        "window that meets the span, with what arrived of it, the difference and the verdict: "
        "`complete`, `missing`, `extra`, or `unclear`, where only tokens are short and events "
        "whose counts cannot be believed may account for it. The newest statement of a window "
        "holds; the older ones are in `statements`.",
        parameters=[SOURCE_ID, FROM, TO, schema.LIMIT, schema.CURSOR],
        responses=schema.answers(
            completeness_answers.ManifestPage,
            example=completeness_examples.MANIFEST_PAGE,
            description="A page of manifests",
            problems=[
                *schema.KEY_PROBLEMS,
                "invalid-parameter",
                "invalid-cursor",
                "no-such-source",
            ],
        ),
    )
    def get(self, request: Request, source_id: int) -> Response:
        """Answer a page."""
        parameters.only(request, "from", "to", "limit", "cursor")
        rows = reading.stated(
            caller_of(request).viewer,
            source_id=source_id,
            span=_span(request, now=timezone.now()),
            after=_window_after(request),
            limit=parameters.limit(request) + 1,
        )
        return Response(
            pages.page(request, rows, key=lambda row: row.window.cursor, render=rendered_stated)
        )

    @extend_schema(
        operation_id="post_manifests",
        tags=["sources"],
        summary="State what a source sent",
        description="Scope `events:write`, by the source's provider. One manifest "
        "or at most 1,000, all recorded or none. The same statement again changes nothing; "
        "another one of the same window takes its place from then on, and both are kept. State "
        "every event that was sent, provisional ones too, once each, however often it was sent.",
        parameters=[SOURCE_ID],
        request={
            "application/json": OpenApiRequest(
                request=MANIFESTS_SCHEMA,
                examples=[
                    OpenApiExample("One", completeness_examples.MANIFEST, request_only=True),
                    OpenApiExample("Many", [completeness_examples.MANIFEST], request_only=True),
                ],
            )
        },
        responses=schema.answers(
            completeness_answers.RecordedManifests,
            example=completeness_examples.RECORDED_MANIFESTS,
            description="What became of each",
            problems=[
                *schema.POST_PROBLEMS,
                "no-such-source",
                "source-not-allowed",
                "unreadable-body",
                "length-required",
                "body-too-large",
                "unsupported-content-type",
                "unsupported-content-encoding",
                "manifest-invalid",
                "too-many-manifests",
            ],
        ),
    )
    def post(self, request: Request, source_id: int) -> Response:
        """Record what is new."""
        now = timezone.now()
        recorded = manifests.state(
            caller_of(request),
            source_id=source_id,
            statements=decode(
                body.read(request, limit=MOST_BYTES),
                content_type=request.META.get("CONTENT_TYPE", ""),
                now=now,
            ),
            now=now,
        )
        return Response({"items": [rendered_recorded(one) for one in recorded]})


def _span(request: Request, *, now: datetime) -> Span:
    """Return the span that is asked for: quarter hours, at most 31 days.

    :raises InvalidParameter: if it is none.
    """
    ends_at = _quarter_hour(request, "to") or quarter_hour_after(now + CLOCK_AHEAD)
    starts_at = _quarter_hour(request, "from") or ends_at - LONGEST_SPAN
    if not starts_at < ends_at <= starts_at + LONGEST_SPAN:
        raise parameters.InvalidParameter(
            parameter="to", expected=f"after from, by at most {LONGEST_SPAN.days} days"
        )
    return Span(starts_at, ends_at)


def _quarter_hour(request: Request, name: str) -> datetime | None:
    at = parameters.instant(request, name)
    if at is not None and not on_quarter_hour(at):
        raise parameters.InvalidParameter(parameter=name, expected="on a quarter hour")
    return at


def _days(request: Request, *, today: date) -> tuple[date, date]:
    """Return the first day that is asked for, and the one after the last.

    :raises InvalidParameter: if that is no span of at most 92 days.
    """
    end = _day(request, "to") or today + timedelta(days=1)
    first = _day(request, "from") or end - timedelta(days=30)
    if not 0 < (end - first).days <= MOST_DAYS:
        raise parameters.InvalidParameter(
            parameter="to", expected=f"after from, by at most {MOST_DAYS} days"
        )
    return first, end


def _day(request: Request, name: str) -> date | None:
    day = parameters.day(request, name)
    if day is not None and not EARLIEST_YEAR <= day.year < LATEST_YEAR:
        raise parameters.InvalidParameter(
            parameter=name, expected=f"a date from {EARLIEST_YEAR} to {LATEST_YEAR - 1}"
        )
    return day


def _late_after(request: Request) -> timedelta:
    seconds = parameters.whole(request, "late_after_seconds", most=LATEST_SECONDS)
    return LATE_AFTER if seconds is None else timedelta(seconds=seconds)


def _range_after(request: Request) -> tuple[int, int, datetime, datetime] | None:
    """Return the place behind the cursor, None on the first page."""
    numbers = pages.numbers_after(request, count=4)
    if numbers is None:
        return None
    first, kind, starts_at, ends_at = numbers
    return first, kind, _instant(starts_at), _instant(ends_at)


def _window_after(request: Request) -> tuple[datetime, datetime] | None:
    """Return the window behind the cursor, None on the first page."""
    numbers = pages.numbers_after(request, count=2)
    if numbers is None:
        return None
    starts_at, ends_at = numbers
    return _instant(starts_at), _instant(ends_at)


def _instant(seconds_since_epoch: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds_since_epoch, tz=UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise pages.InvalidCursor from error
