"""What moving usage from one site to another saves, and from where on it no longer does. Pure.

Cost is linear in the price of a GPU-hour, and dearer by what its grams cost where carbon has a
price. So the turning points are closed forms, and nothing here searches:

    saving of x at a GPU-hour price g     ((e1 - e2) / x - e1) / a
    as cheap there at a GPU-hour price    g + (e1 - e2) / a
    as dear as each other at              (c2 - c1) / (m1 - m2) per gram

with `a` for what the usage costs per unit of the GPU-hour's price (the same at both sites), `e` for
energy and certificates at each, `c` for the cost and `m` for the grams of CO2.
"""

from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Final

from ledger.quantities import EXACT

PERCENT: Final = 100
GRAMS_PER_TONNE: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Spent:
    """What usage costs at a site, without scarcity: compute, and all beside it; in one currency."""

    compute: Decimal
    beside: Decimal

    @property
    def cost(self) -> Decimal:
        """Return both together."""
        with localcontext(EXACT):
            return self.compute + self.beside


@dataclass(frozen=True, slots=True)
class GpuHourTurn:
    """At which price of a GPU-hour a move saves a wanted share of the cost; None if at none.

    Below it the move saves more, above it less. `as_cheap_there` is the price of a GPU-hour at the
    other site, and there only, at which both cost the same.
    """

    price: Decimal | None
    as_cheap_there: Decimal | None


@dataclass(frozen=True, slots=True)
class CarbonTurn:
    """At which price of a tonne of CO2 two sites cost the same; None if at none above zero.

    `below` and `above` say of the two sides which is cheaper: the first, the second or neither.
    """

    per_tonne: Decimal | None
    below: str
    above: str


FIRST: Final = "first"
SECOND: Final = "second"
NEITHER: Final = "neither"


def percent_saved(*, before: Decimal, after: Decimal) -> Decimal | None:
    """Return by how many percent `after` is less than `before`; None of nothing, or of a gain.

    >>> percent_saved(before=Decimal(80), after=Decimal(60))
    Decimal('25')
    """
    if before <= 0:
        return None
    with localcontext(EXACT):
        return (before - after) * PERCENT / before


def gpu_hour_turn(
    *, here: Spent, there: Spent, gpu_hour_price: Decimal, share: Decimal
) -> GpuHourTurn:
    """Return at which GPU-hour price moving from here to there saves `share` of the cost.

    `gpu_hour_price` is what both figures were made with, in its own currency; so is the answer.

    >>> gpu_hour_turn(
    ...     here=Spent(Decimal(100), Decimal(20)),
    ...     there=Spent(Decimal(100), Decimal(10)),
    ...     gpu_hour_price=Decimal(10),
    ...     share=Decimal("0.05"),
    ... )
    GpuHourTurn(price=Decimal('18'), as_cheap_there=Decimal('11'))
    """
    assert 0 < share < 1, "a share of the cost"
    if gpu_hour_price <= 0 or here.compute <= 0:
        return GpuHourTurn(None, None)
    with localcontext(EXACT):
        per_unit = here.compute / gpu_hour_price
        gap = here.beside - there.beside
        price = (gap / share - here.beside) / per_unit
        level = gpu_hour_price + gap / per_unit
    return GpuHourTurn(
        price=price if gap > 0 and price >= 0 else None,
        as_cheap_there=level if level >= 0 else None,
    )


def carbon_turn(*, costs: tuple[Decimal, Decimal], grams: tuple[Decimal, Decimal]) -> CarbonTurn:
    """Return at which price of carbon the first and the second side cost the same.

    >>> carbon_turn(costs=(Decimal(10), Decimal(12)), grams=(Decimal(500), Decimal(400)))
    CarbonTurn(per_tonne=Decimal('20000.00'), below='first', above='second')
    """
    cheaper = _less(*costs)
    cleaner = _less(*grams)
    if cleaner in (NEITHER, cheaper):
        return CarbonTurn(None, cheaper, cheaper)
    if cheaper == NEITHER:
        return CarbonTurn(None, cleaner, cleaner)
    with localcontext(EXACT):
        per_tonne = (costs[1] - costs[0]) / (grams[0] - grams[1]) * GRAMS_PER_TONNE
    return CarbonTurn(per_tonne, cheaper, cleaner)


def _less(first: Decimal, second: Decimal) -> str:
    if first == second:
        return NEITHER
    return FIRST if first < second else SECOND
