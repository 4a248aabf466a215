"""The usage journal as operators read it: entries, why each costs what it costs, and totals."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from ledger.admin import economy, spans
from ledger.admin.corrections import chain, correct_address
from ledger.admin.figures import count, pico, utc
from ledger.admin.inputs import flattened
from ledger.admin.pages import OPERATOR, PageAdmin, allowed, link, show
from ledger.parties.models import Deployment, Party
from ledger.pricing.rates import PriceRate
from ledger.pricing.tariff import SLOT_SECONDS
from ledger.rating import reading, rollups
from ledger.rating.explanation import PRICE_PARTS, Explanation, Line, find
from ledger.rating.identity import NoSuchUsageEntry, parse_public_id, public_id
from ledger.rating.models import UsageEntry
from ledger.tokens import TOKEN_CLASSES
from ledger.usage.models import Correction

TOTALS_ROWS: Final = 500
SLOT: Final = timedelta(seconds=SLOT_SECONDS)

SUB_UNITS: Final = {
    "gpu_nanoseconds": "ns of GPU time",
    "energy_microjoules": "µJ",
    "co2_location_nanograms": "ng CO₂",
    "co2_market_nanograms": "ng CO₂",
}
"""What the whole numbers of a component count; money is counted in pico-units."""

NAMES: Final = {
    "price": "price",
    "gpu_nanoseconds": "GPU time",
    "energy_microjoules": "energy at the facility",
    "co2_location_nanograms": "CO₂, location-based",
    "co2_market_nanograms": "CO₂, market-based",
    "fee_provider": "platform's fee, borne by the provider",
    "fee_consumer": "platform's fee, borne by the consumer",
}


@admin.register(UsageEntry)
class UsageEntryAdmin(PageAdmin[UsageEntry]):
    """Usage entries, newest first; an entry's page explains every amount."""

    list_display = (
        *("entry", "occurred", "consumer", "provider", "deployment"),
        *("tokens", "price", "currency", "kind", "journal_entry"),
    )
    list_display_links = None
    search_fields = ("id",)
    search_help_text = "A usage entry's id, such as 202610-42"
    ordering = ("-occurred_at", "-id")
    sortable_by = ()
    page_template = "admin/ledger/usage_entry.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[UsageEntry]:
        """Name what an entry only numbers, for the rows of one page in one query."""

        def name(model: type[Any], key: str, column: str) -> Subquery:
            return Subquery(model.objects.filter(pk=OuterRef(key)).values(column)[:1])

        return (
            super()
            .get_queryset(request)
            .annotate(
                provider_code=name(Party, "provider_id", "code"),
                consumer_code=name(Party, "consumer_id", "code"),
                deployment_code=name(Deployment, "deployment_id", "code"),
                rate_currency=name(PriceRate, "price_rate_id", "currency"),
            )
        )

    def get_search_results(
        self, _request: HttpRequest, queryset: QuerySet[UsageEntry], search_term: str
    ) -> tuple[QuerySet[UsageEntry], bool]:
        """Find an entry by its public id, in the partition of its month."""
        if not search_term:
            return queryset, False
        try:
            id_, starts_at, ends_at = parse_public_id(search_term.strip())
        except NoSuchUsageEntry:
            return queryset.none(), False
        found = queryset.filter(id=id_, occurred_at__gte=starts_at, occurred_at__lt=ends_at)
        return found, False

    def get_object(
        self, _request: HttpRequest, object_id: str, _from_field: str | None = None
    ) -> UsageEntry | None:
        """Find an entry by its public id only: without its month every partition is met."""
        try:
            return find(object_id)
        except NoSuchUsageEntry:
            return None

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of totals and of the token economy."""
        totals = path(
            "totals/", self.admin_site.admin_view(self.totals_view), name="ledger_usage_totals"
        )
        token_economy = path(
            "token-economy/",
            self.admin_site.admin_view(self.economy_view),
            name="ledger_token_economy",
        )
        return [totals, token_economy, *super().get_urls()]

    def economy_view(self, request: HttpRequest) -> HttpResponse:
        """Show the token economy."""
        return economy.page(self, request)

    @admin.display(description="usage entry")
    def entry(self, entry: UsageEntry) -> SafeString:
        """Lead to the entry's page."""
        id_ = public_id(occurred_at=entry.occurred_at, id_=entry.id)
        return link(reverse("admin:ledger_usageentry_change", args=[id_]), id_)

    @admin.display(description="occurred (UTC)")
    def occurred(self, entry: UsageEntry) -> str:
        """Show when it was."""
        return utc(entry.occurred_at)

    @admin.display(description="consumer")
    def consumer(self, entry: UsageEntry) -> str:
        """Name the consumer."""
        return str(entry.consumer_code)  # type: ignore[attr-defined] # annotated above

    @admin.display(description="provider")
    def provider(self, entry: UsageEntry) -> str:
        """Name the provider."""
        return str(entry.provider_code)  # type: ignore[attr-defined] # annotated above

    @admin.display(description="deployment")
    def deployment(self, entry: UsageEntry) -> str:
        """Name the deployment."""
        return str(entry.deployment_code)  # type: ignore[attr-defined] # annotated above

    @admin.display(description="tokens")
    def tokens(self, entry: UsageEntry) -> SafeString:
        """Add up the nine classes."""
        return count(sum(getattr(entry, name) for name in TOKEN_CLASSES))

    @admin.display(description="price")
    def price(self, entry: UsageEntry) -> SafeString:
        """Add up the parts of the price."""
        return pico(sum(getattr(entry, name) for name in PRICE_PARTS))

    @admin.display(description="currency")
    def currency(self, entry: UsageEntry) -> str:
        """Name the currency of the price."""
        return str(entry.rate_currency)  # type: ignore[attr-defined] # annotated above

    @admin.display(description="journal entry")
    def journal_entry(self, entry: UsageEntry) -> SafeString:
        """Lead to where it is posted."""
        number = entry.journal_entry_id
        return link(reverse("admin:ledger_journalentry_change", args=[number]), number)

    def page(self, _request: HttpRequest, object_id: str) -> Mapping[str, Any]:
        """Show an entry with every row and multiplication behind it.

        :raises NoSuchUsageEntry: if there is none.
        """
        explained = reading.explained(OPERATOR, public_id=object_id)
        explanation = explained.explanation
        line = explained.line
        of_event = Correction.objects.filter(batch_id=line.batch_id, row=line.row)
        return {
            "chain": chain(of_event.order_by("number")),
            "correct_address": correct_address(
                source_id=explanation.entry.source_id, event_id=line.event_id
            ),
            "title": f"Usage entry {object_id}",
            "line": explained.line,
            "tokens": _tokens(explained.line),
            "explanation": explanation,
            "components": _components(explanation),
            "slot_ends_at": explanation.slot_starts_at + SLOT,
            "slot_inputs": flattened(explanation.price_rate.slot_rate.inputs),
            "price_inputs": flattened(explanation.price_rate.inputs),
        }

    def totals_view(self, request: HttpRequest) -> HttpResponse:
        """Show what was used in a month or on a day, by consumer and deployment."""
        allowed(self, request)
        now = timezone.now()
        span = spans.asked_for(request, latest=rollups.latest_hour(), now=now)
        bounds = {"starts_at": span.starts_at, "ends_at": span.ends_at}
        lines = rollups.by_deployment(**bounds, limit=TOTALS_ROWS + 1)
        context = {
            "title": f"Used in {span.name}",
            "span": span,
            "today": f"{now:%Y-%m-%d}",
            "this_month": f"{now:%Y-%m}",
            "by_currency": rollups.by_currency(**bounds),
            "lines": lines[:TOTALS_ROWS],
            "more": len(lines) > TOTALS_ROWS,
            "limit": TOTALS_ROWS,
        }
        return show(self, request, "admin/ledger/totals.html", context)


@dataclass(frozen=True, slots=True)
class Component:
    """A line of the explanation with its names for people."""

    name: str
    sub_unit: str
    line: Line


def _components(explanation: Explanation) -> list[Component]:
    """Name the lines of an explanation, and what their whole numbers count."""
    return [
        Component(
            name=NAMES.get(line.component, line.component),
            sub_unit=SUB_UNITS.get(line.component, f"pico-{line.unit}"),
            line=line,
        )
        for line in explanation.lines
    ]


def _tokens(line: reading.UsageLine) -> list[tuple[str, int]]:
    """Return the classes of which there are tokens."""
    return [
        (name, number) for name, number in zip(TOKEN_CLASSES, line.tokens, strict=True) if number
    ]
