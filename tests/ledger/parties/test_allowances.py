"""How often a limited key may be used: so many requests in any minute, and not one more."""

import sys
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.parties import allowances, keys
from ledger.parties.allowances import Allowance, Throttled
from ledger.parties.bounds import MOST_REQUESTS
from ledger.parties.models import ApiKey, RequestAllowance
from tests import at_once, callers
from tests.factories import NOW

SECOND = timedelta(seconds=1)
TAKER = """
import sys
from datetime import datetime
import django
django.setup()
from ledger.parties import allowances
key_id, limit, now, times = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
print("ready", flush=True)
sys.stdin.readline()
at = datetime.fromisoformat(now)
print(sum(
    allowances.take(key_id=key_id, requests_per_minute=limit, now=at).served for _ in range(times)
))
"""


@pytest.fixture
def key_id(db: None) -> int:
    """Return the id of a key."""
    callers.party("westcloud", "provider")
    keys.issue(party="westcloud", scopes=["events:write"], name="", now=NOW)
    return ApiKey.objects.get().id


def take(key_id: int, limit: int, now: datetime = NOW) -> Allowance:
    return allowances.take(key_id=key_id, requests_per_minute=limit, now=now)


class TestTake:
    @pytest.mark.parametrize("limit", [1, 2, 7, 60, 61, 250])
    def test_serves_exactly_so_many_at_once(self, key_id: int, limit: int) -> None:
        taken = [take(key_id, limit) for _ in range(limit + 3)]

        assert [one.served for one in taken] == [True] * limit + [False] * 3
        assert [one.remaining for one in taken] == [*reversed(range(limit)), 0, 0, 0]

    @pytest.mark.parametrize("limit", [3, 7, 999, 7_777, 65_537, 99_991, MOST_REQUESTS])
    def test_counts_exactly_up_to_the_largest_limit(self, key_id: int, limit: int) -> None:
        step = allowances.WINDOW // limit
        take(key_id, limit)
        spent = RequestAllowance.objects.get().spent_until
        RequestAllowance.objects.update(spent_until=spent + (limit - 2) * step)

        assert [take(key_id, limit).served for _ in range(2)] == [True, False]

    def test_serves_one_more_when_it_said_so_and_not_before(self, key_id: int) -> None:
        for _ in range(4):
            take(key_id, 4)

        refused = take(key_id, 4)

        assert (refused.served, refused.grows_in_seconds) == (False, 15)
        assert not take(key_id, 4, NOW + 15 * SECOND - timedelta(microseconds=1)).served
        assert take(key_id, 4, NOW + 15 * SECOND).served
        assert not take(key_id, 4, NOW + 15 * SECOND).served

    def test_forgets_after_a_minute(self, key_id: int) -> None:
        for _ in range(5):
            take(key_id, 5)

        assert [take(key_id, 5, NOW + 60 * SECOND).served for _ in range(6)] == [True] * 5 + [False]

    def test_saves_nothing_beyond_a_minute(self, key_id: int) -> None:
        take(key_id, 5)

        taken = [take(key_id, 5, NOW + timedelta(days=1)).served for _ in range(6)]

        assert taken == [True] * 5 + [False]

    def test_counts_each_key_for_itself(self, key_id: int) -> None:
        keys.issue(party="westcloud", scopes=["events:write"], name="", now=NOW)
        other = ApiKey.objects.exclude(id=key_id).get().id
        take(key_id, 1)

        assert take(other, 1).served
        assert not take(key_id, 1).served

    def test_may_be_asked_by_a_clock_that_is_behind(self, key_id: int) -> None:
        for _ in range(3):
            take(key_id, 3)

        refused = take(key_id, 3, NOW - 5 * SECOND)

        assert (refused.served, refused.remaining, refused.grows_in_seconds) == (False, 0, 25)

    def test_writes_nothing_when_it_refuses(self, key_id: int) -> None:
        take(key_id, 1)
        with connection.cursor() as cursor:
            cursor.execute("SELECT ctid, xmin, spent_until FROM ledger_request_allowance")
            before = cursor.fetchall()

            take(key_id, 1)

            cursor.execute("SELECT ctid, xmin, spent_until FROM ledger_request_allowance")
            assert cursor.fetchall() == before

    def test_takes_one_statement(self, key_id: int, django_assert_num_queries: Any) -> None:
        with django_assert_num_queries(2):
            take(key_id, 1)
            take(key_id, 1)

    def test_leaves_no_trace_in_the_log_of_the_database(self, key_id: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT relpersistence FROM pg_class WHERE relname = 'ledger_request_allowance'"
            )
            assert cursor.fetchone() == ("u",)

    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        limit=st.sampled_from([1, 2, 3, 5, 8, 12]),
        pauses=st.lists(
            st.one_of(st.just(0), st.integers(0, 20_000_000), st.integers(0, 100)), max_size=40
        ),
    )
    def test_serves_what_a_bucket_does_that_is_filled_evenly(
        self, key_id: int, limit: int, pauses: list[int]
    ) -> None:
        RequestAllowance.objects.all().delete()
        held, at = Fraction(limit), NOW
        expected, served = [], []
        for pause in pauses:
            at += timedelta(microseconds=pause)
            held = min(Fraction(limit), held + Fraction(pause * limit, 60_000_000))
            expected.append(held >= 1)
            held -= held >= 1

            served.append(take(key_id, limit, at).served)

        assert served == expected


class TestAtOnce:
    def test_threads_are_served_exactly_as_often_as_the_key_allows(
        self, transactional_db: None, key_id: int
    ) -> None:
        limit, each, threads = 37, 10, 8

        def several() -> int:
            return sum(take(key_id, limit).served for _ in range(each))

        assert sum(at_once.at_once(*[several] * threads)) == limit

    def test_processes_are_served_exactly_as_often_as_the_key_allows(
        self, database_url: str, key_id: int
    ) -> None:
        limit, each = 50, 30
        command = [sys.executable, "-c", TAKER, str(key_id), str(limit), NOW.isoformat(), str(each)]
        processes = at_once.start([command] * 3, database_url=database_url)
        try:
            for process in processes:
                assert process.stdin is not None
                process.stdin.write("go\n")
                process.stdin.flush()
            served = [int(process.communicate(timeout=60)[0]) for process in processes]
        finally:
            for process in processes:
                process.kill()
                process.communicate()

        assert sum(served) == limit


class TestAllowance:
    def test_is_told_in_two_headers(self) -> None:
        assert Allowance(600, 599, 1).headers() == {
            "RateLimit-Policy": '"key";q=600;w=60',
            "RateLimit": '"key";r=599;t=1',
        }

    def test_becomes_a_refusal_when_it_is_spent(self) -> None:
        Allowance(600, 0, 1).check()

        with pytest.raises(Throttled) as refused:
            Allowance(600, 0, 7, served=False).check()

        assert refused.value.retry_after_seconds == 7
