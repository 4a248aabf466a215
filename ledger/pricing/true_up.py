"""What a period is to come to under volume terms, and what that differs from the charge. Pure.

Everything is exact in fractions; each of the amounts is rounded once an agreement and period, half
even, to whole pico-units. Quantities and amounts may be negative: a period of corrections is.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from ledger.pricing.volume_terms import HUNDRED, Tier, Tiers, VolumeTerms
from ledger.quantities import PICO_PER_UNIT, in_units, nearest_whole

MILLION: Final = 1_000_000
COMPONENTS: Final = ("volume", "discount", "commitment")
"""What a true-up is made of, in the order in which it comes about."""

Working = list[dict[str, str]]
"""How the amounts came about, a row a step, in plain text."""


@dataclass(frozen=True, slots=True)
class Sums:
    """What a period was: tokens by class, and the price charged in pico-units, without fees."""

    tokens: Mapping[str, int]
    charged: int


@dataclass(frozen=True, slots=True)
class Fee:
    """The platform's share of a price, and what part of it the consumer bears."""

    rate: Decimal
    consumer_share: Decimal


@dataclass(frozen=True, slots=True)
class TrueUp:
    """What is added to the charge, in pico-units; negative is given back.

    `volume` is by tiers, `discount` is never above zero, `commitment` is what was missing to the
    minimum. The fees are on the sum of the three, and are given back with it.
    """

    volume: int
    discount: int
    commitment: int
    fee_consumer: int
    fee_provider: int
    working: Working


@dataclass(frozen=True, slots=True)
class _Part:
    """What of the quantity is priced by one step."""

    step: Tier
    quantity: Fraction
    share: Fraction


def of_period(terms: VolumeTerms, sums: Sums, *, fee: Fee) -> TrueUp:
    """Return the true-up of a period: tiers first, then the discount, then the minimum.

    A million tokens for 8 were charged; agreed are 6 a million, 5 % off, and at least 10:

    >>> from ledger.pricing.volume_terms import from_document
    >>> terms = from_document({
    ...     "tiers": {"kind": "volume", "measure": "tokens",
    ...               "steps": [{"per_million_tokens": "6"}]},
    ...     "discount": {"percent": "5"}, "minimum": "10"})
    >>> sums = Sums(tokens={"input": 1_000_000}, charged=8 * PICO_PER_UNIT)
    >>> result = of_period(terms, sums, fee=Fee(Decimal("0.02"), Decimal("0.25")))
    >>> [in_units(one, per_unit=PICO_PER_UNIT) for one in (
    ...     result.volume, result.discount, result.commitment)]
    [Decimal('-2'), Decimal('-0.3'), Decimal('4.3')]
    >>> result.fee_consumer, result.fee_provider  # 2 % of the 2 that are added
    (10000000000, 30000000000)
    """
    charged = Fraction(sums.charged, PICO_PER_UNIT)
    working: Working = [{"step": "charged", "amount": _money(charged)}]
    tiered = charged
    if terms.tiers is not None:
        rows = list(_tier_rows(terms.tiers, sums, charged))
        tiered = sum((amount for amount, _ in rows), Fraction(0))
        working += [row for _, row in rows]
        working.append({"step": "tiered", "amount": _money(tiered)})
    discount = _discount(terms, tiered, working)
    commitment = _commitment(terms, tiered + discount, working)
    amounts = [_pico(one) for one in (tiered - charged, discount, commitment)]
    fees = [
        nearest_whole(sum(amounts) * Fraction(fee.rate) * share)
        for share in (Fraction(fee.consumer_share), 1 - Fraction(fee.consumer_share))
    ]
    total = in_units(sum(amounts), per_unit=PICO_PER_UNIT)
    working.append({"step": "true_up", "amount": f"{total:f}"})
    return TrueUp(
        volume=amounts[0],
        discount=amounts[1],
        commitment=amounts[2],
        fee_consumer=fees[0],
        fee_provider=fees[1],
        working=working,
    )


def quantity(tiers: Tiers, sums: Sums) -> Fraction:
    """Return what the tiers measure: tokens of their classes, or the money charged."""
    if tiers.measure == "charged":
        return Fraction(sums.charged, PICO_PER_UNIT)
    return Fraction(sum(sums.tokens.get(name, 0) for name in tiers.classes))


def _tier_rows(
    tiers: Tiers, sums: Sums, charged: Fraction
) -> Iterator[tuple[Fraction, dict[str, str]]]:
    """Yield the amount of each step that is reached, with its row of the working."""
    for part in _parts(tiers, quantity(tiers, sums)):
        step = part.step
        row = {"step": "tier", "kind": tiers.kind, "measure": tiers.measure}
        if tiers.classes:
            row["classes"] = ", ".join(tiers.classes)
        row["quantity"] = _plain(part.quantity)
        if step.up_to is not None:
            row["up_to"] = f"{step.up_to:f}"
        if step.per_million_tokens is not None:
            amount = part.quantity * Fraction(step.per_million_tokens) / MILLION
            row["per_million_tokens"] = f"{step.per_million_tokens:f}"
        else:
            assert step.percent is not None, "a step has a price or a percentage"
            amount = charged * part.share * Fraction(step.percent / HUNDRED)
            row["percent"] = f"{step.percent:f}"
        yield amount, row | {"amount": _money(amount)}


def _parts(tiers: Tiers, measured: Fraction) -> list[_Part]:
    """Return how the quantity is divided among the steps; one step takes it if it is zero."""
    if tiers.block_tokens is not None:
        block = Fraction(tiers.block_tokens)
        measured = math.ceil(measured / block) * block
    if tiers.kind != "graduated" or measured <= 0:
        reached = next(
            step for step in tiers.steps if step.up_to is None or measured <= Fraction(step.up_to)
        )
        return [_Part(reached, measured, Fraction(1))]
    parts = []
    below = Fraction(0)
    for step in tiers.steps:
        ends = measured if step.up_to is None else min(measured, Fraction(step.up_to))
        parts.append(_Part(step, ends - below, (ends - below) / measured))
        if ends == measured:
            break
        below = ends
    return parts


def _discount(terms: VolumeTerms, tiered: Fraction, working: Working) -> Fraction:
    """Return what is taken off, at the highest threshold that the tiered price lies above."""
    reached = [one for one in terms.discount if tiered > one.above]
    if not reached:
        return Fraction(0)
    taken = -tiered * Fraction(reached[-1].percent / HUNDRED)
    working.append(
        {
            "step": "discount",
            "above": f"{reached[-1].above:f}",
            "percent": f"{reached[-1].percent:f}",
            "amount": _money(taken),
        }
    )
    return taken


def _commitment(terms: VolumeTerms, reduced: Fraction, working: Working) -> Fraction:
    """Return what is missing to the minimum."""
    if terms.minimum is None:
        return Fraction(0)
    missing = max(Fraction(0), Fraction(terms.minimum) - reduced)
    working.append({"step": "minimum", "minimum": f"{terms.minimum:f}", "amount": _money(missing)})
    return missing


def _pico(amount: Fraction) -> int:
    return nearest_whole(amount * PICO_PER_UNIT)


def _money(amount: Fraction) -> str:
    """Return an amount to be read, to the pico-unit; what is booked is rounded on its own."""
    return f"{in_units(_pico(amount), per_unit=PICO_PER_UNIT):f}"


def _plain(number: Fraction) -> str:
    return str(number.numerator) if number.denominator == 1 else _money(number)
