"""Sums of what usage takes and costs, in whole sub-units: tokens times rates, exact. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Final

from ledger.pricing.figures import PerClass
from ledger.pricing.quoting.comparing import Spent
from ledger.quantities import (
    EXACT,
    MICROJOULES_PER_JOULE,
    NANOGRAMS_PER_GRAM,
    NANOSECONDS_PER_SECOND,
    PICO_PER_UNIT,
)
from ledger.tokens import TOKEN_CLASSES

COST: Final = ("compute", "energy", "green", "scarcity")
UNITS: Final[Mapping[str, int]] = {
    "nanoseconds": NANOSECONDS_PER_SECOND,
    "microjoules": MICROJOULES_PER_JOULE,
    "nanograms": NANOGRAMS_PER_GRAM,
    "nanolitres": 10**9,
}
"""Sub-units in a unit, by the last word of a component's name; what has none of them is money."""


class ClassWithoutRate(Exception):
    """There are tokens of a class that has no rate: unknown, not free."""

    def __init__(self, token_class: str) -> None:
        self.token_class = token_class
        super().__init__(token_class)


@dataclass(frozen=True, slots=True)
class Amounts:
    """What some usage takes and costs: whole sub-units by component, divided by `parts`.

    Money is in pico-units of one currency. `parts` is 1, but where usage is spread over several
    quarter hours: then the sums are those of all of them, and the amounts are their mean.
    """

    sums: Mapping[str, int]
    parts: int = 1

    def of(self, component: str) -> Decimal:
        """Return an amount in units: money, joules, grams, seconds."""
        with localcontext(EXACT):
            return Decimal(self.sums[component]) / (per_unit(component) * self.parts)

    def of_or_none(self, component: str) -> Decimal | None:
        """Return an amount in units; None of what is only reported, where it is not known."""
        return self.of(component) if component in self.sums else None

    def beside(self, others: Mapping[str, int]) -> "Amounts":
        """Return the amounts with others beside them."""
        return Amounts({**self.sums, **others}, self.parts)

    @property
    def spent(self) -> Spent:
        """Return the cost without scarcity."""
        with localcontext(EXACT):
            return Spent(self.of("compute"), self.of("energy") + self.of("green"))

    def less(self, other: "Amounts") -> "Amounts":
        """Return what there is more here than in `other`, by the components that both know."""
        assert self.parts == other.parts, "amounts of as many quarter hours"
        return Amounts(
            {
                name: amount - other.sums[name]
                for name, amount in self.sums.items()
                if name in other.sums
            },
            self.parts,
        )


def per_unit(component: str) -> int:
    """Return how many of a component's sub-units make a unit.

    >>> per_unit("energy_microjoules"), per_unit("compute") == PICO_PER_UNIT
    (1000000, True)
    """
    return UNITS.get(component.rpartition("_")[2], PICO_PER_UNIT)


def products(*, tokens: Sequence[int], figures: Mapping[str, PerClass]) -> Amounts:
    """Multiply tokens, in the order of TOKEN_CLASSES, by rates per token.

    :raises ClassWithoutRate: if a class of which there are tokens has no rate.

    >>> rates = {"compute": [3, None, None, None, 5, None, None, None, None]}
    >>> products(tokens=[10, 0, 0, 0, 2, 0, 0, 0, 0], figures=rates).sums
    {'compute': 40}
    """
    sums = {}
    for component, rates in figures.items():
        total = 0
        for name, count, rate in zip(TOKEN_CLASSES, tokens, rates, strict=True):
            if not count:
                continue
            if rate is None:
                raise ClassWithoutRate(name)
            total += count * rate
        sums[component] = total
    return Amounts(sums)


def known_products(tokens: Sequence[int], reported: Mapping[str, PerClass]) -> dict[str, int]:
    """Return what tokens take of what is only reported, where every class of them has a rate."""
    found: dict[str, int] = {}
    for component, rates in reported.items():
        try:
            found |= products(tokens=tokens, figures={component: rates}).sums
        except ClassWithoutRate:
            continue  # unknown, and not asked for: it is left out
    return found


def mean(several: Iterable[Amounts]) -> Amounts:
    """Return the mean of amounts of single quarter hours.

    >>> both = [Amounts({"compute": 3}), Amounts({"compute": 4})]
    >>> mean(both).sums, mean(both).parts
    ({'compute': 7}, 2)
    """
    collected = list(several)
    return Amounts(total(collected).sums, len(collected))


def total(several: Iterable[Amounts]) -> Amounts:
    """Return the sums of amounts, by the components that all of them know; of none, nothing."""
    sums: dict[str, int] = {}
    for index, one in enumerate(several):
        assert one.parts == 1, "sums are made of sums"
        known = one.sums if not index else sums.keys() & one.sums.keys()
        sums = {component: sums.get(component, 0) + one.sums[component] for component in known}
    return Amounts(sums)
