"""Columns times rates, against plain Python integers, up to and beyond the edges of int64."""

from collections.abc import Sequence
from random import Random

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from ledger.pricing import kernel
from ledger.tokens import TOKEN_CLASSES

CLASSES = len(TOKEN_CLASSES)
HIGHEST = 2**63 - 1
LOWEST = -(2**63)

Integers = npt.NDArray[np.int64]


def columns(*events: Sequence[int]) -> list[Integers]:
    """Return nine columns; what an event leaves out is zero."""
    table = np.zeros((CLASSES, len(events)), dtype=np.int64)
    for index, event in enumerate(events):
        table[: len(event), index] = event
    return list(table)


def rates_of(*rows: Sequence[Sequence[int]]) -> Integers:
    """Return rates[component, class, row] from rows of components of classes."""
    table = np.zeros((len(rows[0]), CLASSES, len(rows)), dtype=np.int64)
    for row, components in enumerate(rows):
        for component, by_class in enumerate(components):
            table[component, : len(by_class), row] = by_class
    return table


def plainly(counts: list[Integers], rates: Integers, row: npt.NDArray[np.intp]) -> list[list[int]]:
    """The oracle: amounts by component and event, in Python's integers."""
    tokens = [column.tolist() for column in counts]
    by_row = rates.transpose(2, 0, 1).tolist()
    return [
        [
            sum(by_row[chosen][component][k] * tokens[k][event] for k in range(CLASSES))
            for event, chosen in enumerate(row.tolist())
        ]
        for component in range(rates.shape[0])
    ]


def first_row(events: int) -> npt.NDArray[np.intp]:
    return np.zeros(events, dtype=np.intp)


class TestAmounts:
    def test_equals_plain_python_on_a_hundred_thousand_random_events(self) -> None:
        random = np.random.default_rng(20261124)
        events = 100_000
        counts = [random.integers(0, 200_000, events) for _ in range(CLASSES)]
        counts[2][:] = 0
        rates = random.integers(-20_000_000, 20_000_000, (11, CLASSES, 96))
        row = random.integers(0, 96, events)

        computed = kernel.amounts(counts=counts, rates=rates, row=row)

        assert computed.values.tolist() == plainly(counts, rates, row)
        assert not computed.out_of_range.any()

    def test_equals_plain_python_where_some_events_leave_int64(self) -> None:
        random = np.random.default_rng(63)
        events = 2_000
        counts = [random.integers(0, 10**9, events) for _ in range(CLASSES)]
        rates = random.integers(-(10**10), 10**10, (4, CLASSES, 7))
        row = random.integers(0, 7, events)
        exact = plainly(counts, rates, row)
        beyond = [max(abs(of[event]) for of in exact) > HIGHEST for event in range(events)]

        computed = kernel.amounts(counts=counts, rates=rates, row=row)

        assert 0 < sum(beyond) < events
        assert computed.out_of_range.tolist() == beyond
        assert computed.values.tolist() == [
            [0 if beyond[event] else amount for event, amount in enumerate(of)] for of in exact
        ]

    def test_reaches_the_highest_product_and_flags_the_next(self) -> None:
        divisor = 649_657  # 2**63 - 1 = 649657 × 14197295109071
        rate = HIGHEST // divisor
        assert rate * divisor == HIGHEST

        computed = kernel.amounts(
            counts=columns([divisor], [divisor + 1]), rates=rates_of([[rate]]), row=first_row(2)
        )

        assert computed.values.tolist() == [[HIGHEST, 0]]
        assert computed.out_of_range.tolist() == [False, True]

    def test_reaches_the_highest_sum_of_classes_and_flags_the_next(self) -> None:
        half = 2**62

        computed = kernel.amounts(
            counts=columns([1, 1, 0], [1, 1, 1]),
            rates=rates_of([[half, half - 1, 1]]),
            row=first_row(2),
        )

        assert computed.values.tolist() == [[HIGHEST, 0]]
        assert computed.out_of_range.tolist() == [False, True]

    def test_flags_an_amount_whose_reversal_would_not_fit(self) -> None:
        computed = kernel.amounts(
            counts=columns([1], [2]), rates=rates_of([[-(2**62)]]), row=first_row(2)
        )

        assert computed.values.tolist() == [[-(2**62), 0]]
        assert computed.out_of_range.tolist() == [False, True]

    def test_keeps_an_amount_whose_large_parts_cancel(self) -> None:
        computed = kernel.amounts(
            counts=columns([4, 4, 1]), rates=rates_of([[2**62, -(2**62), 7]]), row=first_row(1)
        )

        assert computed.values.tolist() == [[7]]
        assert not computed.out_of_range.any()

    def test_takes_the_lowest_int64_for_the_large_number_it_is(self) -> None:
        computed = kernel.amounts(
            counts=columns([1, 0], [0, 1]), rates=rates_of([[LOWEST, 5]]), row=first_row(2)
        )

        assert computed.values.tolist() == [[0, 5]]
        assert computed.out_of_range.tolist() == [True, False]

    def test_clears_every_component_of_an_event_that_is_out_of_range_in_one(self) -> None:
        computed = kernel.amounts(
            counts=columns([2]), rates=rates_of([[3], [HIGHEST]]), row=first_row(1)
        )

        assert computed.values.tolist() == [[0], [0]]
        assert computed.out_of_range.tolist() == [True]

    def test_is_not_slowed_by_large_rates_of_rows_that_nobody_uses(self) -> None:
        rates = rates_of([[HIGHEST]], [[3]])

        table, row = kernel._used_rows(rates, np.array([1, 1]))

        assert table.tolist() == rates[:, :, 1:].tolist()
        assert row.tolist() == [0, 0]
        assert kernel._stays_in_range(columns([7], [8]), table, [0])

    def test_gives_nothing_for_no_events(self) -> None:
        computed = kernel.amounts(counts=columns(), rates=rates_of([[1], [2]]), row=first_row(0))

        assert computed.values.shape == (2, 0)
        assert computed.out_of_range.shape == (0,)

    def test_gives_zero_for_events_without_tokens(self) -> None:
        computed = kernel.amounts(
            counts=columns([0], [0]), rates=rates_of([[1], [2]]), row=first_row(2)
        )

        assert computed.values.tolist() == [[0, 0], [0, 0]]

    @given(
        st.lists(
            st.tuples(
                st.lists(st.integers(0, 10**9), min_size=CLASSES, max_size=CLASSES),
                st.integers(0, 1),
            ),
            min_size=1,
            max_size=8,
        ),
        st.lists(
            st.lists(
                st.lists(st.integers(-HIGHEST, HIGHEST), min_size=CLASSES, max_size=CLASSES),
                min_size=2,
                max_size=2,
            ),
            min_size=2,
            max_size=2,
        ),
        st.randoms(use_true_random=False),
    )
    def test_does_not_depend_on_the_order_of_events(
        self,
        events: list[tuple[list[int], int]],
        rows: list[list[list[int]]],
        random: Random,
    ) -> None:
        def of(chosen: list[tuple[list[int], int]]) -> list[tuple[list[int], bool]]:
            computed = kernel.amounts(
                counts=columns(*(counts for counts, _ in chosen)),
                rates=rates_of(*rows),
                row=np.array([row for _, row in chosen], dtype=np.intp),
            )
            return list(
                zip(computed.values.T.tolist(), computed.out_of_range.tolist(), strict=True)
            )

        shuffled = list(range(len(events)))
        random.shuffle(shuffled)

        in_order = of(events)

        assert of([events[index] for index in shuffled]) == [in_order[index] for index in shuffled]
        exact = plainly(
            columns(*(counts for counts, _ in events)),
            rates_of(*rows),
            np.array([row for _, row in events], dtype=np.intp),
        )
        for event, (values, beyond) in enumerate(in_order):
            amounts = [of_component[event] for of_component in exact]
            assert beyond == (max(map(abs, amounts)) > HIGHEST)
            assert values == ([0, 0] if beyond else amounts)


