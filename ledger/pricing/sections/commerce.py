"""Sections of what is asked for a token, of whom, and under which names."""

from typing import Final

from ledger.pricing import bounds, grading, source_names, volume_terms
from ledger.pricing.agreed import check_overrides
from ledger.pricing.models import (
    Agreement,
    AgreementVersion,
    FxRate,
    RateCard,
    RateCardVersion,
)
from ledger.pricing.rate_cards import calendar_from_document, card_from_document
from ledger.pricing.sections import section
from ledger.pricing.sections.section import Row, Section
from ledger.pricing.source_names import SourceName


def _check_rate_card(row: Row) -> None:
    card_from_document(row["terms"])
    calendar_from_document(row["terms"])


_check_fee: Final = section.within(fee_rate=bounds.fraction, fee_consumer_share=bounds.fraction)


def _check_agreement_version(row: Row) -> None:
    _check_fee(row)
    if row.get("volume_terms") is not None:
        volume_terms.from_document(row["volume_terms"])
    if row.get("overrides") is not None:
        check_overrides(row["overrides"])
    grading.check_least(row.get("least_grade"))


SECTIONS: Final[tuple[Section, ...]] = (
    Section(
        "fx_rates",
        FxRate,
        ("base", "quote"),
        lambda row: f"fx:{row['base']}/{row['quote']}",
        {"provenance": ("provenance",)},
        section.within(rate=bounds.positive),
    ),
    Section(
        "rate_cards",
        RateCard,
        ("provider", "code"),
        section.nothing,
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
        _check_agreement_version,
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
