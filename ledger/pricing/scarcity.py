"""Scarcity: what a load of the accelerators adds to their price, by a curve and a calendar. Pure.

m(load) = 1 up to rho0, and min(cap, 1 + kappa × ((load − rho0) / (1 − rho0))^gamma) above it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any, Final

from ledger.errors import LedgerError
from ledger.pricing import day_periods, documents
from ledger.pricing.day_periods import DayPeriods
from ledger.quantities import EXACT, round_half_even

FACTOR_DIGITS: Final = 12
"""A factor is rounded to these decimals, half even, before it multiplies anything."""

LARGEST_GAMMA: Final = 16
COMPUTE: Final = "compute"
ALL: Final = "all"
ONE: Final = Decimal(1)


class InvalidScarcity(LedgerError):
    """A scarcity policy does not say what a load costs, or what load to expect."""

    problem = "invalid-scarcity"

    def __init__(self, pointer: str, detail: str) -> None:
        self.pointer = pointer
        self.detail = detail
        super().__init__(f"{pointer}: {detail}")


@dataclass(frozen=True, slots=True)
class Curve:
    """Where a load begins to cost more, how much, how fast, and the most that it may."""

    rho0: Decimal
    kappa: Decimal
    gamma: Decimal
    cap: Decimal

    def factor(self, load: Decimal) -> Decimal:
        """Return what compute is multiplied by at a load, rounded to twelve decimals.

        gamma is a whole or a half number: the power is a product, and of a half one more factor is
        the square root, in 60 digits.

        >>> curve = Curve(Decimal("0.8"), Decimal(1), Decimal(2), Decimal(2))
        >>> curve.factor(Decimal("0.92")), curve.factor(Decimal("0.8")), curve.factor(Decimal(1))
        (Decimal('1.360000000000'), Decimal('1.000000000000'), Decimal('2.000000000000'))
        """
        with localcontext(EXACT):
            if load <= self.rho0:
                return round_half_even(ONE, digits=FACTOR_DIGITS)
            beyond = (load - self.rho0) / (1 - self.rho0)
            power = beyond ** int(self.gamma)
            if self.gamma != int(self.gamma):
                power *= beyond.sqrt()
            return round_half_even(min(self.cap, 1 + self.kappa * power), digits=FACTOR_DIGITS)


@dataclass(frozen=True, slots=True)
class Level:
    """What a period expects: a load, from which the curve makes a factor, or the factor."""

    load: Decimal | None
    factor: Decimal | None


@dataclass(frozen=True, slots=True)
class ScarcityTerms:
    """A policy: its curve, what it multiplies, and the level that is expected when.

    Without a calendar one level holds at all hours, under the name that `levels` gives it.
    """

    curve: Curve
    applies_to: str
    levels: Mapping[str, Level]

    def factor_in(self, period: str) -> Decimal:
        """Return the factor that is expected in a period."""
        level = self.levels[period]
        if level.factor is not None:
            return level.factor
        assert level.load is not None, "a level has one or the other"
        return self.curve.factor(level.load)


ALWAYS: Final = "always"
"""The period of a policy without a calendar."""


def scarcity_from_document(document: object) -> ScarcityTerms:
    """Return a policy from its plain data, without its windows.

    :raises InvalidScarcity: if a field is missing, misspelt or out of range.
    """
    fields = _fields(document, "/terms", {"curve", "applies_to", "load", "calendar"})
    applies_to = fields.get("applies_to", COMPUTE)
    if applies_to not in {COMPUTE, ALL}:
        raise InvalidScarcity("/terms/applies_to", f"{applies_to!r} is neither compute nor all")
    curve = _curve(fields.get("curve"))
    if ("load" in fields) == ("calendar" in fields):
        raise InvalidScarcity("/terms/calendar", "state a calendar, or one load for all hours")
    if "load" in fields:
        levels = {ALWAYS: Level(_number(fields, "load", "/terms", least=0, most=1), None)}
    else:
        calendar = _fields(fields["calendar"], "/terms/calendar", day_periods.FIELDS)
        at = "/terms/calendar/periods"
        periods = _fields(calendar.get("periods"), at, None)
        levels = {str(name): _level(row, f"{at}/{name}") for name, row in periods.items()}
    return ScarcityTerms(curve, str(applies_to), levels)


def calendar_from_document(document: Mapping[str, Any]) -> DayPeriods | None:
    """Return a policy's calendar, if it has one.

    :raises InvalidScarcity: if its windows do not cover the day, or its periods are not theirs.
    """
    calendar = document.get("calendar")
    if calendar is None:
        return None
    try:
        found = day_periods.from_document(calendar)
    except ValueError as error:
        where, _, detail = str(error).partition(": ")
        raise InvalidScarcity(f"/terms/calendar/{where}", detail) from error
    if (stated := set(calendar.get("periods") or {})) != found.names:
        differing = ", ".join(sorted(stated ^ found.names))
        detail = f"are not those of the windows: {differing}"
        raise InvalidScarcity("/terms/calendar/periods", detail)
    return found


def _curve(document: object) -> Curve:
    at = "/terms/curve"
    fields = _fields(document, at, {"rho0", "kappa", "gamma", "cap"})
    curve = Curve(
        rho0=_number(fields, "rho0", at, least=0, most=1),
        kappa=_number(fields, "kappa", at, least=0),
        gamma=_number(fields, "gamma", at, least=0, most=LARGEST_GAMMA),
        cap=_number(fields, "cap", at, least=1),
    )
    if curve.rho0 == 1:
        raise InvalidScarcity(f"{at}/rho0", "is 1: no load is beyond it")
    if curve.gamma == 0 or curve.gamma * 2 != int(curve.gamma * 2):
        raise InvalidScarcity(f"{at}/gamma", f"{curve.gamma} is no whole or half number above 0")
    return curve


def _level(row: object, pointer: str) -> Level:
    fields = _fields(row, pointer, {"load", "factor"})
    if len(fields) != 1:
        raise InvalidScarcity(pointer, "needs a load or a factor, not both")
    if "load" in fields:
        return Level(_number(fields, "load", pointer, least=0, most=1), None)
    return Level(None, _number(fields, "factor", pointer, least=1))


def _fields(value: object, pointer: str, allowed: set[str] | None) -> Mapping[str, Any]:
    try:
        fields = documents.mapping(value)
        documents.only_fields(fields, set(fields) if allowed is None else allowed)
    except ValueError as error:
        raise InvalidScarcity(pointer, str(error)) from error
    return fields


def _number(
    fields: Mapping[str, Any], name: str, pointer: str, *, least: int, most: int | None = None
) -> Decimal:
    try:
        number = documents.number(fields.get(name))
    except ValueError as error:
        raise InvalidScarcity(f"{pointer}/{name}", str(error)) from error
    if number < least or (most is not None and number > most):
        expected = f"{least} or more" if most is None else f"from {least} to {most}"
        raise InvalidScarcity(f"{pointer}/{name}", f"{number} is not {expected}")
    return number