class TestGroupSums:
    def test_equals_plain_python_on_a_hundred_thousand_random_events(self) -> None:
        random = np.random.default_rng(900)
        values = random.integers(-(10**13), 10**13, (3, 100_000))
        groups = random.integers(0, 500, 100_000)
        exact = [[0] * 500 for _ in range(3)]
        for component, of_component in enumerate(values.tolist()):
            for group, value in zip(groups.tolist(), of_component, strict=True):
                exact[component][group] += value

        assert kernel.group_sums(values=values, groups=groups, group_count=500) == exact

    def test_goes_beyond_int64_where_a_group_does(self) -> None:
        values = np.array([[HIGHEST, HIGHEST, HIGHEST, 1], [LOWEST, LOWEST, -1, 2]])

        sums = kernel.group_sums(values=values, groups=np.array([0, 1, 0, 1]), group_count=2)

        assert sums == [[2 * HIGHEST, HIGHEST + 1], [LOWEST - 1, LOWEST + 2]]

    def test_leaves_groups_without_events_at_zero(self) -> None:
        sums = kernel.group_sums(values=np.array([[4, 5]]), groups=np.array([3, 1]), group_count=5)

        assert sums == [[0, 5, 0, 4, 0]]

    def test_is_all_zero_for_no_events(self) -> None:
        empty = np.zeros((2, 0), dtype=np.int64)

        sums = kernel.group_sums(values=empty, groups=first_row(0), group_count=3)

        assert sums == [[0, 0, 0], [0, 0, 0]]

    def test_returns_pythons_own_integers(self) -> None:
        ((total,),) = kernel.group_sums(
            values=np.array([[1, 2]]), groups=np.array([0, 0]), group_count=1
        )

        assert type(total) is int

    @given(
        st.lists(
            st.tuples(st.integers(0, 4), st.integers(LOWEST, HIGHEST)), min_size=1, max_size=40
        )
    )
    def test_adds_up_to_the_sum_of_everything(self, events: list[tuple[int, int]]) -> None:
        groups = np.array([group for group, _ in events], dtype=np.intp)
        values = np.array([[value for _, value in events]], dtype=np.int64)

        (sums,) = kernel.group_sums(values=values, groups=groups, group_count=5)

        assert sum(sums) == sum(value for _, value in events)
        for group in range(5):
            assert sums[group] == sum(value for of, value in events if of == group)
