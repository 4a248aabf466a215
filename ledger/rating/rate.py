"""Rate what was recorded: claim, price, post, in one transaction per claim.

The table is the queue: batches are claimed with SKIP LOCKED, so any number of workers can run,
and whatever a killed worker had not committed is simply claimed again.
"""

import logging
import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from django.db import InterfaceError, OperationalError, connection, transaction

from ledger.books import accounts, balances, journal
from ledger.pricing import published, slots
from ledger.pricing.naming import NameBook
from ledger.pricing.published import Lack
from ledger.pricing.slots import RateBook, RatesMissing
from ledger.rating import booking, events, finals, naming, partitions, writing
from ledger.rating.events import Events, StoredBatch
from ledger.rating.preparation import Unprepared, prepared
from ledger.rating.valuation import CANNOT_SUPERSEDE, COUNTS_CONTRADICT, Valuation, value

logger = logging.getLogger(__name__)

CLAIM: Final = """
    DECLARE claim NO SCROLL CURSOR FOR
    SELECT id, provider_id, received_at, payload, events, attempts
    FROM ledger_usage_batch
    WHERE state = 'pending' AND next_attempt_at <= %(now)s
    ORDER BY next_attempt_at, id
    FOR UPDATE SKIP LOCKED
"""
"""A cursor locks the rows that it fetches and no others, so that workers share the queue."""

FETCH: Final = "FETCH FORWARD {count} FROM claim"

WITHOUT_REGION: Final = r"regexp_replace({}, '^(deployment:.+)@[^@]*$', '\1')"
"""A deployment that is missing as model@region is found under its model's name too."""

CLAIM_SET_ASIDE: Final = f"""
    SELECT set_aside.batch_id, set_aside.row
    FROM ledger_set_aside set_aside
    WHERE set_aside.reason NOT IN ('{COUNTS_CONTRADICT}', '{CANNOT_SUPERSEDE}')
      AND (set_aside.retry_at <= %(now)s
           OR EXISTS (
                SELECT FROM ledger_publication publication
                WHERE publication.id > set_aside.judged_by_publication
                  AND publication.provides
                      && ARRAY[set_aside.missing, {WITHOUT_REGION.format("set_aside.missing")}]
           ))
      AND NOT EXISTS (
            SELECT FROM ledger_correction correction
            WHERE correction.batch_id = set_aside.batch_id AND correction.row = set_aside.row
              AND correction.state NOT IN ('applied', 'refused')
      )
    ORDER BY set_aside.batch_id, set_aside.row
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
"""
"""What is to be corrected is left to its correction: the event as it was posted is given up."""

BATCHES: Final = """
    SELECT id, provider_id, received_at, payload
    FROM ledger_usage_batch
    WHERE id = ANY(%(ids)s)
    ORDER BY id
"""
RATED: Final = """
    UPDATE ledger_usage_batch
    SET state = 'rated', rated_at = %(now)s
    WHERE id = ANY(%(ids)s) AND state = 'pending'
"""
POSTPONE: Final = """
    UPDATE ledger_usage_batch
    SET attempts = attempts + 1, next_attempt_at = %(next)s
    WHERE id = ANY(%(ids)s) AND state = 'pending'
"""
PAUSE_AFTER_FAILURE: Final = timedelta(minutes=1)
MOST_BATCHES: Final = 500
"""Batches in one claim, whatever their size."""


@dataclass(frozen=True, slots=True)
class Rated:
    """What a claim did: batches claimed, usage entries written, events set aside."""

    batches: int
    entered: int
    set_aside: int


@dataclass(slots=True)
class _Claimed:
    """What a claim has locked, known outside of it if it fails; `attempts` failed before."""

    batch_ids: list[int]
    attempts: int

    @property
    def pause(self) -> timedelta:
        """Behind the others at once; later and later for a batch that fails even by itself."""
        return timedelta(microseconds=1) + self.attempts * PAUSE_AFTER_FAILURE


