"""Coverage: what a batch holds of each source and quarter hour, and nothing that it does not."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from ledger.parties.models import Source
from ledger.tokens import LARGEST_COUNT, TOKEN_CLASSES
from ledger.usage.columns import Finding, Record, to_columns
from ledger.usage.coverage import Slots, summed
from ledger.usage.models import Coverage
from tests import factories
from tests.factories import NOW, OCCURRED_AT

SOURCES = {"urn:a": 1, "urn:b": 2}
QUARTER = timedelta(minutes=15)
FINDING = Finding(rule="sum", detail="", readings={}, said="{}")

times = st.none() | st.builds(
    lambda minutes, microseconds: (
        OCCURRED_AT.replace(minute=0) + timedelta(minutes=minutes, microseconds=microseconds)
    ),
    st.integers(0, 45),
    st.integers(0, 59_999_999),
)
records = st.lists(
    st.builds(
        Record,
        index=st.just(0),
        source=st.sampled_from(sorted(SOURCES)),
        event_id=st.just("e"),
        occurred_at=times,
        consumer=st.just("acme"),
        project=st.just(""),
        deployment=st.just("qwen"),
        counts=st.tuples(*[st.integers(0, LARGEST_COUNT)] * len(TOKEN_CLASSES)),
        status=st.just("complete"),
        sequence=st.none() | st.integers(0, 20) | st.integers(2**62 - 2, 2**62),
        finding=st.sampled_from([None, None, FINDING]),
    ),
    min_size=1,
    max_size=30,
)


def numbers(multirange: str | None) -> list[int]:
    """Return the numbers of a multirange as PostgreSQL writes it, such as {[1,3),[7,8)}."""
    if multirange is None:
        return []
    pairs = multirange.removeprefix("{[").removesuffix(")}").split("),[")
    bounds = [[int(bound) for bound in pair.split(",")] for pair in pairs]
    assert bounds == sorted(bounds)
    assert all(end < begin for (_, end), (begin, _) in pairwise(bounds))
    return [number for begin, end in bounds for number in range(begin, end)]


def by_place(slots: Slots) -> dict[tuple[int, datetime], tuple[Any, ...]]:
    """Return what the columns say of each source and quarter hour."""
    tokens = zip(*(slots.tokens[name] for name in TOKEN_CLASSES), strict=True)
    rows = zip(
        slots.events,
        slots.findings,
        slots.numbered,
        tokens,
        map(numbers, slots.sequences),
        map(numbers, slots.repeated),
        strict=True,
    )
    return dict(zip(zip(slots.sources, slots.slots, strict=True), rows, strict=True))


def by_hand(events: list[Record]) -> dict[tuple[int, datetime], tuple[Any, ...]]:
    """Add up one event after the other."""
    places: dict[tuple[int, datetime], list[Record]] = defaultdict(list)
    for one in events:
        at = one.occurred_at or NOW
        quarter = at.minute // 15 * 15
        slot = at.replace(minute=quarter, second=0, microsecond=0)
        places[SOURCES[one.source], slot].append(one)
    found = {}
    for place, held in places.items():
        carried = Counter(one.sequence for one in held if one.sequence is not None)
        found[place] = (
            len(held),
            sum(one.finding is not None for one in held),
            carried.total(),
            tuple(map(sum, zip(*(one.counts for one in held), strict=True))),
            sorted(carried),
            sorted(number for number, times_ in carried.items() if times_ > 1),
        )
    return found


class TestSummed:
    @given(records)
    def test_says_what_adding_up_by_hand_says(self, events: list[Record]) -> None:
        columns = to_columns(events, source_ids=SOURCES)

        assert by_place(summed(columns, received_at=NOW)) == by_hand(events)

    @given(records, st.randoms(use_true_random=False))
    def test_does_not_depend_on_the_order(self, events: list[Record], random: Any) -> None:
        shuffled = random.sample(events, len(events))

        one, other = (
            summed(to_columns(batch, source_ids=SOURCES), received_at=NOW)
            for batch in (events, shuffled)
        )

        assert one == other

    def test_counts_quarter_hours_from_midnight_in_utc(self) -> None:
        event = Record(
            0, "urn:a", "e", datetime(2026, 10, 5, tzinfo=UTC), "", "", "", (0,) * 9, "complete"
        )

        slots = summed(to_columns([event], source_ids=SOURCES), received_at=NOW)

        assert slots.slots == [datetime(2026, 10, 5, tzinfo=UTC)]


@pytest.mark.django_db
class TestRecord:
    def test_counts_what_was_accepted_and_nothing_else(self) -> None:
        factories.publish()
        factories.record(factories.event("a", sequence=1), factories.event("b", sequence=2))

        factories.record(
            factories.event("a", sequence=1),  # a duplicate
            factories.event("b", sequence=3, usage={"input": 1}),  # a conflict
            factories.event("c", sequence=4) | {"time": "yesterday"},  # rejected
            factories.event("d", sequence=5, occurred_at=None),
        )

        source = Source.objects.get()
        rows = Coverage.objects.order_by("batch_id").values_list(
            "source_id", "slot_starts_at", "received_at", "events", "numbered", "input"
        )
        assert list(rows) == [
            (source.id, OCCURRED_AT, NOW, 2, 2, 1_600),
            (source.id, NOW, NOW, 1, 1, 800),
        ]
        assert sequences() == ["{[1,3)}", "{[5,6)}"]

    def test_writes_nothing_where_nothing_was_new(self) -> None:
        factories.publish()
        factories.record(factories.event("a"))
        before = Coverage.objects.count()

        factories.record(factories.event("a"))

        assert Coverage.objects.count() == before == 1

    def test_tells_quarter_hours_and_sources_apart(self) -> None:
        factories.publish()

        factories.record(
            factories.event("a", occurred_at=OCCURRED_AT + QUARTER - timedelta.resolution),
            factories.event("b", occurred_at=OCCURRED_AT + QUARTER),
            factories.event("c", occurred_at=OCCURRED_AT + QUARTER, source="urn:gateway:west-2"),
        )

        rows = Coverage.objects.order_by("slot_starts_at", "source_id")
        assert list(rows.values_list("slot_starts_at", "events")) == [
            (OCCURRED_AT, 1),
            (OCCURRED_AT + QUARTER, 1),
            (OCCURRED_AT + QUARTER, 1),
        ]

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE ledger_coverage SET events = events + 1",
            "DELETE FROM ledger_coverage",
            "TRUNCATE ledger_coverage",
            "UPDATE ledger_usage_batch SET covered = false",
        ],
    )
    def test_is_final(self, change: str) -> None:
        factories.publish()
        factories.record(factories.event("a", sequence=1))
        before = list(Coverage.objects.values())

        with (
            pytest.raises(DatabaseError, match="is refused"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(change)

        assert list(Coverage.objects.values()) == before


def sequences() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sequences::text FROM ledger_coverage ORDER BY batch_id")
        return [text for (text,) in cursor.fetchall()]
