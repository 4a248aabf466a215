"""Corrections by many at the same moment: each is taken down once and takes back once."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Final

import pytest

from ledger import audit
from ledger.books.models import JournalEntry
from ledger.rating import rate
from ledger.rating.models import SetAside, UsageEntry
from ledger.usage.corrections import Outcome
from ledger.usage.models import Correction
from settlement.audits import EVERY_AUDIT
from settlement.clearing import calendars
from tests import factories
from tests.at_once import at_once, workers
from tests.correcting import amend, apply, ask, void
from tests.factories import NOW
from tests.ledger.test_concurrency import deadlocks, record_batches
from tests.settlement import factories as settling
from tests.settlement.factories import NOVEMBER, OCTOBER, user

pytestmark = pytest.mark.django_db(transaction=True)

EVENTS: Final = 200


@pytest.fixture(autouse=True)
def _books_in_order(database_url: str) -> Iterator[None]:
    """Publish before the test; after it, nothing waits, no audit objects, nobody deadlocked."""
    settling.publish()
    user("corrector")
    before = deadlocks()
    yield
    apply(now=settling.NOW + timedelta(days=1))
    assert not Correction.objects.filter(state="waiting").exists()
    assert audit.run(EVERY_AUDIT) == []
    assert deadlocks() == before


def use(count: int = EVENTS) -> list[str]:
    """Record events and rate them; return their ids, sorted."""
    ids = sorted(record_batches(count // 20, events=20))
    while rate.rate_pending(now=NOW) is not None:
        pass
    return ids


class TestAsking:
    def test_for_the_same_at_once_is_taken_down_once(self) -> None:
        use(20)

        answers: list[list[Outcome]] = at_once(*(partial(ask, void("evt-1")) for _ in range(8)))

        assert {len(answer) for answer in answers} == {1}
        assert sum(answer[0].is_new for answer in answers) == 1
        assert {answer[0].correction_id for answer in answers} == {Correction.objects.get().pk}

    def test_for_different_things_at_once_numbers_them_all(self) -> None:
        use(20)

        at_once(*(partial(ask, amend("evt-1", project=f"p-{number}")) for number in range(6)))

        numbers = Correction.objects.order_by("number").values_list("number", flat=True)
        assert list(numbers) == [1, 2, 3, 4, 5, 6]

    def test_to_void_with_two_reasons_at_once_takes_one(self) -> None:
        use(20)

        answers: list[list[Outcome]] = at_once(
            *(partial(ask, void("evt-1", reason=f"reason {number}")) for number in range(4))
        )

        problems = Counter(one.refusal and one.refusal.problem for (one,) in answers)
        assert problems == {None: 1, "event-no-longer-stands": 3}

    def test_by_overlapping_requests_in_any_order_loses_none(self) -> None:
        ids = use()
        orders = [ids, ids[::-1], ids[::2] + ids[1::2], ids[100:] + ids[:100]]

        answers: list[list[Outcome]] = at_once(
            *(partial(ask, *(void(event_id) for event_id in order)) for order in orders)
        )

        assert sum(one.is_new for answer in answers for one in answer) == EVENTS
        assert Correction.objects.count() == EVENTS

    def test_finals_of_one_estimate_at_once_are_taken_once(self) -> None:
        posts = [
            partial(factories.record, factories.event(f"figure-{number}", supersedes="estimate"))
            for number in range(6)
        ]

        at_once(partial(factories.record, factories.event("estimate")), *posts)
        while rate.rate_pending(now=NOW) is not None:
            pass
        apply(now=NOW + timedelta(hours=2))

        states = Counter(Correction.objects.values_list("state", flat=True))
        assert states == {"applied": 1, "refused": 5}
        assert SetAside.objects.filter(reason="cannot_supersede").count() == 5
        assert settling.balance("consumer:acme:tokens:TOK") == 2_500


class TestApplying:
    def test_by_four_workers_takes_each_entry_back_once(self, database_url: str) -> None:
        ids = use()
        ask(*(void(event_id) for event_id in ids[::2]))
        ask(*(amend(event_id, usage={"input": 3}) for event_id in ids[1::2]))

        with workers(4, "apply_pending", database_url=database_url, now=NOW, limit=15) as done:
            pass

        reversed_ids = UsageEntry.objects.filter(kind="reversal").values_list("corrects_id")
        assert Counter(reversed_ids).most_common(1)[0][1] == 1
        assert len(reversed_ids) == EVENTS
        assert sum(one["entered"] for one in done) == EVENTS
        assert settling.balance("consumer:acme:tokens:TOK") == 3 * EVENTS // 2

    def test_goes_on_beside_rating(self, database_url: str) -> None:
        ids = sorted(record_batches(20, events=20))
        ask(*(amend(event_id, usage={"input": 1}) for event_id in ids))

        with (
            workers(2, "rate_pending", database_url=database_url, now=NOW, limit=40),
            workers(2, "apply_pending", database_url=database_url, now=NOW, limit=15),
        ):
            pass
        apply(now=NOW + timedelta(hours=2))

        assert settling.balance("consumer:acme:tokens:TOK") == len(ids)

    def test_meets_no_worker_that_enters_the_same_events(self, database_url: str) -> None:
        ids = sorted(record_batches(10, events=20, consumer="newcomer"))
        while rate.rate_pending(now=NOW) is not None:
            pass
        factories.publish_newcomer()
        ask(*(void(event_id) for event_id in ids))

        with (
            workers(2, "retry_set_aside", database_url=database_url, now=NOW, limit=15),
            workers(2, "apply_pending", database_url=database_url, now=NOW, limit=15),
        ):
            pass
        apply(now=NOW + timedelta(hours=2))

        assert not SetAside.objects.exists()
        assert settling.balance("consumer:newcomer:tokens:TOK") == 0

    def test_goes_on_while_the_month_is_closed(self, database_url: str) -> None:
        ids = use(400)
        ask(*(void(event_id) for event_id in ids))

        with workers(3, "apply_pending", database_url=database_url, now=settling.NOW, limit=10):
            calendars.close_month(
                starts_on=OCTOBER, user=user("maker"), now=settling.NOW, despite_waiting=True
            )
            of_october = JournalEntry.objects.filter(period__starts_on=OCTOBER)
            in_time = of_october.count()

        assert of_october.count() == in_time
        booked = JournalEntry.objects.filter(narrative__startswith="Correction")
        assert set(booked.values_list("prior_period", "accounting_date")) <= {
            (False, settling.DAY),
            (True, NOVEMBER),
        }
        assert settling.balance("consumer:acme:tokens:TOK") == 0
