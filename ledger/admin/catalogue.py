"""The catalogue as operators read it: every version, with where it comes from and since when.

Nothing is edited here: a new version is published (`manage.py publish`).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypeVar

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ledger.admin.figures import exact, utc
from ledger.admin.pages import PageAdmin, link, whole_number
from ledger.pricing.models import (
    AgreementVersion,
    Benchmark,
    CarbonFactor,
    FxRate,
    GpuHourPrice,
    GreenSupply,
    Hardware,
    HardwareVersion,
    HolidayYear,
    PriceDay,
    Provenance,
    Publication,
    RateCard,
    RateCardVersion,
    ServingProfile,
    Site,
    SitePue,
    SiteTariff,
    SiteWue,
    Tariff,
    TariffVersion,
    WaterFactor,
)

M = TypeVar("M", bound=models.Model)

VERSION_COLUMNS: Final = ("since", "published_as", "grade", "source")
PROVENANCE: Final = "provenance"


@dataclass(frozen=True, slots=True)
class Fact:
    """A field of a row: its name and its value, fit to be shown."""

    name: str
    value: str | SafeString


class CatalogueAdmin(PageAdmin[M]):
    """Rows of the catalogue; a row's page shows all of its fields."""

    page_template = "admin/ledger/catalogue.html"
    list_display_links = None
    decimals: tuple[str, ...] = ()

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[M]:
        """Bring along what rows refer to, where it may be absent too."""
        return super().get_queryset(request).select_related(*self._relations())

    def get_list_display(self, request: HttpRequest) -> list[str | Callable[[M], Any]]:
        """Lead to the row's page by the first column; show decimals without idle zeros."""
        first, *others = super().get_list_display(request)
        return [
            self._leading(str(first)),
            *(decimal(str(name)) if name in self.decimals else name for name in others),
        ]

    def page(self, _request: HttpRequest, object_id: str) -> Mapping[str, Any] | None:
        """Show every field of a row, and where its figures come from."""
        rows = self.model._default_manager.select_related(*self._relations())
        row = rows.filter(pk=whole_number(object_id) or 0).first()
        if row is None:
            return None
        return {
            "title": str(row),
            "facts": [
                Fact(str(field.verbose_name), _shown(getattr(row, field.name)))
                for field in self.opts.concrete_fields
                if field.name != PROVENANCE
            ],
            PROVENANCE: getattr(row, PROVENANCE, None),
        }

    def _relations(self) -> list[str]:
        return [field.name for field in self.opts.concrete_fields if field.is_relation]

    def _leading(self, name: str) -> Callable[[M], SafeString]:
        @admin.display(description=name.replace("_", " "), ordering=name)
        def leading(row: M) -> SafeString:
            return link(_address(row), getattr(row, name))

        leading.__name__ = name
        return leading


class VersionAdmin(CatalogueAdmin[M]):
    """Versions of one kind of thing, the latest first."""

    ordering = ("-valid_from", "-revision")

    @admin.display(description="valid from (UTC)", ordering="valid_from")
    def since(self, version: Any) -> str:
        """Show since when it holds; of a withdrawn one, that nothing holds from then on."""
        return f"{utc(version.valid_from)}{' (withdrawn)' if version.withdrawn else ''}"

    @admin.display(description="revision", ordering="revision")
    def published_as(self, version: Any) -> SafeString:
        """Lead to the act of publishing it."""
        return link(_address(version.publication), version.revision)

    @admin.display(description="grade", ordering="provenance__grade", empty_value="")
    def grade(self, version: Any) -> str | None:
        """Say how far its figures can be trusted."""
        return version.provenance.get_grade_display().lower() if version.provenance else None

    @admin.display(description="source", empty_value="")
    def source(self, version: Any) -> SafeString | None:
        """Lead to where its figures come from."""
        if version.provenance is None:
            return None
        return link(_address(version.provenance), version.provenance.code)


