"""Meter readings from a CSV file: good rows are recorded, each bad one is named by its line."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ledger.energy import readings, sites, stated
from ledger.energy.stated import StatedReading
from ledger.errors import LedgerError
from ledger.parties.viewers import Viewer

REQUIRED: Final = ("site", "kind", "starts_at", "ends_at", "quantity")
ROWS_AT_ONCE: Final = 50_000


class ColumnsMissing(LedgerError):
    """The file's first line does not name the columns of readings."""

    problem = "meter-columns-missing"

    def __init__(self, missing: Iterable[str]) -> None:
        self.missing = list(missing)
        super().__init__(
            f"the first line does not name {', '.join(self.missing)}; the columns are"
            f" {', '.join(stated.FIELDS)}"
        )


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that was not recorded, and why."""

    line: int
    detail: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file's rows."""

    new: int
    revised: int
    unchanged: int
    bad: tuple[BadLine, ...]


def load(lines: Iterable[str], *, viewer: Viewer, by: str, now: datetime) -> Imported:
    """Record the readings of a CSV file; a row that cannot be taken holds up no other.

    :raises ColumnsMissing: if the first line does not name the columns.
    """
    rows = csv.DictReader(lines)
    missing = [name for name in REQUIRED if name not in (rows.fieldnames or ())]
    if missing:
        raise ColumnsMissing(missing)
    known = {site.code for site in sites.sites(viewer)}
    bad: list[BadLine] = []
    new = revised = unchanged = 0
    for part in _parts(_parsed(rows, known, bad)):
        taken = readings.record(viewer, [reading for _, reading in part], by=by, now=now, skip=True)
        bad += [
            BadLine(part[fault.index][0], f"{fault.reading} {fault.detail}")
            for fault in taken.faults
        ]
        new, revised = new + taken.new, revised + taken.revised
        unchanged += taken.unchanged
    return Imported(new, revised, unchanged, tuple(sorted(bad, key=lambda one: one.line)))


def _parsed(
    rows: "csv.DictReader[str]", known: set[str], bad: list[BadLine]
) -> Iterator[tuple[int, StatedReading]]:
    """Yield (line, reading) of rows that can be read, and note the others."""
    for row in rows:
        try:
            reading = stated.reading(_fields(row))
        except ValueError as error:
            bad.append(BadLine(rows.line_num, str(error)))
            continue
        if reading.site in known:
            yield rows.line_num, reading
        else:
            bad.append(BadLine(rows.line_num, f"there is no site {reading.site!r}"))


def _fields(row: Mapping[str | None, object]) -> dict[str, object]:
    if None in row:
        raise ValueError("the line has more values than there are columns")
    return {str(name): value for name, value in row.items()}


def _parts(
    parsed: Iterator[tuple[int, StatedReading]],
) -> Iterator[list[tuple[int, StatedReading]]]:
    """Yield the rows in parts that are recorded at once."""
    part: list[tuple[int, StatedReading]] = []
    for one in parsed:
        part.append(one)
        if len(part) == ROWS_AT_ONCE:
            yield part
            part = []
    if part:
        yield part
