"""A month is archived while others rate and read: nothing is lost, doubled, or in two places."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from django.db import connection, transaction

from ledger import audit
from ledger.books import periods
from ledger.pricing.models import Agreement
from ledger.rating import rate
from ledger.rating.archive.models import ArchivedMonth, RestoredMonth
from ledger.rating.archive.records import held_alone
from ledger.rating.archive.taking import AlreadyArchived, NotReadyToArchive, Taken
from ledger.rating.models import SetAside, UsageEntry
from ledger.usage.models import UsageBatch
from settlement.audits import EVERY_AUDIT
from tests import factories
from tests.at_once import at_once
from tests.ledger.rating.archive import months
from tests.ledger.rating.archive.months import EARLY, SEPTEMBER
from tests.ledger.test_concurrency import deadlocks
from tests.settlement import factories as settling
from tests.settlement.factories import LATER

pytestmark = pytest.mark.django_db(transaction=True)

IN_NOVEMBER: Final = EARLY + timedelta(days=60)
POSTS: Final = 10
HOLDS: Final = """
    SELECT count(*)
    FROM pg_locks held, ledger_usage_month_lock('2026-09-01') AS lock
    WHERE held.locktype = 'advisory' AND held.granted AND held.mode = %(mode)s
      AND held.classid = (lock.class::bigint & 4294967295)::oid AND held.objid = lock.number::oid
"""
WANTS_ALONE: Final = """
    SELECT count(*) FROM pg_locks
    WHERE relation = 'ledger_usage_entry'::regclass AND mode = 'AccessExclusiveLock'
      AND NOT granted
"""


@pytest.fixture(autouse=True)
def _books_in_order() -> Iterator[None]:
    settling.publish()
    months.use_september()
    months.close()
    before = deadlocks()
    yield
    assert audit.run(EVERY_AUDIT) == []
    assert deadlocks() == before
    assert not UsageBatch.objects.exclude(attempts=0).exists()


def post_and_rate(worker: int) -> list[str]:
    """Post late events among others and rate what waits, again and again; return their ids."""
    posted = []
    for number in range(POSTS):
        late, new = f"late-{worker}-{number}", f"new-{worker}-{number}"
        factories.record(
            factories.event(late, occurred_at=EARLY, project=f"of-{worker}"),
            factories.event(new, occurred_at=IN_NOVEMBER, project=f"of-{worker}"),
            now=LATER,
        )
        rate.rate_pending(now=LATER, limit=50)
        posted += [late, new]
    return posted


def until(so: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + 20
    while not so():
        assert time.monotonic() < give_up_at
        time.sleep(0.01)


def is_held(mode: str) -> bool:
    """Whether somebody holds September: `ShareLock` to write into it, `ExclusiveLock` alone."""
    return counted(HOLDS, mode=mode) > 0


def journal_is_wanted_alone() -> bool:
    """Whether somebody waits for the journal to detach a month of it."""
    return counted(WANTS_ALONE) > 0


def counted(sql: str, **parameters: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return int(cursor.fetchone()[0])


def everywhere(taken: Any) -> Counter[str]:
    """Return the events that are at hand, set aside, and in the file, if one was written."""
    found = Counter(UsageEntry.objects.values_list("event_id", flat=True))
    found += Counter(SetAside.objects.values_list("event_id", flat=True))
    if isinstance(taken, Taken):
        found += Counter(one["event_id"] for one in months.rows_of(taken.file))
    return found


class TestArchiving:
    def test_while_workers_rate_loses_and_doubles_nothing(self, tmp_path: Path) -> None:
        before = [one["event_id"] for one in months.rows()]

        taken, *posted = at_once(
            lambda: months.archive(tmp_path), *(partial(post_and_rate, n) for n in range(3))
        )

        while rate.rate_pending(now=LATER) is not None:
            pass
        # Whether a late event came first, which is booked in an open month then, is a matter of
        # luck; that it is in one place is not.
        assert isinstance(taken, Taken | NotReadyToArchive), taken
        assert everywhere(taken) == Counter([*before, *(one for ids in posted for one in ids)])

    def test_sets_aside_what_comes_meanwhile_and_holds_up_nobody(self, tmp_path: Path) -> None:
        before = [one["event_id"] for one in months.rows()]

        def read_for_long() -> None:
            # The partition cannot be detached before this ends.
            with transaction.atomic():
                UsageEntry.objects.count()
                until(lambda: SetAside.objects.count() == 3 * POSTS)

        def rate_meanwhile(worker: int) -> list[str]:
            until(journal_is_wanted_alone)
            return post_and_rate(worker)

        _, taken, *posted = at_once(
            read_for_long,
            lambda: months.archive(tmp_path),
            *(partial(rate_meanwhile, n) for n in range(3)),
        )

        assert isinstance(taken, Taken), taken
        assert {one["event_id"] for one in months.rows_of(taken.file)} == set(before)
        late = SetAside.objects.filter(reason="month_archived", missing="month:2026-09")
        assert {one.event_id[:4] for one in late} == {"late"}
        assert everywhere(taken) == Counter([*before, *(one for ids in posted for one in ids)])
        months.restore(tmp_path)
        months.retry()
        assert not SetAside.objects.exists()
        assert len(months.rows()) == len(before) + 3 * POSTS

    def test_waits_for_a_claim_that_writes_into_the_month(self, tmp_path: Path) -> None:
        agreement = Agreement.objects.get(code="westcloud-acme")
        periods.ensure([(agreement.id, settling.NOVEMBER)])

        def rate_slowly() -> None:
            factories.record(factories.event("late", occurred_at=EARLY), now=LATER)
            with transaction.atomic():
                rate.rate_pending(now=LATER)
                time.sleep(0.5)

        def archive_meanwhile() -> Any:
            until(lambda: is_held("ShareLock"))
            return months.archive(tmp_path)

        _, refused = at_once(rate_slowly, archive_meanwhile)

        assert isinstance(refused, NotReadyToArchive), refused
        assert refused.open_periods == ["westcloud-acme 2026-11"]
        assert len(months.rows()) == 6

    def test_by_two_at_once_happens_once(self, tmp_path: Path) -> None:
        done = at_once(lambda: months.archive(tmp_path), lambda: months.archive(tmp_path))

        assert {type(one) for one in done} == {Taken, AlreadyArchived}, done
        assert ArchivedMonth.objects.count() == 1
        assert len(list(tmp_path.iterdir())) == 1


class TestRestoring:
    def test_by_two_at_once_happens_once(self, tmp_path: Path) -> None:
        months.archive(tmp_path)

        done = at_once(lambda: months.restore(tmp_path), lambda: months.restore(tmp_path))

        assert sum(isinstance(one, Exception) for one in done) == 1, done
        assert RestoredMonth.objects.count() == 1
        assert len(months.rows()) == 5


class TestWhatMetARunThatDidNotFinish:
    def test_is_woken_by_the_next_one(self, tmp_path: Path) -> None:
        def meet_it() -> None:
            factories.record(factories.event("late", occurred_at=EARLY), now=LATER)
            rate.rate_pending(now=LATER)

        with held_alone(SEPTEMBER):
            at_once(meet_it)
        assert SetAside.objects.get().reason == "month_archived"
        assert SetAside.objects.get().retry_at > LATER

        with pytest.raises(NotReadyToArchive) as refused:
            months.archive(tmp_path)

        assert refused.value.set_aside == 1
        months.retry()
        assert not SetAside.objects.exists()
        assert len(months.rows()) == 6
