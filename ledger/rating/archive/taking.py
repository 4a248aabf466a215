"""Take a month out of the usage journal: into a file, proved, and then off in one act."""

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from django.db import IntegrityError, connection, transaction

from ledger.constraints import refusal
from ledger.errors import LedgerError
from ledger.periods import month_of
from ledger.rating.archive import parquet
from ledger.rating.archive.columns import Facts
from ledger.rating.archive.records import archive_of, held_alone
from ledger.rating.partitions import MONTH_ARCHIVED
from ledger.rating.waiting import Unsettled, unsettled

logger = logging.getLogger(__name__)

ATTACHED: Final = "SELECT ledger_usage_attached(%(month)s)"
WAKE: Final = """
    UPDATE ledger_set_aside
    SET retry_at = %(now)s
    WHERE reason = %(reason)s AND missing = %(missing)s AND retry_at > %(now)s
"""
ARCHIVE: Final = """
    SELECT ledger_archive_usage_month(
        %(month)s, %(file)s, %(sha256)s, %(columns)s, %(facts)s::jsonb, %(drop)s, %(by)s, %(now)s)
"""


class MonthRuns(LedgerError):
    """The month is not over in UTC, in which the usage journal counts its months."""

    problem = "month-not-over"

    def __init__(self, month: date, ends_at: datetime) -> None:
        self.month = f"{month:%Y-%m}"
        self.ends_at = ends_at
        super().__init__(
            f"{self.month} is over at {ends_at:%Y-%m-%d %H:%M} UTC and is not archived before"
        )


class AlreadyArchived(LedgerError):
    """The month is in an archive."""

    problem = "already-archived"

    def __init__(self, month: date, file_name: str) -> None:
        self.month = f"{month:%Y-%m}"
        self.file = file_name
        super().__init__(f"{self.month} is archived already, in {file_name}")


class NothingToArchive(LedgerError):
    """The usage journal has no entry of the month."""

    problem = "nothing-to-archive"

    def __init__(self, month: date) -> None:
        self.month = f"{month:%Y-%m}"
        super().__init__(f"the usage journal holds nothing of {self.month}")


class NotReadyToArchive(LedgerError):
    """Something of the month still moves."""

    problem = "not-ready-to-archive"

    def __init__(self, month: date, left: Unsettled) -> None:
        self.month = f"{month:%Y-%m}"
        self.open_periods = left.open_periods
        self.waiting = left.waiting
        self.set_aside = left.set_aside
        self.corrections = left.corrections
        super().__init__(
            f"{self.month} is not archived before its usage is settled: open periods that it is"
            f" booked in: {', '.join(left.open_periods) or 'none'}; events that wait:"
            f" {left.waiting}; events set aside: {left.set_aside}; corrections that wait:"
            f" {left.corrections}"
        )


@dataclass(frozen=True, slots=True)
class Taken:
    """A month that was archived: its file, how many usage entries, whether its table still is."""

    month: date
    file: Path
    rows: int
    sha256: str
    table_stands: bool


@dataclass(frozen=True, slots=True)
class _File:
    """A file that was written: where it is, its hash, and what it holds."""

    path: Path
    sha256: str
    facts: Facts


def archive_month(month: date, *, folder: Path, by: str, now: datetime, drop: bool) -> Taken:
    """Archive the month that begins at `month`.

    Its file is complete, read back and on the disk before anything changes. What changes then
    changes in one transaction. A process that is killed leaves the month as it was, and perhaps a
    file that no record names; another run does the whole again.

    :raises MonthRuns, AlreadyArchived, NothingToArchive, NotReadyToArchive: if it may not be; no
        file is written.
    :raises RefusedByTheBooks: if the file is not what the partition holds, or the database
        refuses for another reason; nothing is changed.
    """
    with held_alone(month), _waking_who_waits(month, now=now):
        _require_archivable(month, now=now)
        columns = parquet.journal_columns()
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f".usage-{month:%Y-%m}.parquet.part"
        try:
            parquet.write(part, month=month, columns=columns)
            facts = parquet.read(part, names=[one.name for one in columns])
            if facts.rows == 0:
                raise NothingToArchive(month)
            sha256 = parquet.sha256_of(part)
            file = _File(folder / file_name(month, sha256=sha256), sha256, facts)
            was_there = file.path.exists()
            part.replace(file.path)
            _sync(folder)
            try:
                _take_off(month, file, by=by, now=now, drop=drop)
            except LedgerError:
                # Refused, so nothing names it. Of any other failure it is not known whether it
                # came before the commit or after, and a file too many does no harm.
                if not was_there:
                    file.path.unlink()
                raise
        finally:
            part.unlink(missing_ok=True)
    logger.info("month archived", extra={"month": f"{month:%Y-%m}", "rows": facts.rows})
    return Taken(month, file.path, facts.rows, sha256, table_stands=not drop)


def file_name(month: date, *, sha256: str) -> str:
    """Return the name of an archive's file, which no file with other content has.

    >>> file_name(date(2024, 1, 1), sha256="0123456789abcdef")
    'usage-2024-01-0123456789ab.parquet'
    """
    return f"usage-{month:%Y-%m}-{sha256[:12]}.parquet"


@contextmanager
def _waking_who_waits(month: date, *, now: datetime) -> Iterator[None]:
    """If the month stays, have the events tried again that met it being archived.

    Also those that met an earlier run, which was killed.
    """
    try:
        yield
    except LedgerError:
        missing = f"month:{month:%Y-%m}"
        with connection.cursor() as cursor:
            cursor.execute(WAKE, {"reason": MONTH_ARCHIVED, "missing": missing, "now": now})
        raise


def _require_archivable(month: date, *, now: datetime) -> None:
    starts_on, ends_on = month_of(month)
    starts_at, ends_at = (
        datetime(day.year, day.month, 1, tzinfo=UTC) for day in (starts_on, ends_on)
    )
    if now < ends_at:
        raise MonthRuns(starts_on, ends_at)
    archive = archive_of(starts_on)
    if archive is not None:
        raise AlreadyArchived(starts_on, archive.file_name)
    with connection.cursor() as cursor:
        cursor.execute(ATTACHED, {"month": starts_on})
        (attached,) = cursor.fetchone()
    if not attached:
        raise NothingToArchive(starts_on)
    left = unsettled(starts_at=starts_at, ends_at=ends_at)
    if left:
        raise NotReadyToArchive(starts_on, left)


@transaction.atomic
def _take_off(month: date, file: _File, *, by: str, now: datetime, drop: bool) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                ARCHIVE,
                {
                    "month": month,
                    "file": file.path.name,
                    "sha256": file.sha256,
                    "columns": list(file.facts.sums),
                    "facts": json.dumps(file.facts.told()),
                    "drop": drop,
                    "by": by,
                    "now": now,
                },
            )
    except IntegrityError as error:
        raise refusal(error) or error from error


def _sync(folder: Path) -> None:
    """Have a folder's names on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
