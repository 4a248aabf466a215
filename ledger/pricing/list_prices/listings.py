"""Public list prices as the package genai-prices states them, made rows of our own. Pure.

A price that depends on the hour of the day is left out, and of prices that step with the length of
the prompt the first is taken: a reference has one figure for a class and a day. A model that is
free has no price. The package's objects are read as they are and never asked to reach the network.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from ledger.quantities import round_half_even

FROM_THE_BEGINNING: Final = date(1970, 1, 1)
DIGITS: Final = 12
CURRENCY: Final = "USD"
CLASSES: Final = {
    "input_mtok": ("input",),
    "cache_read_mtok": ("cache_read",),
    "cache_write_mtok": ("cache_write_5m", "cache_write_1h"),
    "output_mtok": ("output", "reasoning"),
}
"""The package's prices per million tokens, and the token classes that are charged by them."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a vendor asks for a million tokens of a class of a model, from a day on."""

    vendor: str
    model: str
    token_class: str
    valid_from: date
    price_per_million: Decimal


def listings(vendors: Iterable[Any]) -> list[Listing]:
    """Return the list prices of the package's providers, in their order."""
    return [
        Listing(vendor.id, model.id, token_class, valid_from, price)
        for vendor in vendors
        for model in vendor.models
        for valid_from, prices in _dated(model.prices)
        for field, classes in CLASSES.items()
        if (price := _price(getattr(prices, field, None))) is not None
        for token_class in classes
    ]


def same_model(name: str) -> str:
    """Return what two names of one model have in common: no vendor, no precision, no case.

    >>> same_model("Qwen/Qwen3-235B-A22B-Instruct-2507-FP8")
    'qwen3-235b-a22b-instruct-2507'
    >>> same_model("openrouter:meta-llama/llama-3.3-70b-instruct")
    'llama-3.3-70b-instruct'
    """
    last = name.rpartition("/")[2].lower().removesuffix("-turbo")
    for precision in ("-fp8", "-bf16", "-fp16", "-mxfp4", "-fp4", "-int8", "-awq"):
        last = last.removesuffix(precision)
    return last.removeprefix("meta-")


def _dated(prices: Any) -> Iterator[tuple[date, Any]]:
    """Return prices with the day from which they hold; those with an hour of the day are left."""
    for one in prices if isinstance(prices, list) else [None]:
        if one is None:
            yield FROM_THE_BEGINNING, prices
        elif one.constraint is None:
            yield FROM_THE_BEGINNING, one.prices
        elif hasattr(one.constraint, "start_date"):
            yield one.constraint.start_date, one.prices


def _price(stated: Any) -> Decimal | None:
    base = getattr(stated, "base", stated)
    return None if base is None else round_half_even(Decimal(base), digits=DIGITS)
