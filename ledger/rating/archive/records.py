"""Which months are archived, and what the books keep of them in place of their usage entries."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from django.db import connection

from ledger.errors import LedgerError
from ledger.periods import month_of
from ledger.rating.archive.parquet import table_of

AWAY: Final = """
    NOT EXISTS (SELECT FROM ledger_restored_month restored
                WHERE restored.archive_id = {archive})
"""
"""Whether the month of an archive is still in it."""

AWAY_MONTH: Final = """
    EXISTS (SELECT FROM ledger_archived_month archive
            WHERE archive.month = date_trunc('month', {{at}} AT TIME ZONE 'UTC')
              AND {away})
""".format(away=AWAY.format(archive="archive.id"))
"""Whether an instant lies in a month that is in an archive."""

AWAY_USAGE: Final = f"""
    (SELECT usage.* FROM ledger_archived_usage usage
     WHERE {AWAY.format(archive="usage.archive_id")})
"""
"""Sums of the usage entries that are in archives, by journal entry: for a FROM."""

AWAY_BATCHES: Final = f"""
    (SELECT batch.* FROM ledger_archived_batch batch
     WHERE {AWAY.format(archive="batch.archive_id")})
"""
"""The rows of batches whose usage entries are in archives: for a FROM."""

ARCHIVE: Final = f"""
    SELECT archive.id, archive.month, archive.rows, archive.columns, archive.file_name,
           archive.sha256, archive.archived_at, archive.archived_by
    FROM ledger_archived_month archive
    WHERE archive.month = %(month)s AND {AWAY.format(archive="archive.id")}
"""
MONTHS_OF_ENTRY: Final = f"""
    SELECT archive.month
    FROM ledger_archived_month archive
    WHERE {AWAY.format(archive="archive.id")}
      AND EXISTS (SELECT FROM ledger_archived_usage usage
                  WHERE usage.journal_entry_id = %(entry)s AND usage.archive_id = archive.id)
    ORDER BY archive.month
    LIMIT 1
"""
STANDS: Final = "SELECT to_regclass(%(table)s) IS NOT NULL"
LOCK: Final = """
    SELECT pg_advisory_lock(lock.class, lock.number)
    FROM ledger_usage_month_lock(%(month)s) AS lock
"""
UNLOCK: Final = """
    SELECT pg_advisory_unlock(lock.class, lock.number)
    FROM ledger_usage_month_lock(%(month)s) AS lock
"""


class MonthArchived(LedgerError):
    """What was asked for lies in an archive and not in the tables."""

    problem = "month-archived"

    def __init__(self, month: date) -> None:
        self.month = f"{month:%Y-%m}"
        super().__init__(
            f"the usage entries of {self.month} are archived: they stand in the archive's file, and"
            f" an operator brings them back with `manage.py restore_month {self.month}`"
        )


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive whose month is away: the file's name, hash, rows and columns."""

    id: int
    month: date
    rows: int
    columns: list[str]
    file_name: str
    sha256: str
    archived_at: datetime
    archived_by: str

    def file(self, folder: Path) -> Path:
        """Return where its file lies if it is in this folder."""
        return folder / self.file_name


def archive_of(month: date) -> Archive | None:
    """Return the archive in which a month lies; None if it is in the tables or was never used."""
    with connection.cursor() as cursor:
        cursor.execute(ARCHIVE, {"month": month})
        row: tuple[Any, ...] | None = cursor.fetchone()
    return Archive(*row) if row else None


def require_at_hand(at: datetime) -> None:
    """Let pass what is asked of a month that is in the tables, or was never used.

    :raises MonthArchived: if the month in UTC is in an archive.
    """
    archive = archive_of(month_of(at.date())[0])
    if archive is not None:
        raise MonthArchived(archive.month)


def require_usage_at_hand(entry_id: int) -> None:
    """Let pass what is asked of a journal entry of which no usage entry is in an archive.

    :raises MonthArchived: if one is.
    """
    with connection.cursor() as cursor:
        cursor.execute(MONTHS_OF_ENTRY, {"entry": entry_id})
        row = cursor.fetchone()
    if row is not None:
        raise MonthArchived(row[0])


def has_table(month: date) -> bool:
    """Return whether there is a table of the month, attached or not."""
    with connection.cursor() as cursor:
        cursor.execute(STANDS, {"table": table_of(month)})
        (stands,) = cursor.fetchone()
    return bool(stands)


@contextmanager
def held_alone(month: date) -> Iterator[None]:
    """Hold a month so that nothing is written into it; waits for the claims that write there.

    Claims that come to it meanwhile set its events aside instead of waiting. The lock is the
    session's, so it ends with this process, however that ends.
    """
    with connection.cursor() as cursor:
        cursor.execute(LOCK, {"month": month})
    try:
        yield
    finally:
        # A connection that is lost has let go of it; one whose transaction failed is rolled back.
        if connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute(UNLOCK, {"month": month})
