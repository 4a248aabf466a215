"""What sends usage, and whether all of it is here: by source and day, down to single numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from ledger.admin.figures import utc
from ledger.admin.pages import OPERATOR, PAGE_ROWS, PageAdmin, allowed, link, show, whole_number
from ledger.parties import sources
from ledger.parties.models import Party, Source
from ledger.pricing.models import Agreement
from ledger.usage.completeness import days, late, numbers, windows
from ledger.usage.completeness.days import Day
from ledger.usage.completeness.spans import LATE_AFTER, Span, midnight
from ledger.usage.completeness.windows import Verdict, Window

GRID_DAYS: Final = 7
GRID_SOURCES: Final = 20
PAGE_DAYS: Final = 31
LATE_ROWS: Final = 10
EARLIEST, LATEST = date(1971, 1, 1), date(9000, 1, 1)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the grid: a source and its days."""

    source: Source
    address: str
    days: Sequence[Day]


@dataclass(frozen=True, slots=True)
class Asked:
    """The days that are asked for: from `first` to before `end`, as they begin in a time zone."""

    first: date
    end: date
    time_zone: str

    @property
    def span(self) -> Span:
        """Return the days as a span of time."""
        return Span(
            midnight(self.first, time_zone=self.time_zone),
            midnight(self.end, time_zone=self.time_zone),
        )

    def covered(self, source_ids: Sequence[int]) -> dict[int, list[Day]]:
        """Return these days of some sources."""
        return days.days(
            source_ids,
            first=self.first,
            end=self.end,
            time_zone=self.time_zone,
            late_after=LATE_AFTER,
        )

    def query(self, *, days_on: int = 0, **others: object) -> str:
        """Return how an address asks for these days, or for others beside them."""
        asked = {"to": (self.end + timedelta(days=days_on)).isoformat(), "zone": self.time_zone}
        return urlencode({**asked, **{name: one for name, one in others.items() if one}})


@admin.register(Source)
class SourceAdmin(PageAdmin[Source]):
    """Sources; a source's page tells day by day what arrived, and names what did not."""

    list_display = ("source", "provider", "accepts", "first_seen")
    list_display_links = None
    list_filter = ("provider",)
    search_fields = ("uri",)
    ordering = ("uri",)
    page_template = "admin/ledger/source.html"

    def get_urls(self) -> list[URLPattern]:
        """Add the grid of all sources."""
        view = self.admin_site.admin_view(self.coverage_view)
        return [path("coverage/", view, name="ledger_coverage"), *super().get_urls()]

    @admin.display(description="source", ordering="uri")
    def source(self, source: Source) -> SafeString:
        """Lead to the source's page."""
        return link(reverse("admin:ledger_source_change", args=[source.pk]), source.uri)

    @admin.display(description="accepts events from (UTC)")
    def accepts(self, source: Source) -> str:
        """Show before when events are refused."""
        return utc(source.accepts_from)

    @admin.display(description="first seen (UTC)")
    def first_seen(self, source: Source) -> str:
        """Show when its first event came."""
        return utc(source.first_seen_at)

    def page(self, request: HttpRequest, object_id: str) -> Mapping[str, Any]:
        """Show what arrived of a source in a month of days, and what did not.

        :raises NoSuchSource: if there is none.
        """
        source = sources.source(OPERATOR, source_id=whole_number(object_id) or 0)
        zones = _time_zones()
        asked = _asked(request, [source.id], days_shown=PAGE_DAYS, zones=zones)
        covered = asked.covered([source.id])[source.id]
        stated = sorted(
            {one.stated.window: one for day in covered for one in day.windows}.values(),
            key=lambda one: one.stated.window,
        )
        after = _window_after(request)
        listed = [one for one in stated if after is None or one.stated.window > after]
        said = windows.statements(listed[:PAGE_ROWS])
        span = asked.span
        found = numbers.ranges(source.id, span=span, after=None, limit=PAGE_ROWS + 1)
        return {
            "title": source.uri,
            "source": source,
            **_neighbours(asked, zones),
            "days": list(reversed(covered)),
            "kept_from": days.kept_from(source.provider_id),
            "totals": [(str(kind), total) for kind, total in found.totals.items()],
            "verdicts": [
                (str(verdict), sum(one.verdict == verdict for one in stated)) for verdict in Verdict
            ],
            "late": late.late(source.id, span=span, late_after=LATE_AFTER, limit=LATE_ROWS),
            "ranges": found.ranges[:PAGE_ROWS],
            "more_ranges": len(found.ranges) > PAGE_ROWS,
            "limit": PAGE_ROWS,
            "stated": [
                (one, said[one.source_id, *one.stated.window][1:]) for one in listed[:PAGE_ROWS]
            ],
            "next": _next(asked, listed),
        }

    def coverage_view(self, request: HttpRequest) -> HttpResponse:
        """Show a week of every source, or of one provider's."""
        allowed(self, request)
        provider = request.GET.get("provider", "")
        after = whole_number(request.GET.get("after")) or 0
        found = Source.objects.select_related("provider").filter(pk__gt=after).order_by("pk")
        if provider:
            found = found.filter(provider__code=provider)
        listed = list(found[: GRID_SOURCES + 1])
        shown = listed[:GRID_SOURCES]
        zones = _time_zones()
        asked = _asked(request, [one.pk for one in shown], days_shown=GRID_DAYS, zones=zones)
        covered = asked.covered([one.pk for one in shown])
        where = reverse("admin:ledger_source_changelist")
        context = {
            "title": "Coverage",
            **_neighbours(asked, zones, provider=provider),
            "dates": [asked.first + timedelta(days=number) for number in range(GRID_DAYS)],
            "provider": provider,
            "providers": [
                (code, asked.query(provider=code))
                for code in Party.objects.filter(kind__in=["provider", "both"])
                .order_by("code")
                .values_list("code", flat=True)
            ],
            "all_providers": asked.query(),
            "rows": [
                Row(one, f"{where}{one.pk}/change/?{asked.query()}", covered[one.pk])
                for one in shown
            ],
            "next": asked.query(provider=provider, after=shown[-1].pk)
            if len(listed) > GRID_SOURCES
            else None,
        }
        return show(self, request, "admin/ledger/coverage.html", context)


