"""Months of the usage journal: made ahead, never inside a claim, and held while it writes."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np
from django.db import connection

from ledger.periods import month_of
from ledger.pricing.published import Lack
from ledger.rating.events import Events
from ledger.rating.preparation import Unprepared
from ledger.rating.valuation import Valuation
from ledger.usage.identity import EPOCH

ADD_MONTH: Final = "SELECT ledger_add_usage_month(month) FROM unnest(%(months)s::date[]) AS month"
HOLD: Final = "SELECT month, state FROM ledger_hold_usage_months(%(months)s::date[])"
MONTHS: Final = """
    SELECT substring(child.relname FROM '[0-9]{6}$')
    FROM pg_inherits
    JOIN pg_class child ON child.oid = inhrelid
    WHERE inhparent = 'ledger_usage_entry'::regclass
"""

DAY_US: Final = 86_400 * 1_000_000
MONTH_ARCHIVED: Final = "month_archived"
"""Why an event is set aside whose month is in an archive: a restore of it mends that."""


def at_hand(claimed: Events, valuation: Valuation) -> Valuation:
    """Return the valuation of the events whose month can be written into, until commit.

    Events of a month that is archived, or is being archived, lack that month.

    :raises Unprepared: if a month must be made first.
    """
    if not len(valuation.kept):
        return valuation
    occurred_us = claimed.occurred_us[valuation.kept]
    days = np.unique(occurred_us // DAY_US)
    states = hold(EPOCH + timedelta(days=int(day)) for day in days)
    missing = [month for month, state in states.items() if state == "missing"]
    if missing:
        raise Unprepared(lambda _: add(missing))
    archived = [month for month, state in states.items() if state == "archived"]
    if not archived:
        return valuation
    months = occurred_us.astype("datetime64[us]").astype("datetime64[M]")
    away = np.isin(months, np.array(archived, dtype="datetime64[M]"))
    lacks = {
        int(index): Lack(MONTH_ARCHIVED, f"month:{month}")
        for index, month in zip(valuation.kept[away], months[away], strict=True)
    }
    return replace(
        valuation,
        kept=valuation.kept[~away],
        combination_of=valuation.combination_of[~away],
        amounts=valuation.amounts[:, ~away],
        lacks={**valuation.lacks, **lacks},
    )


def hold(occurred_at: Iterable[datetime]) -> dict[date, str]:
    """Hold the months, in UTC, until commit: none of them is archived before.

    Says of each whether it is `present`, `missing`, or `archived`; never waits.
    """
    months = sorted({month_of(at.astimezone(UTC).date())[0] for at in occurred_at})
    with connection.cursor() as cursor:
        cursor.execute(HOLD, {"months": months})
        return dict(cursor.fetchall())


def months_missing(occurred_at: Iterable[datetime]) -> list[date]:
    """Return the first days of the months, in UTC, for which there is no partition."""
    with connection.cursor() as cursor:
        cursor.execute(MONTHS)
        present = {name for (name,) in cursor.fetchall()}
    wanted = {month_of(at.astimezone(UTC).date())[0] for at in occurred_at}
    return sorted(month for month in wanted if f"{month:%Y%m}" not in present)


def add(months: Iterable[date]) -> None:
    """Add the partitions of these months, unless they are there."""
    with connection.cursor() as cursor:
        cursor.execute(ADD_MONTH, {"months": sorted(months)})


def prepare_ahead(*, now: datetime) -> list[date]:
    """Add this month's partition and the next two; return those that were missing."""
    this, following = month_of(now.astimezone(UTC).date())
    last = month_of(following)[1]
    wanted = [datetime(day.year, day.month, 1, tzinfo=UTC) for day in (this, following, last)]
    missing = months_missing(wanted)
    add(missing)
    return missing
