"""From the cost of a token to its price and fee, step by step. Pure.

The second half of a derivation: `derivation.py` tells how the cost comes about.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, localcontext
from typing import Any

from ledger.pricing import charging, figures
from ledger.pricing.cost import TokenCost
from ledger.pricing.derivation import Step, in_currency, written
from ledger.pricing.profile import CLASS_PHASES
from ledger.quantities import EXACT, PICO_PER_UNIT, in_units
from ledger.tokens import TOKEN_CLASSES


def charge(
    price: Mapping[str, Any],
    *,
    slot: Mapping[str, Any],
    rates: Mapping[str, Sequence[int | None]],
    token_classes: Iterable[str],
) -> list[Step]:
    """Return the steps from the cost of a token to its price and fee, of each class.

    `rates` are those of the price rate; they stand beside what is computed from its terms.
    """
    costs = figures.exact_costs(slot)
    steps = []
    for name in token_classes:
        stored = rates["price"][TOKEN_CLASSES.index(name)]
        phase = CLASS_PHASES.get(name)
        if stored is None or phase not in costs:
            continue
        steps += _charged(
            price, slot, (name, costs[phase]), in_units(stored, per_unit=PICO_PER_UNIT)
        )
    return steps


def _charged(
    price: Mapping[str, Any],
    slot: Mapping[str, Any],
    of: tuple[str, TokenCost],
    stored: Decimal,
) -> list[Step]:
    name, cost = of
    words, currency = name.replace("_", " "), str(price["currency"])
    subject = f"a token of {words}"
    fx, foreign = in_currency(price, slot["currency"])
    with localcontext(EXACT):
        money = cost.money * fx
    parts = " + ".join(
        written(one) for one in (cost.compute, cost.energy, cost.green, cost.scarcity)
    )
    formula, filled, exact = _terms(price, name, money)
    fee_rate, consumer = (
        Decimal(price["terms"][field]) for field in ("fee_rate", "fee_consumer_share")
    )
    with localcontext(EXACT):
        fee = exact * fee_rate if exact is not None else stored * fee_rate
    return [
        Step(
            subject,
            "cost",
            "compute + energy + green + scarcity"
            if not foreign
            else "(compute + energy + green + scarcity) × exchange rate",
            parts if not foreign else f"({parts}) × {written(fx)}",
            money,
            currency,
            foreign,
        ),
        Step(
            subject,
            "price",
            f"{formula}, rounded to 12 decimals",
            filled if filled is not None else written(stored),
            stored,
            currency,
            ("rate_card", "terms"),
        ),
        Step(
            subject,
            "fee",
            f"price × fee rate; the consumer bears {written(consumer)} of it",
            f"{written(exact if exact is not None else stored)} × {written(fee_rate)}",
            fee,
            currency,
            ("terms",),
        ),
    ]


def _terms(
    price: Mapping[str, Any], name: str, money: Decimal
) -> tuple[str, str | None, Decimal | None]:
    """Return how the card makes the price of a class: in words, in numbers, and exactly."""
    made = charging.charged(price, name, money)
    return ("no price", None, None) if made is None else made
