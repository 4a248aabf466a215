"""Many at the same time: real processes and connections on one database, and clean books after."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import pytest
from django.db import connection

from ledger import audit
from ledger.books.models import JournalEntry
from ledger.pricing import catalogue
from ledger.rating import rate
from ledger.rating.models import SetAside, UsageEntry
from ledger.usage.intake import Receipt
from ledger.usage.models import Coverage, EventKey, UsageBatch
from settlement.audits import EVERY_AUDIT
from settlement.clearing import calendars
from tests import factories
from tests.at_once import at_once, workers
from tests.factories import NOW
from tests.settlement import factories as settling
from tests.settlement.factories import NOVEMBER, OCTOBER, user

pytestmark = pytest.mark.django_db(transaction=True)

DEADLOCKS: Final = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


def deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute(DEADLOCKS)
        return int(cursor.fetchone()[0])


@pytest.fixture(autouse=True)
def _books_in_order(database_url: str) -> Iterator[None]:
    """Publish before the test; after it, nothing waits, no audit objects, nobody deadlocked."""
    settling.publish()
    before = deadlocks()
    yield
    assert not UsageBatch.objects.filter(state="pending").exists()
    assert audit.run(EVERY_AUDIT) == []
    assert deadlocks() == before


def record_batches(count: int, *, events: int, **event: Any) -> set[str]:
    """Record batches of one consumer and return the ids of their events.

    Each batch is of a project of its own: they have no row of the rollup in common, and so no
    queue before the balances, which all of them move.
    """
    ids = [f"evt-{number}" for number in range(count * events)]
    for batch in range(count):
        part = ids[batch * events : (batch + 1) * events]
        project = f"project-{batch}"
        factories.record(*(factories.event(id_, project=project, **event) for id_ in part))
    return set(ids)


class TestRating:
    def test_by_four_workers_enters_everything_once_though_all_hit_the_same_accounts(
        self, database_url: str
    ) -> None:
        ids = record_batches(40, events=50)

        with workers(4, "rate_pending", database_url=database_url, now=NOW, limit=100) as done:
            pass

        entered = Counter(UsageEntry.objects.values_list("event_id", flat=True))
        assert entered == Counter(ids)
        assert sum(one["entered"] for one in done) == 2_000
        assert sum(one["claims"] for one in done) >= 20
        assert settling.balance("consumer:acme:tokens:TOK") == 2_000 * 2_500

    def test_goes_on_while_new_versions_are_published(self, database_url: str) -> None:
        ids = record_batches(40, events=25, occurred_at=datetime(2026, 10, 15, 4, tzinfo=UTC))
        (card,) = factories.catalogue()["rate_card_versions"]

        with workers(3, "rate_pending", database_url=database_url, now=NOW, limit=50):
            for day in range(1, 16):
                dearer = {
                    **card,
                    "valid_from": f"2026-10-{day:02}T00:00:00Z",
                    "terms": {"kind": "cost_plus", "margin": f"0.{day + 10}"},
                }
                catalogue.publish({"rate_card_versions": [dearer]}, now=NOW, published_by="tests")

        assert Counter(UsageEntry.objects.values_list("event_id", flat=True)) == Counter(ids)

    def test_goes_on_while_its_month_is_closed(self, database_url: str) -> None:
        ids = record_batches(40, events=25)
        maker = user("maker")

        with workers(3, "rate_pending", database_url=database_url, now=settling.NOW, limit=25):
            until_something_is_rated()
            calendars.close_month(
                starts_on=OCTOBER, user=maker, now=settling.NOW, despite_waiting=True
            )
            of_october = JournalEntry.objects.filter(period__starts_on=OCTOBER)
            in_time = of_october.count()

        assert Counter(UsageEntry.objects.values_list("event_id", flat=True)) == Counter(ids)
        assert of_october.count() == in_time
        assert set(JournalEntry.objects.values_list("prior_period", "accounting_date")) <= {
            (False, settling.DAY),
            (True, NOVEMBER),
        }


def until_something_is_rated() -> None:
    give_up_at = time.monotonic() + 20
    while not UsageBatch.objects.filter(state="rated").exists():
        assert time.monotonic() < give_up_at
        time.sleep(0.005)


class TestRetrySetAside:
    def test_by_three_workers_enters_everything_once(self, database_url: str) -> None:
        ids = record_batches(10, events=40, consumer="newcomer")
        while rate.rate_pending(now=NOW) is not None:
            pass
        assert SetAside.objects.count() == 400
        factories.publish_newcomer()

        with workers(3, "retry_set_aside", database_url=database_url, now=NOW, limit=30) as done:
            pass

        assert Counter(UsageEntry.objects.values_list("event_id", flat=True)) == Counter(ids)
        assert not SetAside.objects.exists()
        assert sum(one["entered"] for one in done) == 400


class TestRecord:
    def test_takes_each_event_once_when_eight_connections_post_the_same(self) -> None:
        dice = random.Random(8)  # noqa: S311 - no secret
        shared = [factories.event(f"shared-{number}") for number in range(300)]
        posts = [dice.sample(shared, 250) for _ in range(8)]

        receipts: list[Receipt] = at_once(*(partial(factories.record, *post) for post in posts))

        assert all(isinstance(receipt, Receipt) for receipt in receipts), receipts
        recorded = len({event["id"] for post in posts for event in post})
        assert sum(receipt.accepted for receipt in receipts) == recorded
        assert sum(receipt.count("duplicate") for receipt in receipts) == 8 * 250 - recorded
        assert EventKey.objects.count() == recorded
        assert sum(Coverage.objects.values_list("events", flat=True)) == recorded
        while rate.rate_pending(now=NOW) is not None:
            pass
        assert UsageEntry.objects.count() == recorded

    def test_takes_one_of_eight_bodies_and_calls_the_others_conflicts(self) -> None:
        posts = [
            [factories.event(f"evt-{number}", usage={"input": post}) for number in range(50)]
            for post in range(8)
        ]
        for post in posts[::2]:
            post.reverse()

        receipts: list[Receipt] = at_once(*(partial(factories.record, *post) for post in posts))

        assert all(isinstance(receipt, Receipt) for receipt in receipts), receipts
        assert sum(receipt.accepted for receipt in receipts) == 50
        assert sum(receipt.count("conflict") for receipt in receipts) == 7 * 50
        while rate.rate_pending(now=NOW) is not None:
            pass
        assert UsageEntry.objects.count() == 50
