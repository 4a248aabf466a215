"""How numbers and times are shown: grouped, rounded for the eye, exact under the pointer.

The filters are known to templates as the library `figures` (config/settings.py).
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from ledger.pricing.models import Provenance
from ledger.pricing.quoting.amounts import Amounts
from ledger.quantities import (
    JOULES_PER_KWH,
    MICROJOULES_PER_JOULE,
    MINOR_UNIT_DIGITS,
    NANOGRAMS_PER_GRAM,
    PICO_PER_UNIT,
    Physical,
    in_units,
    round_half_even,
)

DIGITS: Final[dict[str, int]] = {
    Physical.TOKENS: 0,
    Physical.JOULES: 3,
    Physical.CO2_LOCATION: 3,
    Physical.CO2_MARKET: 3,
    Physical.CERTIFICATES: 3,
}
"""Decimal places shown of a commodity; money, of which a token is worth little, has more."""

MONEY_DIGITS: Final = 6
EVENT_DIGITS: Final = 9
"""What a single event costs is a matter of billionths."""

KILOGRAM_GRAMS: Final = 1_000

UNITS: Final[dict[str, str]] = {
    Physical.TOKENS: "tokens",
    Physical.JOULES: "J",
    Physical.CO2_LOCATION: "g CO₂, location-based",
    Physical.CO2_MARKET: "g CO₂, market-based",
    Physical.CERTIFICATES: "certificate Wh",
}

RATIO_DIGITS: Final = 4
UNKNOWN: Final[SafeString] = mark_safe('<span class="cw-quiet" title="unknown">–</span>')

register = template.Library()


@register.filter
def amount(value: Decimal, commodity: str) -> SafeString:
    """Show an amount of a commodity, to the places that suit it."""
    return figure(value, digits=DIGITS.get(commodity, MONEY_DIGITS))


@register.filter
def minor(value: Decimal, currency: str) -> SafeString:
    """Show money that is rounded to its currency's minor unit."""
    return figure(value, digits=MINOR_UNIT_DIGITS[currency])


@register.filter
def count(value: int | Decimal) -> SafeString:
    """Show a whole number."""
    return figure(Decimal(value), digits=0)


@register.filter
def pico(value: int | Decimal) -> SafeString:
    """Show money given in pico-units, as small as one event's."""
    return figure(in_units(int(value), per_unit=PICO_PER_UNIT), digits=EVENT_DIGITS)


@register.filter
def money(value: int | Decimal) -> SafeString:
    """Show money given in pico-units, as large as many events'."""
    return figure(in_units(int(value), per_unit=PICO_PER_UNIT), digits=MONEY_DIGITS)


@register.filter
def joules(value: int | Decimal) -> SafeString:
    """Show energy given in microjoules, in joules."""
    return figure(in_units(int(value), per_unit=MICROJOULES_PER_JOULE), digits=3)


@register.filter
def kwh(value: int | Decimal) -> SafeString:
    """Show energy given in microjoules, in kilowatt-hours."""
    return figure(in_units(int(value), per_unit=MICROJOULES_PER_JOULE * JOULES_PER_KWH), digits=3)


@register.filter
def grams(value: int | Decimal) -> SafeString:
    """Show CO2 given in nanograms, in grams."""
    return figure(in_units(int(value), per_unit=NANOGRAMS_PER_GRAM), digits=6)


@register.filter
def kilograms(value: int | Decimal) -> SafeString:
    """Show CO2 given in nanograms, in kilograms."""
    return figure(in_units(int(value), per_unit=NANOGRAMS_PER_GRAM * KILOGRAM_GRAMS), digits=3)


@register.filter
def exact(value: Decimal) -> SafeString:
    """Show a quantity with all the digits that it has."""
    return format_html('<span class="cw-figure">{}</span>', written(value))


@register.filter
def of(amounts: Amounts, component: str) -> Decimal:
    """Return an amount in units."""
    return amounts.of(component)


@register.filter
def units(value: Decimal) -> SafeString:
    """Show money given in units, as small as one event's."""
    return figure(value, digits=EVENT_DIGITS)


@register.filter
def places(value: Decimal, digits: int) -> SafeString:
    """Show a quantity to so many decimal places."""
    return figure(value, digits=digits)


@register.filter
def percent(value: Decimal | None) -> SafeString:
    """Show a percentage to two places; nothing where there is none."""
    if value is None:
        return mark_safe("")
    rounded = round_half_even(value, digits=2)
    return format_html('<span class="cw-figure">{} %</span>', f"{rounded:f}")


@register.filter
def of_hundred(value: Decimal) -> SafeString:
    """Show a share as a percentage."""
    return percent(value * 100)


@register.filter
def share_or_unknown(value: Decimal | None) -> SafeString:
    """Show a share as a percentage to two places; a dash where it is unknown."""
    return UNKNOWN if value is None else of_hundred(value)


@register.filter
def or_unknown(value: Decimal | None) -> SafeString:
    """Show a figure to four places; a dash where it is unknown."""
    return UNKNOWN if value is None else figure(value, digits=RATIO_DIGITS)


@register.filter
def negated(value: Decimal) -> Decimal:
    """Turn the sign, in the precision of the books."""
    return -value


@register.filter
def difference(value: Decimal) -> SafeString:
    """Show what two sides differ by: zero plainly, anything else loudly and exactly."""
    if value == 0:
        return mark_safe('<span class="cw-good">0</span>')
    return format_html('<span class="cw-bad">{}</span>', written(value))


@register.filter
def total(values: Sequence[int]) -> int:
    """Add up."""
    return sum(values)


@register.filter
def utc(value: datetime | None) -> str:
    """Show an instant in UTC; a column's heading says so.

    >>> utc(datetime(2026, 10, 5, 2, 30, 1, 999, tzinfo=UTC))
    '2026-10-05 02:30:01'
    """
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if value else ""


@register.filter
def minute(value: datetime | None) -> str:
    """Show an instant to the minute in UTC; a column's heading says so.

    >>> minute(datetime(2026, 10, 5, 2, 30, tzinfo=UTC))
    '2026-10-05 02:30'
    """
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M}" if value else ""


@register.filter
def unit(commodity: str) -> str:
    """Return what a commodity is counted in; money is its own unit.

    >>> unit("CO2E_L"), unit("CNY")
    ('g CO₂, location-based', 'CNY')
    """
    return UNITS.get(commodity, commodity)


@register.filter
def words(code: str) -> str:
    """Write a code as words.

    >>> words("agreement_version")
    'agreement version'
    """
    return code.replace("_", " ")


@register.filter
def grade_name(grade: str) -> str:
    """Return the word behind a grade's letter.

    >>> grade_name("M")
    'measured'
    """
    return str(Provenance.Grade(grade).label).lower()


def figure(value: Decimal, *, digits: int) -> SafeString:
    """Show a number with thousands separators, and its exact value in the title."""
    shown = f"{round_half_even(value, digits=digits):,f}"
    kind = "cw-figure cw-zero" if value == 0 else "cw-figure"
    return format_html('<span class="{}" title="{}">{}</span>', kind, written(value), shown)


def written(value: Decimal) -> str:
    """Write a number exactly, without idle zeros behind the point.

    >>> written(Decimal("-1234567.500000"))
    '-1,234,567.5'
    >>> written(Decimal("1200"))
    '1,200'
    """
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
