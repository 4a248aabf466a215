"""Record what a source states that it sent; its newest statement of a window holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction

from ledger.errors import LedgerError
from ledger.parties.callers import Caller
from ledger.parties.sources import source
from ledger.tokens import TOKEN_CLASSES
from ledger.usage.formats.manifests import Statement

MOST_WINDOWS_A_DAY: Final = 200
"""Each quarter hour, each hour, some days: more windows of one source begin on no day."""

MOST_REVISIONS: Final = 100

LOCK: Final = "SELECT FROM ledger_source WHERE id = %(source)s FOR NO KEY UPDATE"
"""One at a time for each source, so that revisions follow one another; intake is not held up."""

HELD: Final = f"""
    SELECT DISTINCT ON (starts_at, ends_at)
           starts_at, ends_at, revision, events, ARRAY[{", ".join(TOKEN_CLASSES)}],
           first_sequence, last_sequence
    FROM ledger_manifest
    JOIN unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) AS wanted (starts_at, ends_at)
        USING (starts_at, ends_at)
    WHERE source_id = %(source)s
    ORDER BY starts_at, ends_at, revision DESC
"""
CROWDED: Final = """
    SELECT day
    FROM unnest(%(days)s::date[]) AS day
    CROSS JOIN LATERAL (
        SELECT count(DISTINCT (starts_at, ends_at)) AS windows
        FROM ledger_manifest
        WHERE source_id = %(source)s
          AND starts_at >= day::timestamp AT TIME ZONE 'UTC'
          AND starts_at < (day + 1)::timestamp AT TIME ZONE 'UTC'
    ) stated
    WHERE windows > %(most)s
    ORDER BY day
    LIMIT 1
"""
INSERT: Final = f"""
    INSERT INTO ledger_manifest
        (source_id, posted_at, starts_at, ends_at, revision, events, {", ".join(TOKEN_CLASSES)},
         first_sequence, last_sequence)
    SELECT %(source)s, %(now)s, stated.*
    FROM unnest(
        %(starts)s::timestamptz[], %(ends)s::timestamptz[], %(revisions)s::int[],
        %(events)s::bigint[], {", ".join(f"%({name})s::bigint[]" for name in TOKEN_CLASSES)},
        %(firsts)s::bigint[], %(lasts)s::bigint[]
    ) AS stated
"""


class TooManyManifests(LedgerError):
    """More is stated of a day or of a window than is kept."""

    problem = "too-many-manifests"

    def __init__(self, subject: str, limit: int) -> None:
        self.subject = subject
        self.limit = limit
        super().__init__(f"at most {limit} {subject} are kept; nothing was recorded")


@dataclass(frozen=True, slots=True)
class Recorded:
    """A statement and what became of it; the first of its window is revision 1.

    `status` is `recorded`, `unchanged` where the newest statement says the same, or `revised`
    where it said something else.
    """

    statement: Statement
    revision: int
    status: str


def state(
    caller: Caller, *, source_id: int, statements: Sequence[Statement], now: datetime
) -> list[Recorded]:
    """Record what a caller states of a source for which it may speak, as `record` does.

    :raises NoSuchSource: if there is none, or it is another provider's.
    :raises SourceNotAllowed: if the key is bound to other sources.
    """
    found = source(caller.viewer, source_id=source_id)
    caller.check_source(found.uri)
    return record(found.id, statements=statements, now=now)


@transaction.atomic
def record(source_id: int, *, statements: Sequence[Statement], now: datetime) -> list[Recorded]:
    """Record what is new among the statements, in their order, and say what became of each.

    :raises TooManyManifests: if a day would have too many windows, or a window too many statements.
    """
    with connection.cursor() as cursor:
        cursor.execute(LOCK, {"source": source_id})
        newest = _newest(source_id, statements)
        recorded: list[Recorded] = []
        for statement in statements:
            revision, held = newest.get(statement.window, (0, None))
            if held == statement:
                recorded.append(Recorded(statement, revision, "unchanged"))
                continue
            newest[statement.window] = revision + 1, statement
            status = "revised" if revision else "recorded"
            recorded.append(Recorded(statement, revision + 1, status))
        new = [one for one in recorded if one.status != "unchanged"]
        if new:
            cursor.execute(INSERT, _columns(source_id, new, now=now))
            _refuse_too_many(source_id, new)
    return recorded


def _refuse_too_many(source_id: int, new: Sequence[Recorded]) -> None:
    """Look what there is now: whoever reads a span reads all windows that meet it.

    :raises TooManyManifests: if it is too much.
    """
    for one in new:
        if one.revision > MOST_REVISIONS:
            starts_at, ends_at = (f"{at:%Y-%m-%d %H:%M}" for at in one.statement.window)
            subject = f"statements of the window from {starts_at} to {ends_at} UTC"
            raise TooManyManifests(subject, MOST_REVISIONS)
    with connection.cursor() as cursor:
        cursor.execute(
            CROWDED,
            {
                "source": source_id,
                "days": sorted({one.statement.starts_at.date() for one in new}),
                "most": MOST_WINDOWS_A_DAY,
            },
        )
        for (day,) in cursor.fetchall():
            raise TooManyManifests(f"windows that begin on {day:%Y-%m-%d} UTC", MOST_WINDOWS_A_DAY)


def _newest(
    source_id: int, statements: Sequence[Statement]
) -> dict[tuple[datetime, datetime], tuple[int, Statement | None]]:
    """Return the newest statement of each window, with its revision."""
    with connection.cursor() as cursor:
        cursor.execute(
            HELD,
            {
                "source": source_id,
                "starts": [one.starts_at for one in statements],
                "ends": [one.ends_at for one in statements],
            },
        )
        return {
            (starts_at, ends_at): (
                revision,
                Statement(starts_at, ends_at, events, tuple(tokens), first, last),
            )
            for starts_at, ends_at, revision, events, tokens, first, last in cursor
        }


def _columns(source_id: int, new: Sequence[Recorded], *, now: datetime) -> Mapping[str, Any]:
    stated = [one.statement for one in new]
    tokens = zip(*(one.tokens for one in stated), strict=True)
    return {
        "source": source_id,
        "now": now,
        "starts": [one.starts_at for one in stated],
        "ends": [one.ends_at for one in stated],
        "revisions": [one.revision for one in new],
        "events": [one.events for one in stated],
        **{name: list(sums) for name, sums in zip(TOKEN_CLASSES, tokens, strict=True)},
        "firsts": [one.first_sequence for one in stated],
        "lasts": [one.last_sequence for one in stated],
    }
