"""What a provider asks for a token in one use: cost and a margin, a list price, or both. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from enum import StrEnum
from typing import Final

from ledger.errors import LedgerError
from ledger.pricing import documents
from ledger.quantities import EXACT
from ledger.tokens import TOKEN_CLASSES

TOKENS_PER_QUOTE: Final = 1_000_000
"""Documents state prices per million tokens, as everyone does."""

PerToken = Mapping[str, Decimal]
"""Money of the rate card's currency per token, by token class."""


class InvalidTerms(LedgerError):
    """The terms of a rate card do not say how to make a price."""

    problem = "invalid-terms"

    def __init__(self, pointer: str, detail: str) -> None:
        self.pointer = pointer
        self.detail = detail
        super().__init__(f"{pointer}: {detail}")


class Charged(StrEnum):
    """Which of two prices is charged where a card makes both."""

    LIST = "list"
    COST_PLUS = "cost_plus"
    HIGHER = "higher"
    LOWER = "lower"


@dataclass(frozen=True, slots=True)
class CostPlus:
    """Cost times (1 + margin) times a factor, held between a floor and a cap per token."""

    margin: Decimal
    floor_per_token: PerToken
    cap_per_token: PerToken
    factor: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class ListPrice:
    """A stated price per token; a class that is not named has none, which is not zero."""

    price_per_token: PerToken


@dataclass(frozen=True, slots=True)
class Both:
    """Two prices side by side; a class that the list leaves out has no price under `charged`.

    Only where cost plus is charged a list may leave a class out.
    """

    charged: Charged
    cost_plus: CostPlus
    listed: ListPrice


Terms = CostPlus | ListPrice | Both


def per_token(document: Mapping[str, object], field: str, *, pointer: str) -> dict[str, Decimal]:
    """Return the prices per token of a field that states them per million tokens, by class.

    :raises InvalidTerms: if a class is none, or a price inexact or below zero.
    """
    quoted = document.get(field) or {}
    if not isinstance(quoted, Mapping):
        raise InvalidTerms(f"{pointer}/{field}", "is not a mapping of token classes")
    prices = {}
    for name, price in quoted.items():
        at = f"{pointer}/{field}/{name}"
        if name not in TOKEN_CLASSES:
            raise InvalidTerms(at, f"is no token class: {', '.join(TOKEN_CLASSES)}")
        try:
            with localcontext(EXACT):
                prices[str(name)] = documents.not_negative(price) / TOKENS_PER_QUOTE
        except ValueError as error:
            raise InvalidTerms(at, str(error)) from error
    return prices
