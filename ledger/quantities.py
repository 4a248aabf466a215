"""Exact quantities: the commodities of the books, their smallest units, and the only rounding."""

import decimal
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from enum import StrEnum
from fractions import Fraction
from typing import Final

from ledger.errors import LedgerError

INT64_MAX: Final = 2**63 - 1

PICO_PER_UNIT: Final = 10**12
"""Pico-units in one unit of money: usage entries count money in them."""

MICROJOULES_PER_JOULE: Final = 10**6
NANOGRAMS_PER_GRAM: Final = 10**9
NANOSECONDS_PER_SECOND: Final = 10**9
JOULES_PER_KWH: Final = 3_600_000
SECONDS_PER_HOUR: Final = 3_600

EXACT: Final = Context(prec=60, rounding=ROUND_HALF_EVEN)
"""The context of all arithmetic here: 60 digits, where a posting carries 38.

Python's default of 28 digits would round even a change of sign. It is set for this thread and for
every thread to come, and named where prices are computed.
"""
decimal.DefaultContext.prec = EXACT.prec
decimal.setcontext(EXACT.copy())


class Physical(StrEnum):
    """The commodities beside money; money itself is named by its ISO 4217 code."""

    TOKENS = "TOK"
    JOULES = "J"
    CO2_LOCATION = "CO2E_L"
    CO2_MARKET = "CO2E_M"
    CERTIFICATES = "GEC"


# ISO 4217 minor units; a currency that is not listed is refused, never guessed.
MINOR_UNIT_DIGITS: Final = {
    "AED": 2, "AUD": 2, "BHD": 3, "BRL": 2, "CAD": 2, "CHF": 2, "CLP": 0, "CNY": 2, "CZK": 2,
    "DKK": 2, "EUR": 2, "GBP": 2, "HKD": 2, "HUF": 2, "IDR": 2, "ILS": 2, "INR": 2, "ISK": 0,
    "JOD": 3, "JPY": 0, "KRW": 0, "KWD": 3, "MXN": 2, "MYR": 2, "NOK": 2, "NZD": 2, "OMR": 3,
    "PHP": 2, "PLN": 2, "RON": 2, "SAR": 2, "SEK": 2, "SGD": 2, "THB": 2, "TND": 3, "TRY": 2,
    "TWD": 2, "USD": 2, "VND": 0, "ZAR": 2,
}  # fmt: skip


class UnknownCurrency(LedgerError):
    """The currency has no minor unit on record."""

    problem = "unknown-currency"

    def __init__(self, currency: str) -> None:
        self.currency = currency
        super().__init__(f"{currency!r} is not a currency this ledger keeps; see MINOR_UNIT_DIGITS")


def round_half_even(value: Decimal, *, digits: int) -> Decimal:
    """Round to `digits` decimal places, ties to the even neighbour. The only rounding there is.

    >>> round_half_even(Decimal("0.125"), digits=2), round_half_even(Decimal("-0.135"), digits=2)
    (Decimal('0.12'), Decimal('-0.14'))
    """
    with localcontext(EXACT):
        return value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN)


def significant(value: Decimal, *, digits: int) -> str:
    """Write a number for the eye with so many significant digits, never with an exponent.

    >>> significant(Decimal("0.0019959161234"), digits=7), significant(Decimal(1500), digits=2)
    ('0.001995916', '1500')
    """
    leading = value.adjusted() if value else 0
    text = f"{round_half_even(value, digits=max(digits - 1 - leading, 0)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def whole_units(value: Decimal, *, per_unit: int) -> int:
    """Quantise a quantity to whole sub-units, half even: pico-units, microjoules, nanograms.

    >>> whole_units(Decimal("0.0000043843625"), per_unit=PICO_PER_UNIT)
    4384362
    """
    with localcontext(EXACT):
        return int(round_half_even(value * per_unit, digits=0))


def nearest_whole(value: Fraction) -> int:
    """Round an exact fraction to a whole number, ties to the even neighbour.

    >>> nearest_whole(Fraction(5, 2)), nearest_whole(Fraction(-7, 2)), nearest_whole(Fraction(8, 3))
    (2, -4, 3)
    """
    return round(value)


def in_units(whole: int, *, per_unit: int) -> Decimal:
    """Turn whole sub-units back into the exact quantity.

    >>> in_units(4_384_363, per_unit=PICO_PER_UNIT)
    Decimal('0.000004384363')
    """
    with localcontext(EXACT):
        return Decimal(whole) / per_unit


def round_to_minor_unit(amount: Decimal, *, currency: str) -> Decimal:
    """Round money half even to the currency's minor unit.

    :raises UnknownCurrency: if the currency is not listed.

    >>> round_to_minor_unit(Decimal("12.345"), currency="CNY")
    Decimal('12.34')
    """
    if currency not in MINOR_UNIT_DIGITS:
        raise UnknownCurrency(currency)
    return round_half_even(amount, digits=MINOR_UNIT_DIGITS[currency])
