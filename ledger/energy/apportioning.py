"""Whole units divided over parties so that the parts are the whole. Pure."""

from collections.abc import Mapping
from fractions import Fraction


def apportion(total: int, *, weights: Mapping[str, int]) -> dict[str, int]:
    """Divide whole units in proportion to weights, by largest remainder; equally if all are zero.

    Of equal remainders the name that sorts first gets the unit. A negative total is divided as the
    positive one, with its sign. No part is further than one unit from its exact share.

    >>> apportion(100, weights={"a": 1, "b": 1, "c": 1})
    {'a': 34, 'b': 33, 'c': 33}
    >>> apportion(-7, weights={"a": 3, "b": 1})
    {'a': -5, 'b': -2}
    """
    assert weights, "something is divided over somebody"
    assert min(weights.values()) >= 0, "a weight is an amount of something"
    names = sorted(weights)
    even = not any(weights.values())
    of = {name: 1 if even else weights[name] for name in names}
    sign = -1 if total < 0 else 1
    whole = sum(of.values())
    exact = {name: Fraction(abs(total) * of[name], whole) for name in names}
    parts = {name: int(share) for name, share in exact.items()}
    left = abs(total) - sum(parts.values())
    for name in sorted(names, key=lambda name: (parts[name] - exact[name], name))[:left]:
        parts[name] += 1
    return {name: sign * parts[name] for name in names}
