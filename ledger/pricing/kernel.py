"""Token columns times rates, in int64 and exact. Pure: NumPy and nothing else.

NumPy wraps silently where an integer grows too large, so every product and sum is bounded in
Python's integers before it is made; what could wrap takes the exact way. No float is involved.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ledger.quantities import INT64_MAX

Integers = npt.NDArray[np.int64]
Magnitudes = npt.NDArray[np.uint64]

HALF_BITS: Final = 32
LOW_HALF: Final = 2**HALF_BITS - 1


@dataclass(frozen=True, slots=True)
class Amounts:
    """Whole sub-units per component and event, values[component, event].

    Where an amount of an event is beyond int64, `out_of_range` says so and all its values are 0.
    """

    values: Integers
    out_of_range: npt.NDArray[np.bool_]


def amounts(*, counts: Sequence[Integers], rates: Integers, row: npt.NDArray[np.intp]) -> Amounts:
    """Multiply each event's tokens by its row of rates and add up the classes.

    `counts` are columns by token class; `rates[component, class, row]` are sub-units per token,
    of either sign; `row` picks each event's row. An amount counts as beyond int64 where its
    negative would be too: a reversal must be able to carry it.

    >>> tokens = [np.array([800, 1]), np.array([500, 0])]
    >>> per_token = np.array([[[4, 5], [10, 20]]])
    >>> amounts(counts=tokens, rates=per_token, row=np.array([0, 1])).values
    array([[8200,    5]])
    """
    events = len(row)
    out_of_range = np.zeros(events, dtype=np.bool_)
    classes = [position for position, column in enumerate(counts) if column.any()]
    if not classes:
        return Amounts(np.zeros((rates.shape[0], events), dtype=np.int64), out_of_range)
    table, row = _used_rows(rates, row)
    if _stays_in_range(counts, table, classes):
        return Amounts(_products(counts, table, row, classes), out_of_range)
    suspicious = np.flatnonzero(_suspicious(counts, table, row, classes))
    safe_counts = list(counts)
    for position in classes:
        safe_counts[position] = counts[position].copy()
        safe_counts[position][suspicious] = 0
    values = _products(safe_counts, table, row, classes)
    for event in suspicious:
        exact = _exact_amounts(counts, table, int(row[event]), int(event))
        if max(map(abs, exact)) > INT64_MAX:
            out_of_range[event] = True
        else:
            values[:, event] = exact
    return Amounts(values, out_of_range)


def group_sums(
    *, values: Integers, groups: npt.NDArray[np.intp], group_count: int
) -> list[list[int]]:
    """Return the exact sums as Python integers, by component and group.

    `values[component, event]`; `groups` holds each event's group, 0 to group_count - 1.

    >>> group_sums(values=np.array([[1, 2, 4]]), groups=np.array([1, 0, 1]), group_count=3)
    [[2, 5, 0]]
    """
    if not len(groups):
        return [[0] * group_count for _ in values]
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    starts = np.concatenate([[0], np.flatnonzero(np.diff(ordered)) + 1])
    present = ordered[starts].tolist()
    largest_group = int(np.diff(starts, append=len(ordered)).max())
    return [
        _spread(_sums(column[order], starts, largest_group), present, group_count)
        for column in values
    ]


def _used_rows(rates: Integers, row: npt.NDArray[np.intp]) -> tuple[Integers, npt.NDArray[np.intp]]:
    """Return the rows in use and where each event finds its own: other rows bound nothing."""
    used = np.zeros(rates.shape[2], dtype=np.bool_)
    used[row] = True
    position = np.cumsum(used) - 1
    return rates[:, :, used], position[row]


def _stays_in_range(counts: Sequence[Integers], table: Integers, classes: list[int]) -> bool:
    """Say whether no amount can leave int64, by the largest rate and count of each class."""
    bound = sum(
        int(_magnitudes(table[:, position]).max()) * int(_magnitudes(counts[position]).max())
        for position in classes
    )
    return bound <= INT64_MAX


def _products(
    counts: Sequence[Integers], table: Integers, row: npt.NDArray[np.intp], classes: list[int]
) -> Integers:
    """Return the sums of products, which the caller has bounded."""
    values = np.zeros((table.shape[0], len(row)), dtype=np.int64)
    for position in classes:
        by_row = np.ascontiguousarray(table[:, position])
        for component, per_row in enumerate(by_row):
            if per_row.any():
                values[component] += per_row[row] * counts[position]
    return values


def _suspicious(
    counts: Sequence[Integers], table: Integers, row: npt.NDArray[np.intp], classes: list[int]
) -> npt.NDArray[np.bool_]:
    """Return which events might leave int64: a class takes more than its share of the range."""
    share = np.uint64(INT64_MAX // len(classes))
    suspicious = np.zeros(len(row), dtype=np.bool_)
    for position in classes:
        largest = _magnitudes(table[:, position]).max(axis=0)
        most_tokens = share // np.maximum(largest, np.uint64(1))
        suspicious |= _magnitudes(counts[position]) > most_tokens[row]
    return suspicious


def _exact_amounts(counts: Sequence[Integers], table: Integers, row: int, event: int) -> list[int]:
    tokens = [int(column[event]) for column in counts]
    return [
        sum(int(rate) * count for rate, count in zip(by_class, tokens, strict=True))
        for by_class in table[:, :, row]
    ]


def _magnitudes(integers: Integers) -> Magnitudes:
    """Return absolute values; as unsigned, so that the lowest int64 has one too."""
    return np.abs(integers).view(np.uint64)


def _sums(column: Integers, starts: npt.NDArray[np.intp], largest_group: int) -> list[int]:
    """Return the sum of each run of the column; where it might wrap, of its two halves."""
    if int(_magnitudes(column).max()) * largest_group <= INT64_MAX:
        return _integers(np.add.reduceat(column, starts))
    high = _integers(np.add.reduceat(column >> HALF_BITS, starts))
    low = _integers(np.add.reduceat(column & LOW_HALF, starts))
    return [(upper << HALF_BITS) + lower for upper, lower in zip(high, low, strict=True)]


def _integers(column: Integers) -> list[int]:
    return [int(value) for value in column]


def _spread(sums: list[int], present: list[int], group_count: int) -> list[int]:
    spread = [0] * group_count
    for group, total in zip(present, sums, strict=True):
        spread[group] = total
    return spread
