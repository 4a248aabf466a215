"""Who takes part: parties, sources, deployments, agreements."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from ledger.admin.books import accounts_of
from ledger.admin.figures import utc
from ledger.admin.pages import PageAdmin, ReadOnlyAdmin, link, whole_number
from ledger.parties.models import Deployment, Party, Source
from ledger.pricing.models import Agreement


@admin.register(Party)
class PartyAdmin(PageAdmin[Party]):
    """Parties; a party's page shows where its tokens, money, joules and grams stand."""

    list_display = ("party", "name", "kind", "created")
    list_display_links = None
    list_filter = ("kind",)
    search_fields = ("code", "name")
    search_help_text = "Part of a code or name"
    ordering = ("code",)
    page_template = "admin/ledger/party.html"

    @admin.display(description="party", ordering="code")
    def party(self, party: Party) -> SafeString:
        """Lead to the party's page."""
        return link(reverse("admin:ledger_party_change", args=[party.pk]), party.code)

    @admin.display(description="created (UTC)")
    def created(self, party: Party) -> str:
        """Show when it was published first."""
        return utc(party.created_at)

    def page(self, _request: HttpRequest, object_id: str) -> Mapping[str, Any] | None:
        """Show a party with its accounts, agreements, deployments and sources."""
        party = Party.objects.filter(pk=whole_number(object_id) or 0).first()
        if party is None:
            return None
        agreements = Agreement.objects.select_related("provider", "consumer").order_by("code")
        return {
            "title": party.name,
            "party": party,
            "accounts": accounts_of(party),
            "agreements": agreements.filter(provider=party) | agreements.filter(consumer=party),
            "deployments": Deployment.objects.filter(provider=party)
            .select_related("site")
            .order_by("code"),
            "sources": Source.objects.filter(provider=party).order_by("uri"),
        }


@admin.register(Deployment)
class DeploymentAdmin(ReadOnlyAdmin[Deployment]):
    """What serves: one model of one provider at one site."""

    list_display = ("code", "provider", "model", "site", "currency")
    list_display_links = None
    list_filter = ("provider", "site")
    search_fields = ("code", "model")
    ordering = ("provider__code", "code")


@admin.register(Agreement)
class AgreementAdmin(ReadOnlyAdmin[Agreement]):
    """Who buys from whom; the terms are in an agreement's versions."""

    list_display = ("code", "provider", "consumer", "time_zone")
    list_display_links = None
    list_filter = ("provider", "consumer")
    search_fields = ("code",)
    ordering = ("code",)