def rate_pending(*, now: datetime, limit: int = 50_000) -> Rated | None:
    """Rate one claim of at most `limit` events (at least one batch); None if nothing waits.

    A batch that makes a claim fail is put behind the others and tried alone; alone, its rows are
    tried apart, so that one bad row ends as set aside and never holds up the queue.
    """
    claimed = _Claimed(batch_ids=[], attempts=0)
    try:
        return prepared(lambda: _claim_and_rate(claimed, now=now, limit=limit), now=now)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("claim failed", extra={"batches": claimed.batch_ids})
        if not claimed.batch_ids:
            raise
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(POSTPONE, {"ids": claimed.batch_ids, "next": now + claimed.pause})
        return Rated(batches=0, entered=0, set_aside=0)


def retry_set_aside(*, now: datetime, limit: int = 50_000) -> Rated | None:
    """Rate set-aside events that are due or whose lack was published; None if there are none."""
    try:
        return prepared(lambda: _retry(now=now, limit=limit, alone=False), now=now)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("retry failed")
        return prepared(lambda: _retry(now=now, limit=limit, alone=True), now=now)


def _claim_and_rate(claimed: _Claimed, *, now: datetime, limit: int) -> Rated | None:
    batches, claimed.attempts = _claim(now=now, limit=limit)
    claimed.batch_ids = ids = [batch.id for batch in batches]
    if not batches:
        return None
    if claimed.attempts:
        rated = _enter_apart(batches, now=now, alone=claimed.attempts > 1)
    else:
        rated = _enter(events.read(batches), now=now)
    with connection.cursor() as cursor:
        cursor.execute(RATED, {"ids": ids, "now": now})
        assert cursor.rowcount == len(ids), "claimed batches cannot change under us"
    return Rated(len(batches), rated.entered, rated.set_aside)


