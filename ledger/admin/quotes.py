"""Pages that price what may never be, and what was: a quote, East against West, and what if."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone

from ledger.admin.pages import OPERATOR, allowed, show
from ledger.admin.quote_forms import QuoteForm, WhatIfForm
from ledger.pricing.quoting.amounts import Amounts
from ledger.pricing.quoting.comparing import FIRST, SECOND, CarbonTurn
from ledger.pricing.quoting.quotes import AtSite, Quote
from ledger.pricing.quoting.wanted import QuoteInvalid
from ledger.rating import quotes, whatif
from ledger.rating.archive.records import MonthArchived
from ledger.rating.whatif import Moved, Totals, WhatIfRefused

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin
else:
    from unfold.admin import ModelAdmin

CHART: Final = {
    "animation": False,
    "responsive": True,
    "maintainAspectRatio": False,
    "datasets": {"bar": {"maxBarThickness": 28, "borderRadius": 3}},
    "plugins": {"legend": {"display": True, "align": "end", "labels": {"color": "#9ca3af"}}},
    "scales": {
        "x": {"stacked": True, "grid": {"display": False}, "ticks": {"color": "#9ca3af"}},
        "y": {"stacked": True, "grid": {"tickWidth": 0}, "ticks": {"color": "#9ca3af"}},
    },
}


@dataclass(frozen=True, slots=True)
class Carbon:
    """What a price of carbon would turn, in words."""

    per_tonne: Decimal | None
    below: str
    above: str


@dataclass(frozen=True, slots=True)
class Row:
    """A site in the table of a quote."""

    at: AtSite
    cost: Decimal | None
    periods: Sequence[str]
    location: Carbon | None
    market: Carbon | None


class QuotePages(ModelAdmin[Any]):
    """Adds two pages to the admin of price rates."""

    def get_urls(self) -> list[URLPattern]:
        """Add where usage is quoted, and where it is priced anew."""
        return [
            path("quote/", self.admin_site.admin_view(self.quote_view), name="ledger_quote"),
            path("what-if/", self.admin_site.admin_view(self.what_if_view), name="ledger_what_if"),
            *super().get_urls(),
        ]

    def quote_view(self, request: HttpRequest) -> HttpResponse:
        """Show what some usage would cost at every site; nothing is stored."""
        allowed(self, request)
        form = QuoteForm(request.GET if "deployment" in request.GET else None)
        context: dict[str, Any] = {"title": "Quote", "form": form}
        if form.is_valid():
            try:
                _, (found,) = quotes.quote(
                    OPERATOR, form.wanted(now=timezone.now()), now=timezone.now()
                )
            except QuoteInvalid as invalid:
                form.refuse(invalid.errors)
            else:
                context |= _quoted(found)
        return show(self, request, "admin/ledger/quote.html", context)

    def what_if_view(self, request: HttpRequest) -> HttpResponse:
        """Show what past usage would have cost elsewhere; nothing is stored."""
        allowed(self, request)
        form = WhatIfForm(request.GET)
        context: dict[str, Any] = {"title": "What if", "form": form}
        if form.is_valid():
            try:
                found = whatif.what_if(OPERATOR, form.wanted(), now=timezone.now())
            except WhatIfRefused as refused:
                form.refuse(refused)
            except MonthArchived as archived:
                form.add_error("from_date", str(archived))
            else:
                context |= {
                    "found": found,
                    "lines": [
                        (moved, totals, _saved(totals))
                        for moved in found.moved
                        for totals in moved.totals
                    ],
                    "lacking": [moved for moved in found.moved if moved.lacks],
                    "chosen": _chosen(found.moved),
                }
        return show(self, request, "admin/ledger/what_if.html", context)


def _quoted(found: Quote) -> dict[str, Any]:
    """Return what the page shows of a quote, the cheapest site first."""
    with_figures = [one for one in found.sites if one.whole is not None]
    lacking = [one for one in found.sites if one.whole is None]
    ordered = sorted(with_figures, key=lambda one: (_cost(one) or 0, one.place.site.code))
    return {
        "quote": found,
        "own": found.own,
        "rows": [_row(found, one) for one in ordered],
        "lacking": lacking,
        "cleanest": (found.least("co2_location_nanograms"), found.least("co2_market_nanograms")),
        "chart": json.dumps(_chart(ordered)),
        "chart_options": json.dumps(CHART),
        "hours": found.own.moments if found.own and len(found.own.moments) > 1 else [],
    }


def _row(found: Quote, at: AtSite) -> Row:
    own = found.deployment.site.code
    periods: list[str] = []
    for moment in at.moments:
        for one in moment.electricity:
            said = str(one.get("period") or "")
            if said and said not in periods:
                periods.append(said)
    sites = {FIRST: own, SECOND: at.place.site.code}
    return Row(
        at=at,
        cost=_cost(at),
        periods=periods,
        location=_carbon(at.move.carbon_location, sites) if at.move else None,
        market=_carbon(at.move.carbon_market, sites) if at.move else None,
    )


def _cost(at: AtSite) -> Decimal | None:
    return at.whole.spent.cost if at.whole else None


def _carbon(turn: CarbonTurn, sites: dict[str, str]) -> Carbon:
    below, above = (sites.get(side, "neither") for side in (turn.below, turn.above))
    return Carbon(turn.per_tonne, below, above)


def _chart(ordered: Sequence[AtSite]) -> dict[str, Any]:
    """Return what electricity and certificates cost at each site; compute is the same at all."""

    def values(name: str) -> list[str]:
        return [f"{one.whole.of(name):f}" for one in ordered if one.whole]

    return {
        "labels": [one.place.site.code for one in ordered],
        "datasets": [
            {
                "label": "electricity",
                "data": values("energy"),
                "backgroundColor": "var(--color-primary-600)",
            },
            {
                "label": "certificates",
                "data": values("green"),
                "backgroundColor": "var(--color-primary-300)",
            },
        ],
    }


def _saved(totals: Totals) -> tuple[Amounts, Decimal | None]:
    return totals.booked.less(totals.instead), whatif.percent_saved(totals)


def _chosen(moved: Sequence[Moved]) -> dict[str, Any] | None:
    """Return the days at the site that saves most, or at the only one that was asked for."""
    elsewhere = [one for one in moved if one.site is not None and one.totals]
    if not elsewhere:
        return None
    best = max(elsewhere, key=lambda one: sum(_price_saved(totals) for totals in one.totals))
    return {
        "site": best.site,
        "days": [(day, totals, _saved(totals)) for day, totals in best.days],
    }


def _price_saved(totals: Totals) -> int:
    return totals.booked.sums["price"] - totals.instead.sums["price"]
