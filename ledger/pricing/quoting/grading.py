"""How far a cost can be trusted: the share of it that rests on figures of each grade. Pure.

A component rests on several figures, and is as weak as the weakest of them.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal, localcontext
from typing import Any, Final

from ledger.quantities import EXACT, round_half_even

WEAKEST_LAST: Final = "OMPDI"
"""Official, measured, policy, derived, illustrative."""

UNKNOWN: Final = "I"
"""A figure without provenance is trusted no more than an illustrative one."""

RESTS_ON: Final[Mapping[str, tuple[str, ...]]] = {
    "compute": ("profile", "terms", "gpu_hour"),
    "energy": ("profile", "terms", "pue", "electricity"),
    "green": ("profile", "terms", "pue", "green"),
    "scarcity": ("profile", "terms", "gpu_hour"),
}
SHARE_DIGITS: Final = 6


def provenances(inputs: Mapping[str, Any]) -> dict[str, set[str]]:
    """Return the codes of the provenances that a slot rate's inputs name, by part."""
    return {part: _codes(value) for part, value in inputs.items() if isinstance(value, Mapping)}


def weakest(grades: Iterable[str]) -> str:
    """Return the grade that is trusted least; that of nothing is unknown.

    >>> weakest(["O", "D", "M"])
    'D'
    """
    return max(grades, key=WEAKEST_LAST.index, default=UNKNOWN)


def grades(inputs: Mapping[str, Any], *, grade_of: Mapping[str, str]) -> dict[str, str]:
    """Return the grade of each component of the cost; `grade_of` is by provenance code."""
    named = provenances(inputs)
    return {
        component: weakest(
            grade_of.get(code, UNKNOWN) for part in parts for code in (named.get(part) or {""})
        )
        for component, parts in RESTS_ON.items()
    }


def shares(costs: Mapping[str, Decimal], *, graded: Mapping[str, str]) -> dict[str, Decimal]:
    """Return the share of the cost that each grade carries, strongest first; six digits.

    Empty where there is no cost to share.

    >>> costs = {"compute": Decimal(3), "energy": Decimal(1)}
    >>> shares(costs, graded={"compute": "I", "energy": "O"})
    {'O': Decimal('0.250000'), 'I': Decimal('0.750000')}
    """
    with localcontext(EXACT):
        carried = {
            grade: sum((costs[name] for name in costs if graded[name] == grade), Decimal(0))
            for grade in WEAKEST_LAST
            if grade in {graded[name] for name in costs if costs[name]}
        }
        whole = sum(carried.values(), Decimal(0))
        if whole <= 0:
            return {}
        return {
            grade: round_half_even(cost / whole, digits=SHARE_DIGITS)
            for grade, cost in carried.items()
        }


def _codes(value: Any) -> set[str]:
    if not isinstance(value, Mapping):
        return set()
    found = {str(value["provenance"])} if value.get("provenance") else set()
    return found.union(*map(_codes, value.values()))
