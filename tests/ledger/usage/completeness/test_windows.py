"""Manifests held against what arrived: what was stated, received, the difference, the verdict."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.parties.models import Source
from ledger.tokens import TOKEN_CLASSES
from ledger.usage.completeness import manifests, windows
from ledger.usage.completeness.spans import Span
from ledger.usage.completeness.windows import Verdict, Window
from ledger.usage.formats.manifests import Statement
from tests import factories
from tests.factories import NOW

STARTS_AT = datetime(2026, 10, 5, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = Span(STARTS_AT - 2 * HOUR, STARTS_AT + 22 * HOUR)
ABSENT: tuple[int | None, ...] = (None,) * len(TOKEN_CLASSES)


def window(
    *,
    stated: int,
    received: int,
    stated_input: int | None = None,
    received_input: int = 0,
    findings: int = 0,
    missing_numbers: int = 0,
) -> Window:
    return Window(
        source_id=1,
        revision=1,
        posted_at=NOW,
        first_posted_at=NOW,
        stated=Statement(
            STARTS_AT, STARTS_AT + HOUR, stated, (stated_input, *ABSENT[1:]), None, None
        ),
        events=received,
        findings=findings,
        tokens=(received_input, *[7] * 8),
        late_events=0,
        missing_numbers=missing_numbers,
    )


class TestVerdict:
    @pytest.mark.parametrize(
        ("one", "verdict"),
        [
            (window(stated=5, received=5), Verdict.COMPLETE),
            (window(stated=0, received=0), Verdict.COMPLETE),
            (window(stated=5, received=4), Verdict.MISSING),
            (window(stated=5, received=6), Verdict.EXTRA),
            (window(stated=5, received=5, stated_input=9, received_input=9), Verdict.COMPLETE),
            (window(stated=5, received=5, stated_input=9, received_input=8), Verdict.MISSING),
            (window(stated=5, received=5, stated_input=9, received_input=10), Verdict.EXTRA),
            # As many events, and others: what is missing weighs more.
            (window(stated=5, received=5, missing_numbers=1), Verdict.MISSING),
            (window(stated=5, received=6, stated_input=9, received_input=8), Verdict.MISSING),
            (window(stated=5, received=4, stated_input=9, received_input=10), Verdict.MISSING),
            # Counts that cannot be believed are not zero: what is short may be theirs.
            (
                window(stated=5, received=5, stated_input=9, received_input=8, findings=1),
                Verdict.UNCLEAR,
            ),
            (
                window(stated=5, received=4, stated_input=9, received_input=8, findings=1),
                Verdict.MISSING,
            ),
            (
                window(stated=5, received=5, stated_input=9, received_input=10, findings=1),
                Verdict.EXTRA,
            ),
            (
                window(stated=5, received=5, stated_input=9, received_input=9, findings=1),
                Verdict.COMPLETE,
            ),
        ],
    )
    def test_says_what_is_missing_or_extra(self, one: Window, verdict: Verdict) -> None:
        assert one.verdict == verdict

    @given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 9), st.integers(0, 9))
    def test_is_complete_where_nothing_differs_and_nowhere_else(
        self, stated: int, received: int, stated_input: int, received_input: int
    ) -> None:
        one = window(
            stated=stated,
            received=received,
            stated_input=stated_input,
            received_input=received_input,
        )

        agrees = (stated, stated_input) == (received, received_input)
        assert (one.verdict == Verdict.COMPLETE) is agrees
        assert one.events_difference == received - stated
        assert one.tokens_difference == (received_input - stated_input, *ABSENT[1:])


@pytest.fixture
def source_id(db: None) -> int:
    factories.publish()
    factories.record(
        factories.event("a", occurred_at=STARTS_AT, sequence=1),
        factories.event("b", occurred_at=STARTS_AT + HOUR - timedelta.resolution, sequence=2),
        factories.event("c", occurred_at=STARTS_AT + HOUR, sequence=4),
    )
    return Source.objects.get().id


def state(source_id: int, *, now: datetime = NOW, **changes: Any) -> None:
    stated: dict[str, Any] = {
        "starts_at": STARTS_AT,
        "ends_at": STARTS_AT + HOUR,
        "events": 2,
        "tokens": ABSENT,
        "first_sequence": None,
        "last_sequence": None,
        **changes,
    }
    manifests.record(source_id, statements=[Statement(**stated)], now=now)


class TestWindows:
    def test_counts_what_occurred_in_the_window_and_nothing_else(self, source_id: int) -> None:
        state(source_id, tokens=(1_600, 2_400, *ABSENT[2:]))

        (one,) = windows.windows([source_id], span=DAY)

        assert (one.events, one.tokens[:2], one.tokens[4]) == (2, (1_600, 2_400), 1_000)
        assert one.verdict == Verdict.COMPLETE
        assert one.tokens_difference == (0, 0, *ABSENT[2:])

    def test_counts_stated_numbers_that_no_event_carries(self, source_id: int) -> None:
        state(source_id, first_sequence=1, last_sequence=3)

        (one,) = windows.windows([source_id], span=DAY)

        assert (one.missing_numbers, one.events_difference) == (1, 0)
        assert one.verdict == Verdict.MISSING

    def test_finds_a_window_of_which_nothing_arrived(self, source_id: int) -> None:
        state(
            source_id,
            starts_at=STARTS_AT + 5 * HOUR,
            ends_at=STARTS_AT + 6 * HOUR,
            first_sequence=10**12,
            last_sequence=2 * 10**12,
        )

        (one,) = windows.windows([source_id], span=DAY)

        assert (one.events, one.missing_numbers) == (0, 10**12 + 1)
        assert one.verdict == Verdict.MISSING

    def test_holds_the_newest_statement_and_keeps_the_others(self, source_id: int) -> None:
        state(source_id, events=3)
        state(source_id, events=2, now=NOW + HOUR)

        found = windows.windows([source_id], span=DAY)

        (one,) = found
        assert (one.revision, one.posted_at, one.first_posted_at) == (2, NOW + HOUR, NOW)
        assert one.verdict == Verdict.COMPLETE
        (said,) = windows.statements(found).values()
        assert [(each.revision, each.statement.events) for each in said] == [(2, 2), (1, 3)]

    def test_counts_as_late_what_came_after_the_first_statement(self, source_id: int) -> None:
        state(source_id, events=2)
        factories.record(factories.event("d", occurred_at=STARTS_AT), now=NOW + HOUR)
        state(source_id, events=3, now=NOW + 2 * HOUR)

        (one,) = windows.windows([source_id], span=DAY)

        assert (one.late_events, one.verdict) == (1, Verdict.COMPLETE)

    def test_lists_what_meets_the_span_in_pages(self, source_id: int) -> None:
        for hour in range(4):
            begin = STARTS_AT + hour * HOUR
            state(source_id, starts_at=begin, ends_at=begin + HOUR)
        state(source_id, starts_at=STARTS_AT + HOUR, ends_at=STARTS_AT + 3 * HOUR)
        span = Span(STARTS_AT + HOUR, STARTS_AT + 3 * HOUR)

        first = windows.windows([source_id], span=span, limit=2)
        rest = windows.windows([source_id], span=span, after=first[-1].stated.window)

        begins = [(one.stated.starts_at - STARTS_AT) // HOUR for one in [*first, *rest]]
        assert begins == [1, 1, 2]
        assert first + rest == windows.windows([source_id], span=span)

    def test_of_one_source_are_nothing_to_another(self, source_id: int) -> None:
        state(source_id)
        factories.record(factories.event("a", source="urn:other", occurred_at=STARTS_AT))
        other = Source.objects.get(uri="urn:other").id
        state(other, events=1)

        found = windows.windows([source_id, other], span=DAY)

        assert {one.source_id: one.events for one in found} == {source_id: 2, other: 1}
        assert windows.windows([], span=DAY) == []
