"""Sections of what is bought to serve tokens: accelerators, sites, electricity, carbon."""

from decimal import Decimal
from typing import Final

from ledger.pricing import bounds, market, ownership, tariff
from ledger.pricing.bounds import InvalidCostInput
from ledger.pricing.models import (
    CarbonFactor,
    GpuHourPrice,
    GreenSupply,
    Hardware,
    HardwareVersion,
    HolidayYear,
    PriceDay,
    Site,
    SitePue,
    SiteTariff,
    SiteWue,
    Tariff,
    TariffVersion,
    WaterFactor,
)
from ledger.pricing.sections import section
from ledger.pricing.sections.section import Row, Section


def _check_tariff(row: Row) -> None:
    market.terms_from_document(row["terms"])


def _check_hardware_version(row: Row) -> None:
    kilograms, years = row.get("embodied_kg_co2e"), row.get("embodied_life_years")
    if (kilograms is None) != (years is None):
        name = "embodied_kg_co2e" if kilograms is None else "embodied_life_years"
        raise InvalidCostInput(name, "missing", "kilograms and the years they are spread over")
    if kilograms is not None:
        bounds.not_negative("embodied_kg_co2e", Decimal(str(kilograms)))
        bounds.positive("embodied_life_years", Decimal(str(years)))
    if row.get("memory_gb_per_second") is not None:
        bounds.positive("memory_gb_per_second", Decimal(str(row["memory_gb_per_second"])))


def _check_carbon_factor(row: Row) -> None:
    for name, known in (("method", CarbonFactor.Method), ("basis", CarbonFactor.Basis)):
        if row[name] not in known.values:
            raise InvalidCostInput(name, row[name], ", ".join(known.values))
    bounds.not_negative("grams_per_kwh", Decimal(str(row["grams_per_kwh"])))


SECTIONS: Final[tuple[Section, ...]] = (
    Section("hardware", Hardware, ("code",), section.nothing, {}),
    Section(
        "hardware_versions",
        HardwareVersion,
        ("hardware",),
        section.nothing,
        {"hardware": ("hardware",), "provenance": ("provenance",)},
        _check_hardware_version,
    ),
    Section(
        "holiday_calendars",
        HolidayYear,
        ("calendar", "year"),
        lambda row: f"calendar:{row['calendar']}/{row['year']}",
        {"provenance": ("provenance",)},
        lambda row: tariff.check_holidays(year=row["year"], days=row["days"]),
    ),
    Section(
        "price_days",
        PriceDay,
        ("series", "day"),
        lambda row: f"price_series:{row['series']}/{row['day']}",
        {"provenance": ("provenance",)},
        market.check_price_day,
    ),
    Section("sites", Site, ("code",), section.nothing, {}, section.check_code),
    Section("tariffs", Tariff, ("code",), section.nothing, {}),
    Section(
        "tariff_versions",
        TariffVersion,
        ("tariff",),
        lambda row: f"tariff_version:{row['tariff']}",
        {"tariff": ("tariff",), "provenance": ("provenance",)},
        _check_tariff,
    ),
    Section(
        "site_tariffs",
        SiteTariff,
        ("site",),
        lambda row: f"tariff:{row['site']}",
        {"site": ("site",), "tariff": ("tariff",), "provenance": ("provenance",)},
    ),
    Section(
        "site_pue",
        SitePue,
        ("site",),
        lambda row: f"pue:{row['site']}",
        {"site": ("site",), "provenance": ("provenance",)},
        section.within(pue=bounds.at_least_one),
    ),
    Section(
        "site_wue",
        SiteWue,
        ("site",),
        section.nothing,
        {"site": ("site",), "provenance": ("provenance",)},
        section.within(litres_per_kwh=bounds.not_negative),
    ),
    Section(
        "green_supplies",
        GreenSupply,
        ("site",),
        lambda row: f"green:{row['site']}",
        {"site": ("site",), "provenance": ("provenance",)},
        section.within(share=bounds.fraction, price_per_mwh=bounds.not_negative),
    ),
    Section(
        "carbon_factors",
        CarbonFactor,
        ("zone", "method"),
        lambda row: f"carbon:{row['zone']}/{row['method']}",
        {"provenance": ("provenance",)},
        _check_carbon_factor,
    ),
    Section(
        "water_factors",
        WaterFactor,
        ("zone",),
        section.nothing,
        {"provenance": ("provenance",)},
        section.within(litres_per_kwh=bounds.not_negative),
    ),
    Section(
        "gpu_hours",
        GpuHourPrice,
        ("code",),
        lambda row: f"gpu_hour:{row['code']}",
        {"hardware": ("hardware",), "provenance": ("provenance",)},
        ownership.check,
    ),
)
