"""Compiled rates as operators read them: per token and class, with what they were compiled from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from ledger.admin.figures import grade_name, utc
from ledger.admin.inputs import flattened
from ledger.admin.pages import PageAdmin, link, whole_number
from ledger.admin.quotes import QuotePages
from ledger.pricing import grading
from ledger.pricing.rates import PriceRate, SlotRate
from ledger.pricing.slots import MONEY, PHYSICAL
from ledger.tokens import TOKEN_CLASSES

SLOT_MONEY: Final = ("compute", "energy", "green", "scarcity")
UNITS: Final = {
    "gpu_nanoseconds": "GPU time, ns",
    "energy_microjoules": "energy, µJ",
    "co2_location_nanograms": "CO₂ location-based, ng",
    "co2_market_nanograms": "CO₂ market-based, ng",
    "embodied_nanograms": "embodied CO₂e (not booked), ng",
    "water_nanolitres": "water (not booked), nl",
}
REPORTED: Final = ("embodied_nanograms", "water_nanolitres")


@dataclass(frozen=True, slots=True)
class Row:
    """One component, per token of each class in the order of TOKEN_CLASSES; None: no rate."""

    component: str
    rates: list[int | None]


@admin.register(SlotRate)
class SlotRateAdmin(PageAdmin[SlotRate]):
    """What a token takes and costs at a deployment, from the inputs that a slot gave."""

    list_display = ("rate", "deployment", "context_from_tokens", "currency", "period", "compiled")
    list_display_links = None
    list_filter = ("deployment",)
    list_select_related = ("deployment",)
    search_fields = ("pk__exact",)
    search_help_text = "A rate's number"
    ordering = ("-id",)
    sortable_by = ("rate",)
    page_template = "admin/ledger/rate.html"

    @admin.display(description="slot rate", ordering="id")
    def rate(self, rate: SlotRate) -> SafeString:
        """Lead to the rate's page."""
        return link(reverse("admin:ledger_slotrate_change", args=[rate.pk]), rate.pk)

    @admin.display(description="tariff and period")
    def period(self, rate: SlotRate) -> str:
        """Name the tariff period that sets it apart."""
        electricity = rate.inputs.get("electricity") or {}
        return f"{electricity.get('tariff', '')} {electricity.get('period', '')}".strip()

    @admin.display(description="compiled (UTC)")
    def compiled(self, rate: SlotRate) -> str:
        """Show when it was compiled."""
        return utc(rate.compiled_at)

    def page(self, _request: HttpRequest, object_id: str) -> Mapping[str, Any] | None:
        """Show a slot rate per class, and what it was compiled from."""
        rate = (
            SlotRate.objects.filter(pk=whole_number(object_id) or 0)
            .select_related("deployment__provider", "deployment__site")
            .first()
        )
        if rate is None:
            return None
        return {
            "title": f"Slot rate {rate.pk}",
            "rate": rate,
            "deployment": rate.deployment,
            "classes": TOKEN_CLASSES,
            "rows": [*_rows(rate, (*PHYSICAL, *_known(rate))), *_rows(rate, SLOT_MONEY)],
            "inputs": flattened(rate.inputs),
            "digest": bytes(rate.inputs_digest).hex(),
        }


@admin.register(PriceRate)
class PriceRateAdmin(QuotePages, PageAdmin[PriceRate]):
    """What a token is charged under an agreement, over the slot rate beneath."""

    list_display = (
        *("rate", "agreement", "deployment", "slot_rate_link", "service_tier", "currency"),
        *("cost_grade", "compiled"),
    )
    list_display_links = None
    list_filter = ("agreement_version__agreement", "service_tier", "grade")
    list_select_related = ("agreement_version__agreement", "slot_rate__deployment")
    search_fields = ("pk__exact",)
    search_help_text = "A rate's number"
    ordering = ("-id",)
    sortable_by = ("rate",)
    page_template = "admin/ledger/rate.html"

    @admin.display(description="price rate", ordering="id")
    def rate(self, rate: PriceRate) -> SafeString:
        """Lead to the rate's page."""
        return link(reverse("admin:ledger_pricerate_change", args=[rate.pk]), rate.pk)

    @admin.display(description="agreement")
    def agreement(self, rate: PriceRate) -> str:
        """Name the agreement whose terms it carries."""
        return rate.agreement_version.agreement.code

    @admin.display(description="grade of the cost", ordering="grade", empty_value="")
    def cost_grade(self, rate: PriceRate) -> str | None:
        """Say how far its cost can be trusted."""
        return grade_name(rate.grade) if rate.grade else None

    @admin.display(description="deployment")
    def deployment(self, rate: PriceRate) -> str:
        """Name what serves."""
        return rate.slot_rate.deployment.code

    @admin.display(description="slot rate", ordering="slot_rate")
    def slot_rate_link(self, rate: PriceRate) -> SafeString:
        """Lead to the slot rate beneath."""
        number = rate.slot_rate_id
        return link(reverse("admin:ledger_slotrate_change", args=[number]), number)

    @admin.display(description="compiled (UTC)")
    def compiled(self, rate: PriceRate) -> str:
        """Show when it was compiled."""
        return utc(rate.compiled_at)

    def page(self, _request: HttpRequest, object_id: str) -> Mapping[str, Any] | None:
        """Show a price rate per class, and what it was compiled from."""
        rate = (
            PriceRate.objects.filter(pk=whole_number(object_id) or 0)
            .select_related(
                "agreement_version__agreement",
                "slot_rate__deployment__provider",
                "slot_rate__deployment__site",
            )
            .first()
        )
        if rate is None:
            return None
        compared = () if rate.compared_price is None else ("compared_price",)
        return {
            "title": f"Price rate {rate.pk}",
            "rate": rate,
            "deployment": rate.slot_rate.deployment,
            "agreement": rate.agreement_version.agreement,
            "slot_rate": rate.slot_rate,
            "classes": TOKEN_CLASSES,
            "rows": _rows(rate, ("price", *MONEY, *compared)),
            "shares": grading.by_grade(rate.grade_shares),
            "inputs": flattened(rate.inputs),
            "digest": bytes(rate.inputs_digest).hex(),
        }


def _known(rate: SlotRate) -> list[str]:
    """Return what is reported with the rate: what is not known has no line, and no zero."""
    return [name for name in REPORTED if getattr(rate, name) is not None]


def _rows(rate: SlotRate | PriceRate, components: Sequence[str]) -> list[Row]:
    return [
        Row(
            component=UNITS.get(name, f"{name.replace('_', ' ')}, pico-{rate.currency}"),
            rates=getattr(rate, name),
        )
        for name in components
    ]
