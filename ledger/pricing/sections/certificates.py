"""The section of certificate lots."""

from decimal import Decimal
from typing import Final

from ledger.errors import LedgerError
from ledger.pricing import bounds
from ledger.pricing.models import CertificateLot
from ledger.pricing.sections import section
from ledger.pricing.sections.section import Row, Section

VINTAGES: Final = range(2000, 2101)


class CertificateLotInvalid(LedgerError):
    """A lot of certificates makes no sense."""

    problem = "certificate-lot-invalid"

    def __init__(self, field: str, expected: str) -> None:
        self.field = field
        self.expected = expected
        super().__init__(f"{field} must be {expected}")


def check(row: Row) -> None:
    """Refuse a lot that could not be booked or matched.

    :raises CertificateLotInvalid, CodeInvalid, InvalidCostInput: naming the field.
    """
    section.check_code(row)
    bounds.not_negative("price_per_mwh", Decimal(str(row["price_per_mwh"])))
    if row["kind"] not in CertificateLot.Kind.values:
        raise CertificateLotInvalid("kind", f"one of {', '.join(CertificateLot.Kind.values)}")
    if row["watt_hours"] < 1:
        raise CertificateLotInvalid("watt_hours", "whole watt-hours, one at least")
    if row["vintage"] not in VINTAGES:
        raise CertificateLotInvalid("vintage", "the year of production")
    if str(row["produced_from"]) >= str(row["produced_to"]):
        raise CertificateLotInvalid("produced_to", "later than produced_from, in the same zone")


SECTIONS: Final[tuple[Section, ...]] = (
    Section(
        "certificate_lots",
        CertificateLot,
        ("code",),
        section.nothing,
        {"provider": ("provider",), "provenance": ("provenance",)},
        check,
    ),
)
