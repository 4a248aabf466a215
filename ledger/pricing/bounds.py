"""Refuse figures that lie outside what they can be. Pure."""

from decimal import Decimal

from ledger.errors import LedgerError


class InvalidCostInput(LedgerError):
    """A figure that a cost is made from lies outside what it can be."""

    problem = "invalid-cost-input"

    def __init__(self, name: str, value: object, expected: str) -> None:
        self.name = name
        self.value = str(value)
        self.expected = expected
        super().__init__(f"{name} is {value}; expected {expected}")


def number(name: str, value: Decimal) -> None:
    """Refuse infinity and NaN."""
    if not value.is_finite():
        raise InvalidCostInput(name, value, "a number")


def not_negative(name: str, value: Decimal) -> None:
    """Refuse a figure below zero."""
    number(name, value)
    if value < 0:
        raise InvalidCostInput(name, value, "zero or more")


def positive(name: str, value: Decimal) -> None:
    """Refuse zero and below."""
    number(name, value)
    if value <= 0:
        raise InvalidCostInput(name, value, "more than zero")


def fraction(name: str, value: Decimal) -> None:
    """Refuse what is not from 0 to 1."""
    number(name, value)
    if not 0 <= value <= 1:
        raise InvalidCostInput(name, value, "between 0 and 1")


def at_least_one(name: str, value: Decimal) -> None:
    """Refuse a figure below one."""
    number(name, value)
    if value < 1:
        raise InvalidCostInput(name, value, "one or more")


def busy_fraction(name: str, value: Decimal) -> None:
    """Refuse a share of busy time that is not above 0 and up to 1."""
    fraction(name, value)
    positive(name, value)
