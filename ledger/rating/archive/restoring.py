"""Bring an archived month back: its own table if that still stands, else its file, both proved."""

import logging
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from django.db import IntegrityError, connection, transaction

from ledger.constraints import refusal
from ledger.errors import LedgerError
from ledger.rating.archive import parquet
from ledger.rating.archive.models import RestoredMonth
from ledger.rating.archive.records import Archive, archive_of, has_table, held_alone

logger = logging.getLogger(__name__)

TABLE_COLUMNS: Final = """
    SELECT array_agg(attname::text ORDER BY attnum)
    FROM pg_attribute
    WHERE attrelid = to_regclass(%(table)s) AND attnum > 0 AND NOT attisdropped
"""
DROP: Final = "DROP TABLE {table}"
MAKE: Final = "SELECT ledger_make_usage_table(%(month)s)"
RESTORE: Final = "SELECT ledger_restore_usage_month(%(month)s, %(origin)s, %(by)s, %(now)s)"


class NotArchived(LedgerError):
    """The month is in no archive."""

    problem = "not-archived"

    def __init__(self, month: date) -> None:
        self.month = f"{month:%Y-%m}"
        super().__init__(f"{self.month} is not archived")


class ArchiveMissing(LedgerError):
    """Neither the table of an archived month nor its file is at hand."""

    problem = "archive-missing"

    def __init__(self, archive: Archive, folder: Path) -> None:
        self.month = f"{archive.month:%Y-%m}"
        self.file = archive.file_name
        super().__init__(
            f"{archive.file_name} is not in {folder}, and the table of {self.month} does not stand;"
            " name the folder in which the file is"
        )


class ArchiveDiffers(LedgerError):
    """A file is not the one that was archived."""

    problem = "archive-differs"

    def __init__(self, path: Path, *, recorded: str, found: str) -> None:
        self.file = str(path)
        self.recorded_sha256 = recorded
        self.found_sha256 = found
        super().__init__(
            f"{path} is not the file that was archived: its SHA-256 is {found}, not {recorded}"
        )


@dataclass(frozen=True, slots=True)
class Restored:
    """A month that is in the usage journal again, and what it was brought back from."""

    month: date
    rows: int
    origin: str


def restore_month(
    month: date, *, folder: Path, by: str, now: datetime, from_file: bool = False
) -> Restored:
    """Attach an archived month again, all of it or nothing, and wake what waits for it.

    `from_file`: its table is dropped, if it still stands, and filled anew from the file.

    :raises NotArchived: if the month is in no archive.
    :raises ArchiveMissing, ArchiveDiffers, RefusedByTheBooks: if there is nothing to bring it
        back from that is what was archived.
    """
    with held_alone(month):
        archive = archive_of(month)
        if archive is None:
            raise NotArchived(month)
        # A table from before the journal had its present columns cannot be attached.
        fits = _columns(month) == [one.name for one in parquet.journal_columns()]
        path = _proved_file(archive, folder=folder) if from_file or not fits else None
        return _restore(archive, path, by=by, now=now)


@transaction.atomic
def _restore(archive: Archive, path: Path | None, *, by: str, now: datetime) -> Restored:
    month = archive.month
    origin = RestoredMonth.Origin.TABLE
    if path is not None:
        origin = RestoredMonth.Origin.FILE
        with connection.cursor() as cursor:
            if has_table(month):
                cursor.execute(DROP.format(table=parquet.table_of(month)))
            cursor.execute(MAKE, {"month": month})
        parquet.load(path, month=month, names=archive.columns)
    try:
        with connection.cursor() as cursor:
            cursor.execute(RESTORE, {"month": month, "origin": origin.value, "by": by, "now": now})
    except IntegrityError as error:
        raise refusal(error) or error from error
    logger.info("month restored", extra={"month": f"{month:%Y-%m}", "origin": origin.value})
    return Restored(month, archive.rows, origin.value)


def _columns(month: date) -> list[str] | None:
    with connection.cursor() as cursor:
        cursor.execute(TABLE_COLUMNS, {"table": parquet.table_of(month)})
        (names,) = cursor.fetchone()
    return names  # type: ignore[no-any-return] # a row of the database


def _proved_file(archive: Archive, *, folder: Path) -> Path:
    """Return the archive's file after comparing its hash.

    :raises ArchiveMissing: if it is not in the folder.
    :raises ArchiveDiffers: if another file has its name.
    """
    path = archive.file(folder)
    if not path.is_file():
        raise ArchiveMissing(archive, folder)
    found = parquet.sha256_of(path)
    if found != archive.sha256:
        raise ArchiveDiffers(path, recorded=archive.sha256, found=found)
    return path
