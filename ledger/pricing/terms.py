"""What a provider asks for a token: its cost and a margin on it, or a list price. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any, Final

from ledger.errors import LedgerError
from ledger.pricing import documents
from ledger.pricing.profile import CLASS_PHASES
from ledger.quantities import EXACT

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


@dataclass(frozen=True, slots=True)
class CostPlus:
    """Cost times (1 + margin), held between a floor and a cap per token where they are named."""

    margin: Decimal
    floor_per_token: PerToken
    cap_per_token: PerToken


@dataclass(frozen=True, slots=True)
class ListPrice:
    """A stated price per token; a class that is not named has none, which is not zero."""

    price_per_token: PerToken


Terms = CostPlus | ListPrice


def terms_from_document(document: object) -> Terms:
    """Return the terms of a rate card version from its plain data.

    :raises InvalidTerms: if a field is missing, misspelt or out of range.

    >>> listed = terms_from_document({"kind": "list", "per_million_tokens": {"output": "2.19"}})
    >>> listed.price_per_token
    {'output': Decimal('0.00000219')}
    """
    if not isinstance(document, Mapping):
        raise InvalidTerms("/terms", "is not a mapping")
    kind = document.get("kind")
    if kind == "cost_plus":
        return _cost_plus(document)
    if kind == "list":
        return _list_price(document)
    raise InvalidTerms("/terms/kind", f"{kind!r} is neither cost_plus nor list")


def _cost_plus(document: Mapping[str, Any]) -> CostPlus:
    _only(document, {"kind", "margin", "floor", "cap"})
    try:
        margin = documents.number(document.get("margin"))
    except ValueError as error:
        raise InvalidTerms("/terms/margin", str(error)) from error
    if margin < -1:
        raise InvalidTerms("/terms/margin", "is below -1, which would make prices negative")
    floor, cap = _per_token(document, "floor"), _per_token(document, "cap")
    for name in floor.keys() & cap.keys():
        if floor[name] > cap[name]:
            raise InvalidTerms(f"/terms/floor/{name}", "is above the cap")
    return CostPlus(margin=margin, floor_per_token=floor, cap_per_token=cap)


def _list_price(document: Mapping[str, Any]) -> ListPrice:
    _only(document, {"kind", "per_million_tokens"})
    prices = _per_token(document, "per_million_tokens")
    if not prices:
        raise InvalidTerms("/terms/per_million_tokens", "names no price")
    return ListPrice(price_per_token=prices)


def _only(document: Mapping[str, Any], allowed: set[str]) -> None:
    try:
        documents.only_fields(document, allowed)
    except ValueError as error:
        raise InvalidTerms("/terms", str(error)) from error


def _per_token(document: Mapping[str, Any], field: str) -> dict[str, Decimal]:
    quoted = document.get(field) or {}
    if not isinstance(quoted, Mapping):
        raise InvalidTerms(f"/terms/{field}", "is not a mapping of token classes")
    prices = {}
    for name, price in quoted.items():
        pointer = f"/terms/{field}/{name}"
        if name not in CLASS_PHASES:
            raise InvalidTerms(pointer, f"is no class with a rate: {', '.join(CLASS_PHASES)}")
        try:
            with localcontext(EXACT):
                prices[str(name)] = documents.not_negative(price) / TOKENS_PER_QUOTE
        except ValueError as error:
            raise InvalidTerms(pointer, str(error)) from error
    return prices
