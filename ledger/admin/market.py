"""Public list prices as operators see them, and how far they would cover our cost."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone

from ledger.admin.pages import OPERATOR, ReadOnlyAdmin, allowed, show
from ledger.periods import InvalidMonth, parse_month
from ledger.pricing.models import MarketPrice
from ledger.rating import market_coverage


@admin.register(MarketPrice)
class MarketPriceAdmin(ReadOnlyAdmin[MarketPrice]):
    """What others publicly ask for a token."""

    list_display = (
        *("vendor", "model", "token_class", "price_per_million", "currency"),
        *("valid_from", "source", "source_version"),
    )
    list_display_links = None
    search_fields = ("model", "vendor")
    search_help_text = "Part of a model's or a vendor's name"
    ordering = ("-id",)
    sortable_by = ()

    def get_urls(self) -> list[URLPattern]:
        """Add the page of cost coverage."""
        view = self.admin_site.admin_view(self.coverage_view)
        return [path("coverage/", view, name="ledger_market_coverage"), *super().get_urls()]

    def coverage_view(self, request: HttpRequest) -> HttpResponse:
        """Show a month's cost against public list prices."""
        allowed(self, request)
        asked = request.GET.get("month", "")
        span, wrong = None, ""
        try:
            span = parse_month(asked) if asked else None
        except (InvalidMonth, OverflowError):
            wrong = f"{asked} is not a month, written YYYY-MM."
        found = market_coverage.report(OPERATOR, span=span, now=timezone.now())
        context: dict[str, Any] = {
            "title": "Cost and market",
            "found": found,
            "month": f"{found.starts_on:%Y-%m}",
            "wrong": wrong,
        }
        return show(self, request, "admin/ledger/market_coverage.html", context)