def decimal(name: str) -> Callable[[Any], SafeString]:
    """Return a column that shows a decimal field exactly."""

    @admin.display(description=name.replace("_", " "), ordering=name)
    def column(row: Any) -> SafeString:
        figure = getattr(row, name)
        return SafeString("") if figure is None else exact(figure)

    # The style sheet knows columns of figures by this ending.
    column.__name__ = f"{name}_figure"
    return column


def _shown(value: Any) -> str | SafeString:
    """Show a field's value by what it is."""
    if isinstance(value, models.Model):
        address = _address(value)
        return link(address, value) if address else str(value)
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    if isinstance(value, dict | list):
        return format_html("<pre>{}</pre>", json.dumps(value, indent=2, ensure_ascii=False))
    return _simple(value)


def _simple(value: Any) -> str | SafeString:
    if isinstance(value, Decimal):
        return exact(value)
    if isinstance(value, datetime):
        return f"{utc(value)} UTC"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _address(row: models.Model) -> str:
    """Return the address of a row's page; empty if it has none."""
    try:
        name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
        return reverse(name, args=[row.pk])
    except NoReverseMatch:
        return ""


@admin.register(Provenance)
class ProvenanceAdmin(CatalogueAdmin[Provenance]):
    """Where figures come from, with the grade of each source."""

    list_display = ("code", "grade", "source", "document", "retrieved_on", "licence")
    list_filter = ("grade",)
    search_fields = ("code", "source", "document")
    ordering = ("code",)


@admin.register(Publication)
class PublicationAdmin(CatalogueAdmin[Publication]):
    """Acts of publishing; the number is the catalogue's revision."""

    list_display = ("id", "published", "published_by", "note", "document_sha256")
    ordering = ("-id",)

    @admin.display(description="published (UTC)", ordering="published_at")
    def published(self, publication: Publication) -> str:
        """Show when it was."""
        return utc(publication.published_at)


@admin.register(Hardware)
class HardwareAdmin(CatalogueAdmin[Hardware]):
    """Kinds of accelerators."""

    list_display = ("code", "name", "tdp_watts", "idle_watts", "memory_gb")
    decimals = ("tdp_watts", "idle_watts", "memory_gb")
    ordering = ("code",)


@admin.register(Site)
class SiteAdmin(CatalogueAdmin[Site]):
    """Data centres."""

    list_display = ("code", "name", "time_zone", "grid_zone")
    ordering = ("code",)


@admin.register(Tariff)
class TariffAdmin(CatalogueAdmin[Tariff]):
    """Electricity tariffs."""

    list_display = ("code", "name", "currency", "time_zone")
    ordering = ("code",)


@admin.register(Benchmark)
class BenchmarkAdmin(CatalogueAdmin[Benchmark]):
    """Measured serving runs."""

    list_display = (
        *("code", "model", "hardware", "gpu_count", "joules_per_output_token"),
        *("output_tokens_per_second", "mean_output_tokens", "mean_input_tokens"),
    )
    decimals = (
        *("joules_per_output_token", "output_tokens_per_second"),
        *("mean_output_tokens", "mean_input_tokens"),
    )
    search_fields = ("code", "model")
    ordering = ("code",)


@admin.register(RateCard)
class RateCardAdmin(CatalogueAdmin[RateCard]):
    """Providers' rate cards."""

    list_display = ("code", "provider")
    ordering = ("provider__code", "code")


@admin.register(HolidayYear)
class HolidayYearAdmin(CatalogueAdmin[HolidayYear]):
    """Years of holiday calendars."""

    list_display = ("calendar", "year", "revision", "provenance")
    ordering = ("calendar", "-year", "-revision")


@admin.register(SitePue)
class SitePueAdmin(VersionAdmin[SitePue]):
    """Facility energy over IT energy."""

    list_display = ("site", "pue", *VERSION_COLUMNS)
    decimals = ("pue",)


@admin.register(PriceDay)
class PriceDayAdmin(CatalogueAdmin[PriceDay]):
    """Market prices of electricity, day by day."""

    list_display = ("series", "day", "revision", "resolution_minutes", "currency", "provenance")
    list_filter = ("series",)
    ordering = ("series", "-day", "-revision")


