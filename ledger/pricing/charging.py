"""How a card and an agreement make the price of a token: in words, in numbers, exactly. Pure."""

from collections.abc import Mapping
from decimal import Decimal, localcontext
from typing import Any, Final, NamedTuple

from ledger.pricing import figures
from ledger.pricing.terms import TOKENS_PER_QUOTE, Charged, CostPlus, ListPrice
from ledger.quantities import EXACT, significant

DIGITS: Final = 12
BY_TIER_AND_PERIOD: Final = frozenset({"service_tier", "price_period"})


class Made(NamedTuple):
    """A price: its formula in words and in numbers, and the exact amount per token."""

    words: str
    filled: str
    exact: Decimal


def charged(price: Mapping[str, Any], name: str, money: Decimal) -> Made | None:
    """Return how the price of a class is made from its cost `money`; None if it has no price.

    `price` are the inputs of a price rate, and the cost is in the agreement's currency.
    """
    terms = figures.terms_of(price)
    rate = figures.exchange_rate(price, price["rate_card"]["currency"])
    if isinstance(terms, CostPlus):
        return _cost_plus(terms, name, money, rate)
    if isinstance(terms, ListPrice):
        return _listed(terms, price, name, rate)
    made = _cost_plus(terms.cost_plus, name, money, rate)
    listed = _listed(terms.listed, price, name, rate)
    if terms.charged is Charged.COST_PLUS:
        return made
    if listed is None or terms.charged is Charged.LIST:
        return listed
    pick = max if terms.charged is Charged.HIGHER else min
    chosen = pick(made, listed, key=lambda one: one.exact)
    return chosen._replace(words=f"the {terms.charged} of two prices: {chosen.words}")


def _cost_plus(terms: CostPlus, name: str, money: Decimal, rate: Decimal) -> Made:
    with localcontext(EXACT):
        exact = money * (1 + terms.margin) * terms.factor
        bounds = {
            "floor": terms.floor_per_token.get(name),
            "cap": terms.cap_per_token.get(name),
        }
        for word, bound in bounds.items():
            if bound is None:
                continue
            limit = bound * rate
            if limit > exact if word == "floor" else limit < exact:
                return _per_million(f"{word} per million / 1,000,000", bound, rate)
    words, filled = "cost × (1 + margin)", f"{_written(money)} × (1 + {_written(terms.margin)})"
    if terms.factor != 1:
        words, filled = f"{words} × factor", f"{filled} × {_written(terms.factor)}"
    return Made(words, filled, exact)


def _listed(terms: ListPrice, price: Mapping[str, Any], name: str, rate: Decimal) -> Made | None:
    listed = terms.price_per_token.get(name)
    if listed is None:
        return None
    by = " of tier and period" if BY_TIER_AND_PERIOD & price.keys() else ""
    return _per_million(f"list price{by} per million / 1,000,000", listed, rate)


def _per_million(words: str, per_token: Decimal, rate: Decimal) -> Made:
    with localcontext(EXACT):
        filled = f"{_written(per_token * TOKENS_PER_QUOTE)} / {TOKENS_PER_QUOTE}"
        if rate != 1:
            words, filled = f"{words} × exchange rate", f"{filled} × {_written(rate)}"
        return Made(words, filled, per_token * rate)


def _written(value: Decimal) -> str:
    return significant(value, digits=DIGITS)
