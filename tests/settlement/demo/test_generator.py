import hashlib
from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from statistics import mean, pstdev
from uuid import UUID

import pytest

from settlement.demo.flows import FLOWS, Shape
from settlement.demo.generator import Usage, generate

STARTS_AT = datetime(2026, 9, 30, 23, 0, tzinfo=UTC)
ENDS_AT = datetime(2026, 10, 31, 16, 0, tzinfo=UTC)


def month(events: int = 10_000) -> list[Usage]:
    return generate(starts_at=STARTS_AT, ends_at=ENDS_AT, events=events)


def variation_of_gaps(usage: list[Usage], shape: Shape) -> float:
    """Return the coefficient of variation of the time between requests."""
    times = [one.occurred_at for one in usage if one.flow.shape is shape]
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(times)]
    return pstdev(gaps) / mean(gaps)


class TestGenerate:
    def test_returns_the_same_month_every_time(self) -> None:
        assert month() == month()

    def test_returns_the_month_that_the_summary_in_the_readme_shows(self) -> None:
        """A change of this digest changes every figure of the demo."""
        facts = [
            (one.event_id, one.occurred_at.isoformat(), one.flow.deployment, one.counts, one.status)
            for one in month(1_000)
        ]

        digest = hashlib.sha256(repr(facts).encode()).hexdigest()

        assert digest == "29d08de3feaed0d9fd811db8ef66ff186642004b6261ae7e6b7b5f83f988bac2"

    def test_returns_another_month_for_another_seed(self) -> None:
        other = generate(starts_at=STARTS_AT, ends_at=ENDS_AT, events=10_000, seed=1)

        assert {one.event_id for one in month()} & {one.event_id for one in other} == set()

    @pytest.mark.parametrize("events", [1, 99, 10_000])
    def test_returns_as_many_events_as_asked(self, events: int) -> None:
        assert len(month(events)) == events

    def test_returns_them_in_order_inside_of_the_span(self) -> None:
        times = [one.occurred_at for one in month()]

        assert times == sorted(times)
        assert times[0] >= STARTS_AT
        assert times[-1] < ENDS_AT

    def test_gives_each_event_an_id_of_its_own_that_tells_its_millisecond(self) -> None:
        usage = month()

        assert len({one.event_id for one in usage}) == len(usage)
        for one in usage[:100]:
            id_ = UUID(one.event_id)
            assert id_.version == 7
            assert id_.variant == "specified in RFC 4122"
            assert id_.int >> 80 == int(one.occurred_at.timestamp() * 1_000)

    def test_divides_the_events_by_the_weights_of_the_flows(self) -> None:
        counted = Counter(one.flow for one in month())

        assert dict(counted) == {flow: flow.weight * 100 for flow in FLOWS}

    def test_lets_chat_arrive_like_independent_callers_and_code_in_bursts(self) -> None:
        usage = month()

        # 1.1 and 13 in the hour of the traces; a month with nights is more uneven.
        assert 1 < variation_of_gaps(usage, Shape.CHAT) < 2
        assert variation_of_gaps(usage, Shape.CODE) > 4

    def test_is_busier_in_the_afternoon_than_at_night(self) -> None:
        hours = Counter((one.occurred_at.hour + 8) % 24 for one in month())

        assert hours[15] > 5 * hours[3]

    def test_writes_less_code_on_weekends(self) -> None:
        days = Counter(
            one.occurred_at.date().weekday() for one in month() if one.flow.shape is Shape.CODE
        )

        assert days[6] < days[2]
