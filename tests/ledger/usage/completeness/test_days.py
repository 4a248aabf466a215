"""Coverage per source and day: sums, lateness, what is missing, and what is known of it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from ledger.parties.models import Party, Source
from ledger.tokens import TOKEN_CLASSES
from ledger.usage.completeness import days, late, manifests
from ledger.usage.completeness.days import Arrived, Day, DayVerdict
from ledger.usage.completeness.spans import LATE_AFTER, Span
from ledger.usage.formats.manifests import Statement
from tests import factories

pytestmark = pytest.mark.django_db

MIDNIGHT = datetime(2026, 10, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)
FIRST, END = date(2026, 10, 5), date(2026, 10, 8)


@pytest.fixture(autouse=True)
def _catalogue() -> None:
    factories.publish()


def deliver(*at: datetime, received_at: datetime, first: int | None = None, **event: Any) -> None:
    """Record an event for each time, numbered from the first number if there is one."""
    factories.record(
        *(
            factories.event(
                f"{when.isoformat()}-{received_at.isoformat()}-{place}",
                occurred_at=when,
                sequence=None if first is None else first + place,
                **event,
            )
            for place, when in enumerate(at)
        ),
        now=received_at,
    )


def state(starts_at: datetime, ends_at: datetime, *, events: int, now: datetime) -> None:
    statement = Statement(starts_at, ends_at, events, (None,) * len(TOKEN_CLASSES), None, None)
    manifests.record(Source.objects.get().id, statements=[statement], now=now)


def covered(time_zone: str = "UTC", late_after: timedelta = LATE_AFTER) -> list[Day]:
    source_id = Source.objects.get().id
    found = days.days([source_id], first=FIRST, end=END, time_zone=time_zone, late_after=late_after)
    return found[source_id]


class TestDays:
    def test_add_up_what_occurred_on_them(self) -> None:
        deliver(MIDNIGHT, MIDNIGHT + 23 * HOUR, received_at=MIDNIGHT + 24 * HOUR)
        deliver(MIDNIGHT + HOUR, received_at=MIDNIGHT + 30 * HOUR)
        deliver(MIDNIGHT + 24 * HOUR, received_at=MIDNIGHT + 24 * HOUR)

        monday, tuesday, wednesday = covered()

        assert monday.arrived == Arrived(
            events=3,
            tokens=(2_400, 3_600, 0, 0, 1_500, 0, 0, 0, 0),
            late_events=2,
            first_received_at=MIDNIGHT + 24 * HOUR,
            last_received_at=MIDNIGHT + 30 * HOUR,
        )
        assert tuesday.arrived.events == 1
        assert wednesday.arrived == Arrived()
        assert [one.date.day for one in (monday, tuesday, wednesday)] == [5, 6, 7]

    def test_begin_where_they_begin_in_the_zone(self) -> None:
        deliver(
            MIDNIGHT - 8 * HOUR,
            MIDNIGHT + 15 * HOUR,
            MIDNIGHT + 16 * HOUR,
            received_at=MIDNIGHT + 16 * HOUR,
        )

        shanghai = covered("Asia/Shanghai")

        assert [one.arrived.events for one in shanghai] == [2, 1, 0]
        assert shanghai[0].span == Span(MIDNIGHT - 8 * HOUR, MIDNIGHT + 16 * HOUR)

    def test_are_of_25_hours_when_clocks_are_turned_back(self) -> None:
        night = datetime(2026, 10, 25, tzinfo=UTC)
        deliver(night - 2 * HOUR, night + 22 * HOUR, received_at=night + 23 * HOUR)
        source_id = Source.objects.get().id

        (sunday,) = days.days(
            [source_id],
            first=date(2026, 10, 25),
            end=date(2026, 10, 26),
            time_zone="Europe/Paris",
            late_after=LATE_AFTER,
        )[source_id]

        assert sunday.span == Span(night - 2 * HOUR, night + 23 * HOUR)
        assert sunday.arrived.events == 2


class TestLate:
    def test_is_received_long_after_the_quarter_hour(self) -> None:
        at = MIDNIGHT + 2 * HOUR
        deliver(at, received_at=at + QUARTER + HOUR)
        deliver(at, received_at=at + QUARTER + HOUR + timedelta.resolution)

        assert covered()[0].arrived.late_events == 1
        assert covered(late_after=timedelta())[0].arrived.late_events == 2
        assert covered(late_after=2 * HOUR)[0].arrived.late_events == 0

    def test_is_received_after_a_manifest_of_its_window(self) -> None:
        at = MIDNIGHT + 2 * HOUR
        deliver(at, received_at=at + 20 * timedelta(minutes=1))
        state(at, at + QUARTER, events=1, now=at + 25 * timedelta(minutes=1))
        deliver(at, at + QUARTER, received_at=at + 30 * timedelta(minutes=1))

        assert covered()[0].arrived.late_events == 1

    def test_is_listed_by_quarter_hour(self) -> None:
        for hour in range(3):
            at = MIDNIGHT + hour * HOUR
            deliver(at, at, received_at=at + 2 * HOUR)
        source_id = Source.objects.get().id
        span = Span(MIDNIGHT, MIDNIGHT + 24 * HOUR)

        found = late.late(source_id, span=span, late_after=LATE_AFTER, limit=2)

        assert (found.slots_in_all, found.events) == (3, 6)
        assert [(one.starts_at, one.events) for one in found.slots] == [
            (MIDNIGHT, 2),
            (MIDNIGHT + HOUR, 2),
        ]
        assert found.slots[1].last_received_at == MIDNIGHT + 3 * HOUR
        assert late.late(source_id, span=span, late_after=2 * HOUR, limit=2).slots == []


class TestVerdict:
    def state_days(self, *events: int) -> None:
        for day, many in enumerate(events):
            begin = MIDNIGHT + day * 24 * HOUR
            state(begin, begin + 24 * HOUR, events=many, now=MIDNIGHT + 100 * HOUR)

    def verdicts(self) -> list[DayVerdict]:
        return [one.verdict for one in covered()]

    def test_is_that_of_the_manifests_of_the_day(self) -> None:
        deliver(*(MIDNIGHT + day * 24 * HOUR for day in range(3)), received_at=MIDNIGHT + 49 * HOUR)

        self.state_days(1, 2, 0)

        assert self.verdicts() == ["complete", "missing", "extra"]

    def test_is_partial_where_manifests_leave_a_part_of_the_day_out(self) -> None:
        deliver(MIDNIGHT, received_at=MIDNIGHT)
        half = MIDNIGHT + 12 * HOUR
        state(half, half + 12 * HOUR, events=0, now=MIDNIGHT + 25 * HOUR)
        assert self.verdicts()[0] == "partial"

        state(MIDNIGHT, half, events=1, now=MIDNIGHT + 25 * HOUR)

        assert self.verdicts()[0] == "complete"

    def test_is_gapless_where_numbers_follow_one_another(self) -> None:
        deliver(MIDNIGHT, MIDNIGHT + HOUR, received_at=MIDNIGHT + HOUR, first=1)
        assert self.verdicts()[0] == "gapless"

        deliver(MIDNIGHT + 2 * HOUR, received_at=MIDNIGHT + 2 * HOUR, first=4)

        assert self.verdicts()[0] == "missing"
        assert [one.missing_numbers for one in covered()] == [1, 0, 0]

    def test_is_not_gapless_where_an_event_is_without_a_number(self) -> None:
        deliver(MIDNIGHT, received_at=MIDNIGHT, first=1)
        deliver(MIDNIGHT, received_at=MIDNIGHT + HOUR)

        assert self.verdicts() == ["unstated"] * 3

    def test_tells_a_day_on_which_nothing_arrived_from_one_of_which_nothing_was_sent(self) -> None:
        deliver(MIDNIGHT, received_at=MIDNIGHT)

        self.state_days(1, 0)

        assert self.verdicts() == ["complete", "complete", "unstated"]


class TestKeptFrom:
    def test_is_when_the_last_batch_without_coverage_came(self) -> None:
        deliver(MIDNIGHT, received_at=MIDNIGHT)
        provider = Party.objects.get(code="westcloud")
        assert days.kept_from(provider.id) is None

        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute("UPDATE ledger_usage_batch SET covered = false")
            cursor.execute("SET LOCAL session_replication_role = origin")

        assert days.kept_from(provider.id) == MIDNIGHT
        assert days.kept_from(Party.objects.get(code="acme").id) is None