def _claim(*, now: datetime, limit: int) -> tuple[list[StoredBatch], int]:
    """Lock the oldest batches up to the limit; one that failed before is claimed alone."""
    claimed: list[StoredBatch] = []
    total = 0
    attempts = 0
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"now": now})
        while total < limit and len(claimed) < MOST_BATCHES and not attempts:
            typical = total // len(claimed) if claimed else limit
            count = min(max((limit - total) // max(typical, 1), 1), MOST_BATCHES)
            cursor.execute(FETCH.format(count=count))
            rows = cursor.fetchall()
            for id_, provider_id, received_at, payload, size, failures in rows:
                if failures and claimed:
                    continue  # locked until we commit; it gets a claim of its own
                attempts = failures
                claimed.append(StoredBatch(id_, provider_id, received_at, bytes(payload)))
                total += size
            if len(rows) < count:
                break
        cursor.execute("CLOSE claim")
    return claimed, attempts


def _retry(*, now: datetime, limit: int, alone: bool) -> Rated | None:
    with connection.cursor() as cursor:
        cursor.execute(CLAIM_SET_ASIDE, {"now": now, "limit": limit})
        rows: dict[int, list[int]] = defaultdict(list)
        for batch_id, row in cursor.fetchall():
            rows[batch_id].append(row)
        if not rows:
            return None
        cursor.execute(BATCHES, {"ids": sorted(rows)})
        batches = [
            StoredBatch(id_, provider_id, received_at, bytes(payload), rows=rows[id_])
            for id_, provider_id, received_at, payload in cursor.fetchall()
        ]
    return _enter_apart(batches, now=now, alone=alone, were_set_aside=True)


def _enter(claimed: Events, *, now: datetime, were_set_aside: bool = False) -> Rated:
    """Price the events and write everything that follows, balances last.

    :raises Unprepared: if something must be made first; nothing is written yet then.
    """
    book = current_rates()
    claimed = naming.in_codes(claimed, book=book)
    valuation = valued(claimed, book=book).without(finals.withheld(claimed))
    valuation = partitions.at_hand(claimed, valuation)
    booked = booking.book(claimed, valuation)
    require_accounts([code for draft in booked.drafts for code, _ in draft.postings])
    recorded = journal.record(booked.drafts, now=now)
    writing.copy_usage_entries(claimed, valuation, booked, entry_ids=recorded.entry_ids)
    if were_set_aside:
        writing.no_longer_aside(
            batch_ids=claimed.batch_id[valuation.kept].tolist(),
            rows=claimed.row[valuation.kept].tolist(),
        )
    writing.set_aside(claimed, valuation, revision=book.published.revision, now=now)
    writing.add_to_rollup(claimed, valuation)
    balances.move(recorded.moves)
    assert len(valuation.kept) + len(valuation.lacks) == len(claimed), (
        "every event is accounted for"
    )
    return Rated(batches=0, entered=len(valuation.kept), set_aside=len(valuation.lacks))


def valued(claimed: Events, *, book: RateBook) -> Valuation:
    """Price the events.

    :raises Unprepared: if rates must be stored first.
    """
    try:
        return value(claimed, book=book)
    except RatesMissing as missing:
        compiled = missing.compiled
        raise Unprepared(lambda at: slots.store(compiled, now=at)) from missing


_mine = threading.local()


def current_rates() -> RateBook:
    """Return this thread's rate book, read anew when the catalogue has a later revision."""
    revision = published.latest_revision()
    book: RateBook | None = getattr(_mine, "book", None)
    if book is None or book.published.revision != revision:
        loaded = published.load()
        book = _mine.book = RateBook(loaded, names=NameBook.load(loaded.revision))
    return book


def _enter_apart(
    claimed: list[StoredBatch], *, now: datetime, alone: bool, were_set_aside: bool = False
) -> Rated:
    """Enter what can be entered: whole, else in halves, until the events that fail stand alone.

    `alone`: what is found missing is made here, since making it beforehand has failed.
    """
    waiting = [claimed]
    entered = aside = 0
    while waiting:
        part = waiting.pop()
        try:
            rated = _enter_part(part, now=now, alone=alone, were_set_aside=were_set_aside)
        except (Unprepared, OperationalError, InterfaceError):
            raise
        except Exception as error:
            halves = _halves(part)
            if halves:
                waiting += reversed(halves)
                continue
            logger.exception("event failed", extra={"batch": part[0].id, "row": part[0].rows})
            _set_aside_as_error(events.read(part), error, now=now)
            aside += 1
        else:
            entered += rated.entered
            aside += rated.set_aside
    return Rated(batches=len(claimed), entered=entered, set_aside=aside)


def _enter_part(
    part: list[StoredBatch], *, now: datetime, alone: bool, were_set_aside: bool
) -> Rated:
    """Enter some events or nothing of them."""

    def enter() -> Rated:
        return _enter(events.read(part), now=now, were_set_aside=were_set_aside)

    if alone:
        return prepared(enter, now=now)
    with transaction.atomic():
        return enter()


def _halves(part: list[StoredBatch]) -> list[list[StoredBatch]]:
    """Return the first and second half of the events; nothing where only one is left."""
    if len(part) > 1:
        middle = len(part) // 2
        return [part[:middle], part[middle:]]
    batch = part[0]
    rows = range(len(events.read(part))) if batch.rows is None else batch.rows
    if len(rows) == 1:
        return []
    middle = len(rows) // 2
    return [[replace(batch, rows=rows[:middle])], [replace(batch, rows=rows[middle:])]]


def _set_aside_as_error(part: Events, error: Exception, *, now: datetime) -> None:
    nothing = np.zeros(0, dtype=np.intp)
    writing.set_aside(
        part,
        Valuation(
            kept=nothing,
            combination_of=nothing,
            combinations=[],
            amounts=np.zeros((0, 0), dtype=np.int64),
            lacks={0: Lack("error", f"{type(error).__name__}: {error}"[:500])},
        ),
        revision=published.latest_revision(),
        now=now,
    )


def require_accounts(codes: Sequence[str]) -> None:
    """See that the accounts are there.

    :raises Unprepared: if one must be made first.
    """
    wanted = set(codes)
    missing = wanted - accounts.ids(wanted).keys()
    if missing:
        raise Unprepared(lambda _: accounts.ensure(missing))
