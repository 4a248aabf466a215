"""How values stand in answers: amounts and ids as strings, instants in UTC with Z."""

from datetime import UTC, date, datetime
from decimal import Decimal

from ledger.quantities import in_units


def amount(value: Decimal) -> str:
    """Write an amount with all its twelve decimals, never with an exponent.

    >>> amount(Decimal("1E+3")), amount(Decimal("-0.000000000001"))
    ('1000.000000000000', '-0.000000000001')
    """
    return f"{value:.12f}"


def sub_units(whole: int, *, per_unit: int) -> str:
    """Write a count of pico-units, microjoules, nanograms or nanoseconds in whole units.

    >>> sub_units(4_384_362, per_unit=10**12)
    '0.000004384362'
    """
    return amount(in_units(whole, per_unit=per_unit))


def instant(at: datetime) -> str:
    """Write an instant as RFC 3339 in UTC.

    >>> instant(datetime(2026, 10, 1, 8, 30, 0, 250000, tzinfo=UTC))
    '2026-10-01T08:30:00.250000Z'
    """
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def instant_or_null(at: datetime | None) -> str | None:
    """Write an instant that may not have come yet."""
    return None if at is None else instant(at)


def day_or_null(day: date | None) -> str | None:
    """Write a date that may be missing."""
    return None if day is None else day.isoformat()


def id_or_null(number: int | None) -> str | None:
    """Write an id that may be missing."""
    return None if number is None else str(number)
