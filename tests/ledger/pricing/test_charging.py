"""How a price is told: the written formula works out to the price that the rate holds."""

import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from ledger.pricing import charging

MONEY = Decimal("0.000003")
COST_PLUS = {"kind": "cost_plus", "margin": "0.2"}
LIST = {"kind": "list", "per_million_tokens": {"input": "4"}}
TIERS = {"service_tiers": {"batch": {"factor": "0.5"}}}


def both(charged: str) -> dict[str, Any]:
    return {
        "kind": "both",
        "charged": charged,
        "cost_plus": {"margin": "0.2"},
        "list": {"per_million_tokens": {"input": "4"}},
    }


def told(terms: dict[str, Any], *, name: str = "input", **use: Any) -> charging.Made | None:
    """Return how a price in USD is made by a card in CNY."""
    price = {
        "currency": "USD",
        "fx": {"CNY": {"rate": "0.14"}},
        "terms": {},
        "rate_card": {"currency": "CNY", "terms": terms},
        **use,
    }
    return charging.charged(price, name, MONEY)


def worked_out(formula: str) -> Fraction:
    """Return what a formula of numbers, products, quotients and sums in brackets comes to."""
    plain = re.sub(r"[0-9.]+", lambda found: f"Fraction('{found[0]}')", formula.replace("×", "*"))
    return eval(plain, {"Fraction": Fraction})  # type: ignore[no-any-return]  # noqa: S307 - ours


class TestCharged:
    @pytest.mark.parametrize(
        ("terms", "use", "words", "per_million"),
        [
            (COST_PLUS, {}, "cost × (1 + margin)", "3.6"),
            (
                COST_PLUS | TIERS,
                {"service_tier": "batch"},
                "cost × (1 + margin) × factor",
                "1.8",
            ),
            (
                COST_PLUS | {"cap": {"input": "20"}},
                {},
                "cap per million / 1,000,000 × exchange rate",
                "2.8",
            ),
            (
                COST_PLUS | {"floor": {"input": "30"}},
                {},
                "floor per million / 1,000,000 × exchange rate",
                "4.2",
            ),
            (LIST, {}, "list price per million / 1,000,000 × exchange rate", "0.56"),
            (
                LIST | TIERS,
                {"service_tier": "batch"},
                "list price of tier and period per million / 1,000,000 × exchange rate",
                "0.28",
            ),
            (
                both("lower"),
                {},
                "the lower of two prices: list price per million / 1,000,000 × exchange rate",
                "0.56",
            ),
            (both("higher"), {}, "the higher of two prices: cost × (1 + margin)", "3.6"),
            (both("cost_plus"), {}, "cost × (1 + margin)", "3.6"),
        ],
    )
    def test_tells_a_formula_that_works_out(
        self, terms: dict[str, Any], use: dict[str, Any], words: str, per_million: str
    ) -> None:
        made = told(terms, **use)

        assert made is not None
        assert made.words == words
        assert made.exact == Decimal(per_million) / 1_000_000
        assert worked_out(made.filled) == Fraction(per_million) / 1_000_000

    def test_tells_nothing_of_a_class_that_the_list_leaves_out(self) -> None:
        assert told(LIST, name="output") is None
        assert told(both("lower"), name="output") is None
