"""Sections of what is bought to serve tokens: accelerators, sites, electricity, carbon."""

from typing import Final

from ledger.pricing import bounds, tariff
from ledger.pricing.models import (
    CarbonFactor,
    GpuHourPrice,
    GreenSupply,
    Hardware,
    HolidayYear,
    Site,
    SitePue,
    SiteTariff,
    Tariff,
    TariffVersion,
)
from ledger.pricing.sections import section
from ledger.pricing.sections.section import Row, Section


def _check_tariff(row: Row) -> None:
    tariff.TariffTerms.from_document(row["terms"])


SECTIONS: Final[tuple[Section, ...]] = (
    Section("hardware", Hardware, ("code",), section.nothing, {}),
    Section(
        "holiday_calendars",
        HolidayYear,
        ("calendar", "year"),
        lambda row: f"calendar:{row['calendar']}/{row['year']}",
        {"provenance": ("provenance",)},
        lambda row: tariff.check_holidays(year=row["year"], days=row["days"]),
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
        section.within(grams_per_kwh=bounds.not_negative),
    ),
    Section(
        "gpu_hours",
        GpuHourPrice,
        ("code",),
        lambda row: f"gpu_hour:{row['code']}",
        {"hardware": ("hardware",), "provenance": ("provenance",)},
        section.within(price=bounds.not_negative),
    ),
)
