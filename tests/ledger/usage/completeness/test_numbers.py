"""Missing and repeated numbers: held against sets of numbers that are counted one by one."""

import itertools
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.parties.models import Source
from ledger.usage.completeness import manifests, numbers
from ledger.usage.completeness.numbers import Kind, NumberRange
from ledger.usage.completeness.spans import Span, midnight
from ledger.usage.formats.manifests import Statement
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db

QUARTER = timedelta(minutes=15)
START = datetime(2026, 10, 5, tzinfo=UTC)
EVER = Span(START - timedelta(days=1), START + timedelta(days=20))
DATABASE = settings(
    max_examples=60,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
"""Each example has a source of its own in one database."""


@pytest.fixture(autouse=True)
def _catalogue() -> None:
    factories.publish()


@dataclass(frozen=True, slots=True)
class Sent:
    """An event: its number and the quarter hour, counted from START, in which it occurred."""

    number: int
    slot: int

    @property
    def slot_starts_at(self) -> datetime:
        return START + self.slot * QUARTER


def deliver(batches: Iterable[Sequence[Sent]]) -> int:
    """Record the batches of a new source and return its id."""
    uri = f"urn:test:{uuid.uuid4()}"
    for batch in batches:
        factories.record(
            *(
                factories.event(
                    str(uuid.uuid4()),
                    source=uri,
                    sequence=one.number,
                    occurred_at=one.slot_starts_at + timedelta(minutes=7),
                )
                for one in batch
            )
        )
    return Source.objects.get(uri=uri).id


def state(
    source_id: int, *, slots: tuple[int, int], first: int, last: int, events: int = 0
) -> None:
    """Post a manifest of numbers for the quarter hours from one to before another."""
    starts_at, ends_at = (START + slot * QUARTER for slot in slots)
    manifests.record(
        source_id,
        statements=[Statement(starts_at, ends_at, events, (None,) * 9, first, last)],
        now=NOW,
    )


def found(source_id: int, span: Span = EVER, kind: Kind | None = None) -> list[NumberRange]:
    every = numbers.ranges(source_id, span=span, after=None, limit=1_000)
    for one in Kind:
        of_kind = [each for each in every.ranges if each.kind == one]
        assert every.totals[one].ranges == len(of_kind)
        assert every.totals[one].numbers == sum(each.count for each in of_kind)
    return [one for one in every.ranges if kind is None or one.kind == kind]


def counted(ranges: Iterable[NumberRange]) -> list[int]:
    """Return the numbers of ranges one by one; they neither touch nor overlap."""
    listed = [number for one in ranges for number in range(one.first, one.last + 1)]
    assert len(listed) == len(set(listed))
    return listed


events = st.lists(st.builds(Sent, st.integers(0, 40), st.integers(0, 6)), min_size=1, max_size=25)


@st.composite
def arrivals(draw: st.DrawFn) -> list[list[Sent]]:
    """Draw events of any number and time, in any order, in batches of any size."""
    return batched(draw(events), draw)


def batched(sent: list[Sent], draw: st.DrawFn) -> list[list[Sent]]:
    cuts = sorted(draw(st.sets(st.integers(1, max(1, len(sent) - 1)), max_size=4)))
    bounds = [0, *cuts, len(sent)]
    return [part for a, b in itertools.pairwise(bounds) if (part := sent[a:b])]


class TestMissing:
    @DATABASE
    @given(arrivals())
    def test_is_what_was_expected_less_what_arrived(self, batches: list[list[Sent]]) -> None:
        arrived = {one.number for batch in batches for one in batch}

        source_id = deliver(batches)

        expected = set(range(min(arrived), max(arrived)))
        assert counted(found(source_id, kind=Kind.MISSING)) == sorted(expected - arrived)

    @DATABASE
    @given(arrivals(), st.randoms(use_true_random=False))
    def test_does_not_depend_on_order_or_batches(
        self, batches: list[list[Sent]], random: Any
    ) -> None:
        sent = [one for batch in batches for one in batch]
        shuffled = random.sample(sent, len(sent))

        one, other, single = (
            found(deliver(way)) for way in (batches, [shuffled], [[event] for event in sent])
        )

        assert one == other == single

    @DATABASE
    @given(st.sets(st.integers(0, 60), min_size=1, max_size=30), st.data())
    def test_lies_in_a_span_where_its_neighbours_say_so(
        self, arrived: set[int], data: st.DataObject
    ) -> None:
        # Numbers grow with time: up to ten in a quarter hour.
        sent = [Sent(number, number // 10) for number in sorted(arrived)]
        source_id = deliver([data.draw(st.permutations(sent))])
        begin, end = sorted(data.draw(st.lists(st.integers(-1, 8), min_size=2, max_size=2)))
        span = Span(START + begin * QUARTER, START + (end + 1) * QUARTER)

        holes = [
            (before.number + 1, after.number - 1)
            for before, after in itertools.pairwise(sent)
            if after.number > before.number + 1 and before.slot <= end and after.slot >= begin
        ]
        assert [(one.first, one.last) for one in found(source_id, span)] == holes

    def test_is_named_with_its_neighbours(self) -> None:
        source_id = deliver([[Sent(3, 0), Sent(9, 2)], [Sent(4, 1)]])

        (hole,) = found(source_id)

        assert (hole.first, hole.last, hole.count) == (5, 8, 4)
        assert hole.previous is not None
        assert hole.following is not None
        assert (hole.previous.sequence, hole.previous.slot_starts_at) == (4, START + QUARTER)
        assert (hole.following.sequence, hole.following.slot_starts_at) == (9, START + 2 * QUARTER)
        assert hole.previous.received_at == hole.following.received_at == NOW

    def test_is_one_range_however_large(self) -> None:
        source_id = deliver([[Sent(0, 0), Sent(2**62, 0)], [Sent(10**12 + 1, 0)]])

        holes = [(one.first, one.last) for one in found(source_id)]

        assert holes == [(1, 10**12), (10**12 + 2, 2**62 - 1)]

    def test_goes_no_further_than_what_arrived(self) -> None:
        source_id = deliver([[Sent(100, 0), Sent(101, 1)]])

        assert found(source_id) == []

    def test_is_of_a_span_in_which_nothing_arrived(self) -> None:
        source_id = deliver([[Sent(1, 0), Sent(9, 6)]])

        holes = found(source_id, Span(START + 2 * QUARTER, START + 3 * QUARTER))

        assert [(one.first, one.last) for one in holes] == [(2, 8)]

    @pytest.mark.parametrize(
        ("inside", "outside"), [(Sent(10, 3), Sent(12, 0)), (Sent(12, 3), Sent(10, 5))]
    )
    def test_is_found_beside_a_number_though_times_run_the_other_way(
        self, inside: Sent, outside: Sent
    ) -> None:
        source_id = deliver([[outside], [inside]])

        holes = found(source_id, Span(START + 3 * QUARTER, START + 4 * QUARTER))

        assert counted(holes) == [11]

    def test_of_one_source_is_nothing_to_another(self) -> None:
        deliver([[Sent(2, 0), Sent(3, 0)]])

        source_id = deliver([[Sent(1, 0), Sent(4, 0)]])

        assert counted(found(source_id)) == [2, 3]

    def test_is_listed_in_pages_that_leave_nothing_out(self) -> None:
        source_id = deliver([[Sent(number, 0) for number in (0, 2, 2, 4, 4, 4, 7, 9)]])
        state(source_id, slots=(0, 1), first=3, last=11)
        whole = found(source_id)

        after: Any = None
        paged: list[NumberRange] = []
        while page := numbers.ranges(source_id, span=EVER, after=after, limit=1).ranges:
            paged.extend(page)
            first, kind, *window = page[-1].cursor
            after = first, kind, *(datetime.fromtimestamp(one, tz=UTC) for one in window)

        assert paged == whole
        assert len(whole) == len({one.cursor for one in whole}) == 9


class TestRepeated:
    @DATABASE
    @given(arrivals())
    def test_is_what_more_than_one_event_carries(self, batches: list[list[Sent]]) -> None:
        carried = Counter(one.number for batch in batches for one in batch)

        source_id = deliver(batches)

        repeated = sorted(number for number, many in carried.items() if many > 1)
        assert counted(found(source_id, kind=Kind.REPEATED)) == repeated

    @DATABASE
    @given(arrivals(), st.integers(0, 6), st.integers(0, 6))
    def test_lies_in_a_span_where_one_of_its_events_does(
        self, batches: list[list[Sent]], one_end: int, other_end: int
    ) -> None:
        begin, end = sorted((one_end, other_end))
        span = Span(START + begin * QUARTER, START + (end + 1) * QUARTER)
        sent = [one for batch in batches for one in batch]
        carried = Counter(one.number for one in sent)

        source_id = deliver(batches)

        inside = {one.number for one in sent if begin <= one.slot <= end}
        repeated = sorted(number for number in inside if carried[number] > 1)
        assert counted(found(source_id, span, kind=Kind.REPEATED)) == repeated

    def test_shows_a_counter_that_was_started_again(self) -> None:
        source_id = deliver([[Sent(number, 0) for number in range(50)]])
        uri = Source.objects.get(id=source_id).uri
        factories.record(
            *(
                factories.event(f"again-{number}", source=uri, sequence=number, occurred_at=START)
                for number in range(20)
            )
        )

        (again,) = found(source_id)

        assert (again.kind, again.first, again.last) == (Kind.REPEATED, 0, 19)


class TestStated:
    @DATABASE
    @given(
        st.sets(st.integers(0, 40), max_size=25),
        st.lists(
            st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 3)),
            min_size=1,
            max_size=4,
            unique_by=lambda one: one[2],
        ),
    )
    def test_numbers_that_did_not_arrive_are_missing(
        self, arrived: set[int], stated: list[tuple[int, int, int]]
    ) -> None:
        source_id = deliver([[Sent(50, 5)], [Sent(number, 4) for number in sorted(arrived)]])
        for one, other, slot in stated:
            state(source_id, slots=(slot, slot + 1), first=min(one, other), last=max(one, other))

        said = {number for a, b, _ in stated for number in range(min(a, b), max(a, b) + 1)}
        expected = set(range(min(arrived | said), 50))
        holes = found(source_id, kind=Kind.MISSING)
        assert counted(holes) == sorted(expected - arrived)
        for hole in holes:
            inside = [
                (START + slot * QUARTER, START + (slot + 1) * QUARTER)
                for a, b, slot in stated
                if min(a, b) <= hole.first and hole.last <= max(a, b)
            ]
            # A hole is cut where statements begin and end: each piece is of one of them, or none.
            assert hole.window in inside or (hole.window is None and not inside)

    def test_numbers_above_what_arrived_are_missing(self) -> None:
        source_id = deliver([[Sent(1, 0), Sent(2, 0)]])

        state(source_id, slots=(0, 1), first=1, last=5)

        (hole,) = found(source_id)
        assert (hole.first, hole.last, hole.following) == (3, 5, None)
        assert hole.window == (START, START + QUARTER)

    def test_numbers_hold_as_they_were_stated_last(self) -> None:
        source_id = deliver([[Sent(1, 0), Sent(2, 0)]])
        state(source_id, slots=(0, 1), first=1, last=5)

        state(source_id, slots=(0, 1), first=1, last=3)

        assert counted(found(source_id)) == [3]

    def test_numbers_beyond_are_extra(self) -> None:
        source_id = deliver([[Sent(number, 0) for number in range(1, 9)], [Sent(9, 1)]])

        state(source_id, slots=(0, 1), first=3, last=6)

        extra = found(source_id)
        assert [(one.kind, one.first, one.last) for one in extra] == [
            (Kind.EXTRA, 1, 2),
            (Kind.EXTRA, 7, 8),
        ]
        assert {one.window for one in extra} == {(START, START + QUARTER)}

    def test_numbers_of_other_windows_are_left_alone(self) -> None:
        source_id = deliver([[Sent(1, 0), Sent(2, 0)]])

        state(source_id, slots=(4, 5), first=3, last=5)

        assert found(source_id, Span(START, START + QUARTER)) == []
        holes = found(source_id, Span(START + 4 * QUARTER, START + 5 * QUARTER))
        assert counted(holes) == [3, 4, 5]


class TestMissingByDay:
    def by_day(self, source_id: int, time_zone: str = "UTC") -> dict[int, int]:
        midnights = [midnight(date(2026, 10, day), time_zone=time_zone) for day in range(3, 25)]
        counts = numbers.missing_by_day([source_id], midnights=midnights)
        return {3 + day: many for (_, day), many in counts.items()}

    def test_counts_on_the_day_of_the_number_that_followed(self) -> None:
        source_id = deliver([[Sent(1, 95), Sent(4, 96), Sent(6, 200)]])

        assert self.by_day(source_id) == {6: 2, 7: 1}
        assert self.by_day(source_id, "America/New_York") == {5: 2, 6: 1}

    def test_counts_on_the_day_of_the_window_that_states_it(self) -> None:
        source_id = deliver([[Sent(1, 10), Sent(100, 300)]])
        state(source_id, slots=(0, 96), first=1, last=40)
        state(source_id, slots=(96, 192), first=41, last=70)

        # 2 to 40 on the 5th, 41 to 70 on the 6th, 71 to 99 when 100 came on the 8th.
        assert self.by_day(source_id) == {5: 39, 6: 30, 8: 29}

    @DATABASE
    @given(st.sets(st.integers(0, 300), min_size=1, max_size=25))
    def test_adds_up_to_all_that_is_missing(self, arrived: set[int]) -> None:
        source_id = deliver([[Sent(number, number) for number in sorted(arrived)]])

        counts = self.by_day(source_id)

        assert sum(counts.values()) == max(arrived) - min(arrived) + 1 - len(arrived)
