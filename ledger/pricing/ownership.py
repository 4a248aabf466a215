"""What an hour of a GPU costs that is owned, from what it cost to buy. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any, Final

from ledger.pricing import bounds
from ledger.pricing.bounds import InvalidCostInput
from ledger.quantities import EXACT, round_half_even

HOURS_PER_YEAR: Final = 8_760
PRICE_DECIMALS: Final = 12
"""A price of an hour is a figure of the catalogue and has its digits, whether stated or made."""

PARTS: Final = ("capex", "life_years", "capital_cost", "availability", "opex_per_hour")


@dataclass(frozen=True, slots=True)
class Ownership:
    """What an owned GPU is costed from; money in one currency, electricity not in it.

    `capital_cost` is a fraction a year, `availability` the share of hours in which it can serve.
    """

    capex: Decimal
    life_years: int
    capital_cost: Decimal
    availability: Decimal
    opex_per_hour: Decimal

    def __post_init__(self) -> None:
        bounds.positive("capex", self.capex)
        bounds.positive("life_years", Decimal(self.life_years))
        bounds.fraction("capital_cost", self.capital_cost)
        bounds.busy_fraction("availability", self.availability)
        bounds.not_negative("opex_per_hour", self.opex_per_hour)


def capital_recovery(*, rate: Decimal, years: int) -> Decimal:
    """Return the yearly payment that pays back one unit of money: i(1+i)^n / ((1+i)^n - 1).

    Without interest it is 1/n.

    >>> f"{capital_recovery(rate=Decimal('0.08'), years=4):.5f}"
    '0.30192'
    >>> capital_recovery(rate=Decimal(0), years=4)
    Decimal('0.25')
    """
    with localcontext(EXACT):
        if rate == 0:
            return Decimal(1) / years
        grown = (1 + rate) ** years
        return rate * grown / (grown - 1)


def price_per_hour(owned: Ownership) -> Decimal:
    """Return capex spread over the hours in which the GPU can serve, and the opex of an hour.

    Rounded once, half even, to the digits of a catalogue figure.

    >>> owned = Ownership(
    ...     capex=Decimal(40_000),
    ...     life_years=4,
    ...     capital_cost=Decimal("0.08"),
    ...     availability=Decimal(1),
    ...     opex_per_hour=Decimal(0),
    ... )
    >>> f"{price_per_hour(owned):.3f}"
    '1.379'
    """
    with localcontext(EXACT):
        yearly = owned.capex * capital_recovery(rate=owned.capital_cost, years=owned.life_years)
        hourly = yearly / HOURS_PER_YEAR / owned.availability + owned.opex_per_hour
        return round_half_even(hourly, digits=PRICE_DECIMALS)


def of_row(row: Mapping[str, Any]) -> Ownership | None:
    """Return the parts that a GPU-hour states; None where it states a price instead.

    :raises InvalidCostInput: if it states both, or not all parts, or one beyond its bounds.
    """
    stated = [part for part in PARTS if row.get(part) is not None]
    if row.get("price") is not None:
        if stated:
            raise InvalidCostInput(stated[0], row[stated[0]], "no part beside a stated price")
        return None
    if not stated:
        raise InvalidCostInput("price", "missing", f"a price, or {', '.join(PARTS)}")
    for part in PARTS:
        if part not in stated:
            raise InvalidCostInput(part, "missing", "all parts of an owned GPU's hour, or a price")
    return Ownership(
        capex=Decimal(str(row["capex"])),
        life_years=int(row["life_years"]),
        capital_cost=Decimal(str(row["capital_cost"])),
        availability=Decimal(str(row["availability"])),
        opex_per_hour=Decimal(str(row["opex_per_hour"])),
    )


def check(row: Mapping[str, Any]) -> None:
    """Refuse a GPU-hour whose method does not fit what it states.

    :raises InvalidCostInput: naming the field.
    """
    method = row.get("method")
    if method not in {"rental", "owned"}:
        raise InvalidCostInput("method", method, "rental or owned")
    owned = of_row(row)
    if owned is None:
        bounds.not_negative("price", Decimal(str(row["price"])))
    elif method != "owned":
        raise InvalidCostInput("capex", owned.capex, "a rental's price, not parts")
    if method == "owned" and row.get("includes_energy"):
        raise InvalidCostInput(
            "includes_energy", True, "false: who owns a GPU pays for its electricity beside it"
        )
