"""Months of the usage journal: made ahead, never inside a claim."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Final

from django.db import connection

from ledger.periods import month_of

ADD_MONTH: Final = "SELECT ledger_add_usage_month(month) FROM unnest(%(months)s::date[]) AS month"
MONTHS: Final = """
    SELECT substring(child.relname FROM '[0-9]{6}$')
    FROM pg_inherits
    JOIN pg_class child ON child.oid = inhrelid
    WHERE inhparent = 'ledger_usage_entry'::regclass
"""


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