def _asked(
    request: HttpRequest, source_ids: Sequence[int], *, days_shown: int, zones: Sequence[str]
) -> Asked:
    """Return the days that the address names by the one after the last; else the latest ones."""
    zone = request.GET.get("zone", "")
    time_zone = zone if zone in zones else "UTC"
    end = _day(request.GET.get("to"))
    if end is None:
        latest = days.last_slot(source_ids) or timezone.now()
        end = latest.astimezone(ZoneInfo(time_zone)).date() + timedelta(days=1)
    return Asked(end - timedelta(days=days_shown), end, time_zone)


def _neighbours(asked: Asked, zones: Sequence[str], *, provider: str = "") -> Mapping[str, Any]:
    """Return which days are shown, and how an address asks for others."""
    length = (asked.end - asked.first).days
    return {
        "asked": asked,
        "last_day": asked.end - timedelta(days=1),
        "earlier": asked.query(days_on=-length, provider=provider),
        "later": asked.query(days_on=length, provider=provider),
        "zones": [
            (zone, replace(asked, time_zone=zone).query(provider=provider)) for zone in zones
        ],
    }


def _time_zones() -> list[str]:
    """Return the zones in which days may be shown: UTC, and those of agreements."""
    zones = Agreement.objects.order_by().values_list("time_zone", flat=True).distinct()
    return ["UTC", *sorted({*zones} - {"UTC"})]


def _next(asked: Asked, listed: Sequence[Window]) -> str | None:
    """Return how an address asks for the manifests after these, None if they are the last."""
    if len(listed) <= PAGE_ROWS:
        return None
    starts_at, ends_at = listed[PAGE_ROWS - 1].cursor
    return asked.query(after=f"{starts_at}-{ends_at}")


def _window_after(request: HttpRequest) -> tuple[datetime, datetime] | None:
    numbers = [whole_number(part) for part in request.GET.get("after", "").split("-")]
    try:
        starts_at, ends_at = (datetime.fromtimestamp(one or 0, tz=UTC) for one in numbers)
    except (ValueError, OverflowError, OSError):
        return None
    return starts_at, ends_at


def _day(text: str | None) -> date | None:
    """Read a date from the address; what is none, or at the end of time, counts as absent."""
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        return None
    return day if day and EARLIEST <= day < LATEST else None
