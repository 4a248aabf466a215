"""The sections of a catalogue document: which table each fills and how its rows are named."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.db.models import Model

from ledger.errors import LedgerError
from ledger.parties.models import Deployment, Party
from ledger.pricing import bounds, profile, source_names, tariff
from ledger.pricing.models import (
    Agreement,
    AgreementVersion,
    Benchmark,
    CarbonFactor,
    DeploymentTerms,
    FxRate,
    GpuHourPrice,
    GreenSupply,
    Hardware,
    HolidayYear,
    Provenance,
    RateCard,
    RateCardVersion,
    ServingProfile,
    Site,
    SitePue,
    SiteTariff,
    Tariff,
    TariffVersion,
)
from ledger.pricing.source_names import SourceName
from ledger.pricing.terms import terms_from_document

Row = Mapping[str, Any]
CODE: Final = re.compile(r"^[a-z0-9][a-z0-9-]{0,62}$", re.ASCII)


class CodeInvalid(LedgerError):
    """A code of a party or a site has another form than account codes allow."""

    problem = "code-invalid"

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(f"code {code!r} may hold small letters, digits and hyphens, at most 63")


def _unchecked(_: Row) -> None:
    """Accept a row whose fields' types say everything."""


@dataclass(frozen=True, slots=True)
class Section:
    """One list of a catalogue document.

    `identity` names the fields that identify a thing, or the series a version belongs to;
    `provides` says, in the words of a set-aside event's `missing`, what a row brings.
    `references` maps a foreign key to the document's fields that name its target.
    """

    name: str
    model: type[Model]
    identity: tuple[str, ...]
    provides: Callable[[Row], str | None]
    references: Mapping[str, tuple[str, ...]]
    check: Callable[[Row], None] = _unchecked


def _within(**limits: Callable[[str, Decimal], None]) -> Callable[[Row], None]:
    """Return a check of decimal fields against their limits."""

    def check(row: Row) -> None:
        for name, limit in limits.items():
            limit(name, Decimal(str(row[name])))

    return check


def _check_code(row: Row) -> None:
    """Refuse a code that could not stand in an account's code."""
    if not CODE.match(str(row["code"])):
        raise CodeInvalid(str(row["code"]))


def _check_tariff(row: Row) -> None:
    tariff.TariffTerms.from_document(row["terms"])


def _check_rate_card(row: Row) -> None:
    terms_from_document(row["terms"])


def _check_profile(row: Row) -> None:
    profile.check_profile(row)


def _nothing(_: Row) -> None:
    return None


SECTIONS: Final[tuple[Section, ...]] = (
    Section("provenance", Provenance, ("code",), _nothing, {}),
    Section("parties", Party, ("code",), lambda row: f"consumer:{row['code']}", {}, _check_code),
    Section("hardware", Hardware, ("code",), _nothing, {}),
    Section(
        "benchmarks",
        Benchmark,
        ("code",),
        _nothing,
        {"hardware": ("hardware",), "provenance": ("provenance",)},
        _within(
            joules_per_output_token=bounds.positive,
            output_tokens_per_second=bounds.positive,
            mean_output_tokens=bounds.positive,
            mean_input_tokens=bounds.not_negative,
            decode_to_prefill=bounds.positive,
            cached_to_prefill=bounds.fraction,
        ),
    ),
    Section(
        "holiday_calendars",
        HolidayYear,
        ("calendar", "year"),
        lambda row: f"calendar:{row['calendar']}/{row['year']}",
        {"provenance": ("provenance",)},
        lambda row: tariff.check_holidays(year=row["year"], days=row["days"]),
    ),
    Section("sites", Site, ("code",), _nothing, {}, _check_code),
    Section("tariffs", Tariff, ("code",), _nothing, {}),
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
        _within(pue=bounds.at_least_one),
    ),
    Section(
        "green_supplies",
        GreenSupply,
        ("site",),
        lambda row: f"green:{row['site']}",
        {"site": ("site",), "provenance": ("provenance",)},
        _within(share=bounds.fraction, price_per_mwh=bounds.not_negative),
    ),
    Section(
        "carbon_factors",
        CarbonFactor,
        ("zone", "method"),
        lambda row: f"carbon:{row['zone']}/{row['method']}",
        {"provenance": ("provenance",)},
        _within(grams_per_kwh=bounds.not_negative),
    ),
    Section(
        "gpu_hours",
        GpuHourPrice,
        ("code",),
        lambda row: f"gpu_hour:{row['code']}",
        {"hardware": ("hardware",), "provenance": ("provenance",)},
        _within(price=bounds.not_negative),
    ),
    Section(
        "fx_rates",
        FxRate,
        ("base", "quote"),
        lambda row: f"fx:{row['base']}/{row['quote']}",
        {"provenance": ("provenance",)},
        _within(rate=bounds.positive),
    ),
    Section(
        "deployments",
        Deployment,
        ("provider", "code"),
        lambda row: f"deployment:{row['provider']}/{row['code']}",
        {"provider": ("provider",), "site": ("site",)},
    ),
    Section(
        "serving_profiles",
        ServingProfile,
        ("deployment", "context_from_tokens"),
        lambda row: f"profile:{row['provider']}/{row['deployment']}",
        {
            "deployment": ("provider", "deployment"),
            "benchmark": ("benchmark",),
            "provenance": ("provenance",),
        },
        _check_profile,
    ),
    Section(
        "deployment_terms",
        DeploymentTerms,
        ("deployment",),
        lambda row: f"terms:{row['provider']}/{row['deployment']}",
        {"deployment": ("provider", "deployment"), "provenance": ("provenance",)},
        _within(utilisation=bounds.busy_fraction, scarcity_factor=bounds.at_least_one),
    ),
    Section(
        "rate_cards",
        RateCard,
        ("provider", "code"),
        _nothing,
        {"provider": ("provider",)},
    ),
    Section(
        "rate_card_versions",
        RateCardVersion,
        ("rate_card",),
        lambda row: f"rate_card:{row['provider']}/{row['rate_card']}",
        {"rate_card": ("provider", "rate_card"), "provenance": ("provenance",)},
        _check_rate_card,
    ),
    Section(
        "agreements",
        Agreement,
        ("code",),
        lambda row: f"agreement:{row['provider']}/{row['consumer']}",
        {"provider": ("provider",), "consumer": ("consumer",)},
    ),
    Section(
        "agreement_versions",
        AgreementVersion,
        ("agreement",),
        lambda row: f"agreement_version:{row['agreement']}",
        {
            "agreement": ("agreement",),
            "rate_card": ("provider", "rate_card"),
            "provenance": ("provenance",),
        },
        _within(fee_rate=bounds.fraction, fee_consumer_share=bounds.fraction),
    ),
    Section(
        "source_names",
        SourceName,
        ("provider", "source", "kind", "name"),
        source_names.provides,
        {
            "provider": ("provider",),
            "consumer": ("consumer",),
            "deployment": ("provider", "deployment"),
            "provenance": ("provenance",),
        },
        source_names.check,
    ),
)
