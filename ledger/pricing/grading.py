"""How far a cost can be trusted: the share of it that rests on figures of each grade. Pure.

A component rests on several figures, and is as weak as the weakest of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, localcontext
from typing import Any, Final

from ledger.pricing import scarcity
from ledger.pricing.bounds import InvalidCostInput
from ledger.quantities import EXACT, in_units, round_half_even

WEAKEST_LAST: Final = "OMPDI"
"""Official, measured, policy, derived, illustrative."""

UNKNOWN: Final = "I"
"""A figure without provenance is trusted no more than an illustrative one."""

RESTS_ON: Final[Mapping[str, tuple[str, ...]]] = {
    "compute": ("profile", "terms", "gpu_hour"),
    "energy": ("profile", "terms", "pue", "electricity"),
    "green": ("profile", "terms", "pue", "green"),
    "scarcity": ("profile", "terms", "gpu_hour", "scarcity"),
}
"""The parts of a slot rate's inputs that enter each component; a part that is not stated does not.

What an agreement and a rate card say is agreed, not estimated, and has no grade.
"""

PARTS: Final = tuple(dict.fromkeys(part for parts in RESTS_ON.values() for part in parts))
MILLIONTHS: Final = 1_000_000
"""Shares are stored as whole millionths, which add up to one."""

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


def of_parts(inputs: Mapping[str, Any], *, grade_of: Mapping[str, str]) -> dict[str, str]:
    """Return the grade of each part of a slot rate's inputs that enters its cost.

    A part is as weak as the weakest that it names, its exchange rate among them.
    """
    return {
        part: weakest(grade_of.get(code, UNKNOWN) for code in (_part_codes(inputs, part) or {""}))
        for part in PARTS
        if part in inputs
    }


def grades(inputs: Mapping[str, Any], *, grade_of: Mapping[str, str]) -> dict[str, str]:
    """Return the grade of each component of the cost; `grade_of` is by provenance code."""
    found = of_parts(inputs, grade_of=grade_of)
    return {
        component: weakest(
            found[part] for part in (*parts, *_of_all(inputs, component)) if part in found
        )
        for component, parts in RESTS_ON.items()
    }


def _of_all(inputs: Mapping[str, Any], component: str) -> tuple[str, ...]:
    """Return what scarcity rests on as well where its policy applies to all of the cost."""
    policy = inputs.get("scarcity") or {}
    if component != "scarcity" or policy.get("terms", {}).get("applies_to") != scarcity.ALL:
        return ()
    return (*RESTS_ON["energy"], *RESTS_ON["green"])


def is_worse(grade: str, other: str) -> bool:
    """Say whether a grade is trusted less than another."""
    return WEAKEST_LAST.index(grade) > WEAKEST_LAST.index(other)


def check_least(grade: object) -> None:
    """Refuse a least grade that is none.

    :raises InvalidCostInput: if so.
    """
    if grade is not None and grade not in tuple(WEAKEST_LAST):
        raise InvalidCostInput("least_grade", grade, "one of O, M, P, D, I")


def millionths(
    figures: Mapping[str, Sequence[int | None]], *, graded: Mapping[str, str]
) -> list[int]:
    """Return the millionths of a cost that rest on each grade, strongest first; they add up.

    `figures` are whole sub-units per class of each component. One token of every class that has a
    rate is weighed, each component by its absolute value: a credit for electricity is trusted no
    more than a charge. What is left over by cutting goes to the largest remainders, of equal ones
    to the weaker grade. A cost of nothing is of the weakest grade that it would rest on.

    >>> figures = {"compute": [2, None], "energy": [-1, None]}
    >>> millionths(figures, graded={"compute": "I", "energy": "O"})
    [333333, 0, 0, 0, 666667]
    """
    carried = dict.fromkeys(WEAKEST_LAST, 0)
    for component, grade in graded.items():
        carried[grade] += sum(abs(rate) for rate in figures[component] if rate is not None)
    whole = sum(carried.values())
    if whole == 0:
        worst = weakest(graded.values())
        return [MILLIONTHS if grade == worst else 0 for grade in WEAKEST_LAST]
    cut = {grade: divmod(cost * MILLIONTHS, whole) for grade, cost in carried.items()}
    left = MILLIONTHS - sum(share for share, _ in cut.values())
    order = sorted(cut, key=lambda grade: (cut[grade][1], WEAKEST_LAST.index(grade)), reverse=True)
    favoured = set(order[:left])
    return [cut[grade][0] + (grade in favoured) for grade in WEAKEST_LAST]


def by_grade(shares_in_millionths: Sequence[int] | None) -> dict[str, Decimal]:
    """Return the share of each grade that carries any, strongest first; of none there are none.

    >>> by_grade([333333, 0, 0, 0, 666667])
    {'O': Decimal('0.333333'), 'I': Decimal('0.666667')}
    """
    return {
        grade: in_units(share, per_unit=MILLIONTHS)
        for grade, share in zip(WEAKEST_LAST, shares_in_millionths or (), strict=False)
        if share
    }


def overall(shares_in_millionths: Sequence[int]) -> str:
    """Return the grade of a cost: counted from the strongest, the one that reaches one half.

    >>> overall([333333, 0, 0, 0, 666667]), overall([500000, 0, 0, 0, 500000])
    ('I', 'O')
    """
    reached = 0
    for grade, share in zip(WEAKEST_LAST, shares_in_millionths, strict=True):
        reached += share
        if reached * 2 >= MILLIONTHS:
            return grade
    raise AssertionError("shares add up to one")


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


def _part_codes(inputs: Mapping[str, Any], part: str) -> set[str]:
    """Return the provenances that a part names; nothing stands for a figure without one."""
    stated = inputs[part]
    codes = _codes(stated)
    if not stated.get("provenance"):
        codes = codes | {""}
    rate = (inputs.get("fx") or {}).get(stated.get("currency"))
    return codes | ({rate.get("provenance") or ""} if rate else set())
