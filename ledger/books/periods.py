"""Periods of agreements: made ahead, shared by rating, closed by settlement."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection

from ledger.errors import LedgerError
from ledger.periods import month_of

CREATE = """
    INSERT INTO ledger_period (agreement_id, starts_on, ends_on, state)
    SELECT agreement_id, starts_on, ends_on, 'open'
    FROM unnest(%(agreements)s::bigint[], %(starts)s::date[], %(ends)s::date[])
         AS wanted (agreement_id, starts_on, ends_on)
    ORDER BY agreement_id, starts_on
    ON CONFLICT (agreement_id, starts_on) DO NOTHING
"""
SHARE = """
    SELECT id, agreement_id, starts_on, ends_on, state
    FROM ledger_period
    WHERE agreement_id = ANY(%(agreements)s)
    ORDER BY id
    FOR SHARE
"""
LOCK_MONTH = """
    SELECT id, agreement_id, starts_on, ends_on, state
    FROM ledger_period
    WHERE agreement_id = ANY(%(agreements)s) AND starts_on = %(starts_on)s
    ORDER BY id
    FOR UPDATE
"""
CLOSE = """
    UPDATE ledger_period
    SET state = 'closed', closed_at = %(now)s, closed_by_id = %(user)s
    WHERE id = ANY(%(ids)s) AND state = 'open'
"""


class PeriodAlreadyClosed(LedgerError):
    """The period was closed before."""

    problem = "period-closed"

    def __init__(self, starts_on: date, agreement_ids: Sequence[int]) -> None:
        self.starts_on = starts_on
        self.agreement_ids = list(agreement_ids)
        super().__init__(
            f"the period from {starts_on} is closed already for agreements {self.agreement_ids}"
        )


@dataclass(frozen=True, slots=True)
class PeriodSpan:
    """A period as it stood when it was locked: starts_on <= date < ends_on."""

    id: int
    agreement_id: int
    starts_on: date
    ends_on: date
    is_open: bool


@dataclass(frozen=True, slots=True)
class Booking:
    """Where a date is booked: its own period, or the earliest open one, as prior-period."""

    period_id: int
    accounting_date: date
    prior_period: bool


def ensure(keys: Iterable[tuple[int, date]]) -> None:
    """Create the monthly periods (agreement id, any day of the month) that are missing."""
    wanted = sorted({(agreement_id, month_of(day)) for agreement_id, day in keys})
    if not wanted:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            CREATE,
            {
                "agreements": [agreement_id for agreement_id, _ in wanted],
                "starts": [starts_on for _, (starts_on, _) in wanted],
                "ends": [ends_on for _, (_, ends_on) in wanted],
            },
        )


def share(agreement_ids: Iterable[int]) -> list[PeriodSpan]:
    """Lock the agreements' periods FOR SHARE, ascending: none of them closes before we commit."""
    with connection.cursor() as cursor:
        cursor.execute(SHARE, {"agreements": sorted(set(agreement_ids))})
        return _spans(cursor.fetchall())


def booking(spans: Sequence[PeriodSpan], day: date) -> Booking | None:
    """Return where `day` is booked among one agreement's periods; None if a period is missing.

    A day that is not in an open period and lies before the end of the last closed one is late: it
    goes to the first day of the earliest month after it that is open.
    """
    own = next((span for span in spans if span.starts_on <= day < span.ends_on), None)
    if own is not None and own.is_open:
        return Booking(period_id=own.id, accounting_date=day, prior_period=False)
    after = _closed_until(spans)
    if after is None or day >= after:
        return None
    following = next((span for span in spans if span.starts_on == after), None)
    if following is None:
        return None
    return Booking(period_id=following.id, accounting_date=following.starts_on, prior_period=True)


def missing_day(spans: Sequence[PeriodSpan], day: date) -> date:
    """Return a day of the month whose period `booking` needs for `day` and does not find."""
    after = _closed_until(spans)
    return day if after is None or day >= after else after


def _closed_until(spans: Sequence[PeriodSpan]) -> date | None:
    """Return the day on which the last closed period ended."""
    return max((span.ends_on for span in spans if not span.is_open), default=None)


def lock(*, agreement_ids: Iterable[int], starts_on: date) -> None:
    """Lock the agreements' periods that start then, ascending, as closing them does.

    Waits for claims that hold them, and none begins before the caller commits.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            LOCK_MONTH, {"agreements": sorted(set(agreement_ids)), "starts_on": starts_on}
        )


def close(
    *, agreement_ids: Iterable[int], starts_on: date, user_id: int | None, now: datetime
) -> list[PeriodSpan]:
    """Close the agreements' periods that start on `starts_on`; return them as they were.

    Waits for claims that hold them, and none begins before the caller commits.

    :raises PeriodAlreadyClosed: if one of them is closed; nothing is changed.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            LOCK_MONTH, {"agreements": sorted(set(agreement_ids)), "starts_on": starts_on}
        )
        spans = _spans(cursor.fetchall())
        closed = [span.agreement_id for span in spans if not span.is_open]
        if closed:
            raise PeriodAlreadyClosed(starts_on, closed)
        cursor.execute(CLOSE, {"ids": [span.id for span in spans], "user": user_id, "now": now})
        assert cursor.rowcount == len(spans), "locked periods cannot change under us"
    return spans


def _spans(rows: list[tuple[int, int, date, date, str]]) -> list[PeriodSpan]:
    return [
        PeriodSpan(id_, agreement_id, starts_on, ends_on, state == "open")
        for id_, agreement_id, starts_on, ends_on, state in rows
    ]
