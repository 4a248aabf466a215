"""What came in: batches and how far they are, and the events that wait for something."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Count, Min, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString

from ledger.admin.figures import count, utc
from ledger.admin.pages import OPERATOR, PAGE_ROWS, PageAdmin, allowed, link, show, whole_number
from ledger.rating import reading
from ledger.rating.models import SetAside
from ledger.usage.models import UsageBatch


@dataclass(frozen=True, slots=True)
class Waiting:
    """Events that are set aside for one reason: how many, and since when the oldest."""

    reason: str
    events: int
    oldest: datetime


@admin.register(UsageBatch)
class UsageBatchAdmin(PageAdmin[UsageBatch]):
    """Batches, newest first; a batch's page says what became of its events."""

    list_display = ("batch", "provider", "number_of_events", "state", "received", "rated", "tries")
    list_display_links = None
    list_filter = ("state", "provider")
    list_select_related = ("provider",)
    search_fields = ("pk__exact",)
    search_help_text = "A batch's number"
    ordering = ("-id",)
    sortable_by = ("batch",)
    page_template = "admin/ledger/usage_batch.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[UsageBatch]:
        """Leave the events themselves where they are: a payload takes hundreds of kilobytes."""
        return super().get_queryset(request).defer("payload")

    def get_urls(self) -> list[URLPattern]:
        """Add the list of what is set aside."""
        view = self.admin_site.admin_view(self.set_aside_view)
        return [path("set-aside/", view, name="ledger_set_aside"), *super().get_urls()]

    @admin.display(description="batch", ordering="id")
    def batch(self, batch: UsageBatch) -> SafeString:
        """Lead to the batch's page."""
        return link(reverse("admin:ledger_usagebatch_change", args=[batch.pk]), batch.pk)

    @admin.display(description="events")
    def number_of_events(self, batch: UsageBatch) -> SafeString:
        """Show how many events it holds."""
        return count(batch.events)

    @admin.display(description="received (UTC)")
    def received(self, batch: UsageBatch) -> str:
        """Show when it was recorded."""
        return utc(batch.received_at)

    @admin.display(description="rated (UTC)")
    def rated(self, batch: UsageBatch) -> str:
        """Show when it was rated."""
        return utc(batch.rated_at)

    @admin.display(description="failed attempts")
    def tries(self, batch: UsageBatch) -> SafeString:
        """Show how often rating it failed."""
        return count(batch.attempts)

    def page(self, _request: HttpRequest, object_id: str) -> Mapping[str, Any]:
        """Show how far a batch is.

        :raises NoSuchBatch: if there is none.
        """
        batch = reading.batch(OPERATOR, batch_id=whole_number(object_id) or 0)
        return {"title": f"Batch {batch.id}", "batch": batch}

    def set_aside_view(self, request: HttpRequest) -> HttpResponse:
        """List what is set aside, by batch and row, with what it lacks and since when."""
        allowed(self, request)
        reason = request.GET.get("reason") or None
        batch_id, row = (whole_number(request.GET.get(name)) for name in ("batch", "row"))
        after = None if batch_id is None or row is None else (batch_id, row)
        lines = reading.set_aside(OPERATOR, reason=reason, after=after, limit=PAGE_ROWS + 1)
        context = {
            "title": "Set aside",
            "reason": reason,
            "reasons": waiting(),
            "lines": lines[:PAGE_ROWS],
            "next": lines[PAGE_ROWS - 1] if len(lines) > PAGE_ROWS else None,
            "after": after,
        }
        return show(self, request, "admin/ledger/set_aside.html", context)


def waiting() -> Sequence[Waiting]:
    """Return why events are set aside, the commonest reason first."""
    return [
        Waiting(**row)
        for row in SetAside.objects.values("reason")
        .annotate(events=Count("*"), oldest=Min("since"))
        .order_by("-events", "reason")
    ]
