"""Exact values out of the plain data of a catalogue document. Pure.

Every reader raises ValueError with what to write instead; its caller says where.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

LARGEST_EXPONENT: Final = 18
"""What a document may state lies below 10^19: more is a slip, and no rate could carry it."""


def number(value: object) -> Decimal:
    """Return an exact number from text or a whole number; a float is refused, never guessed.

    :raises ValueError: if it is anything else.

    >>> number("0.409176")
    Decimal('0.409176')
    """
    if isinstance(value, bool | float) or not isinstance(value, str | int | Decimal):
        raise ValueError(f"{value!r} is not exact: write it in quotes")  # noqa: TRY004 - one error for every faulty value
    try:
        exact = Decimal(value)
    except InvalidOperation:
        raise ValueError(f"{value!r} is not a number") from None
    if not exact.is_finite():
        raise ValueError(f"{value!r} is not a number")
    if exact.adjusted() > LARGEST_EXPONENT:
        raise ValueError(f"{value!r} is too large")
    return exact


def not_negative(value: object) -> Decimal:
    """Return an exact number that is zero or more.

    :raises ValueError: if it is less or no number.
    """
    exact = number(value)
    if exact < 0:
        raise ValueError(f"{value!r} is less than zero")
    return exact


def mapping(value: object) -> Mapping[str, Any]:
    """Return a mapping.

    :raises ValueError: if it is anything else.
    """
    if not isinstance(value, Mapping):
        raise ValueError(f"{value!r} is not a mapping")  # noqa: TRY004 - one error for every faulty value
    return value


def only_fields(value: Mapping[str, Any], allowed: set[str]) -> None:
    """Refuse a field that nobody reads: it is most likely misspelt.

    :raises ValueError: naming the first such field.
    """
    for name in value:
        if name not in allowed:
            raise ValueError(f"{name!r} is not a field here")