@admin.register(HardwareVersion)
class HardwareVersionAdmin(VersionAdmin[HardwareVersion]):
    """What is known of accelerators."""

    list_display = ("hardware", "embodied_kg_co2e", "embodied_life_years", *VERSION_COLUMNS)
    decimals = ("embodied_kg_co2e", "embodied_life_years")


@admin.register(SiteWue)
class SiteWueAdmin(VersionAdmin[SiteWue]):
    """Litres of water for each kWh of a site's IT."""

    list_display = ("site", "litres_per_kwh", *VERSION_COLUMNS)
    decimals = ("litres_per_kwh",)


@admin.register(WaterFactor)
class WaterFactorAdmin(VersionAdmin[WaterFactor]):
    """Litres of water behind each kWh of a grid."""

    list_display = ("zone", "litres_per_kwh", *VERSION_COLUMNS)
    decimals = ("litres_per_kwh",)


@admin.register(SiteTariff)
class SiteTariffAdmin(VersionAdmin[SiteTariff]):
    """Which tariff a site buys under."""

    list_display = ("site", "tariff", *VERSION_COLUMNS)


@admin.register(TariffVersion)
class TariffVersionAdmin(VersionAdmin[TariffVersion]):
    """Windows and prices of tariffs."""

    list_display = ("tariff", *VERSION_COLUMNS)
    list_filter = ("tariff",)


@admin.register(GreenSupply)
class GreenSupplyAdmin(VersionAdmin[GreenSupply]):
    """Certificates that match a site's energy."""

    list_display = ("site", "share", "price_per_mwh", "currency", *VERSION_COLUMNS)
    decimals = ("share", "price_per_mwh")


@admin.register(CarbonFactor)
class CarbonFactorAdmin(VersionAdmin[CarbonFactor]):
    """Grams of CO2 per kWh."""

    list_display = ("zone", "method", "basis", "grams_per_kwh", *VERSION_COLUMNS)
    decimals = ("grams_per_kwh",)
    list_filter = ("method",)
    search_fields = ("zone",)


@admin.register(GpuHourPrice)
class GpuHourPriceAdmin(VersionAdmin[GpuHourPrice]):
    """What an hour of a GPU costs."""

    list_display = (
        *("code", "hardware", "method", "price", "capex", "currency", "includes_energy"),
        *VERSION_COLUMNS,
    )
    decimals = ("price", "capex")


@admin.register(FxRate)
class FxRateAdmin(VersionAdmin[FxRate]):
    """One unit of base in units of quote."""

    list_display = ("base", "quote", "rate", *VERSION_COLUMNS)
    decimals = ("rate",)


@admin.register(ServingProfile)
class ServingProfileAdmin(VersionAdmin[ServingProfile]):
    """What a token takes on a deployment."""

    list_display = ("deployment", "context_from_tokens", "benchmark", "boundary", *VERSION_COLUMNS)
    list_filter = ("deployment",)


@admin.register(RateCardVersion)
class RateCardVersionAdmin(VersionAdmin[RateCardVersion]):
    """Terms of rate cards."""

    list_display = ("rate_card", "currency", "kind", *VERSION_COLUMNS)

    @admin.display(description="kind")
    def kind(self, version: RateCardVersion) -> str:
        """Say how it makes a price."""
        return str(version.terms.get("kind", "")).replace("_", " ")


@admin.register(AgreementVersion)
class AgreementVersionAdmin(VersionAdmin[AgreementVersion]):
    """Terms of agreements."""

    list_display = (
        *("agreement", "currency", "rate_card", "fee_rate", "fee_consumer_share"),
        *("discloses_cost", "overridden", "least_grade", *VERSION_COLUMNS),
    )
    decimals = ("fee_rate", "fee_consumer_share")
    list_filter = ("agreement",)

    @admin.display(description="overrides")
    def overridden(self, version: AgreementVersion) -> str:
        """Name what the agreement changes of its card."""
        return ", ".join((version.overrides or {}).keys()).replace("_", " ")
