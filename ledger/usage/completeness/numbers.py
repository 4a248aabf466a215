"""Sequence numbers: which are missing, which were used more than once, which nobody stated.

A hole is one range, however many numbers it holds: ranges are subtracted, never counted through.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from django.db import connection

from ledger.usage.completeness.spans import Span
from ledger.usage.coverage import SLOT
from ledger.usage.identity import EPOCH

FOUND: Final = """
    WITH stated AS (
        -- The newest statement of each window that meets the span.
        SELECT *
        FROM (
            SELECT DISTINCT ON (source_id, starts_at, ends_at)
                   source_id, starts_at, ends_at, first_sequence, last_sequence
            FROM ledger_manifest
            WHERE source_id = ANY(%(sources)s) AND starts_at < %(ends_at)s
              AND ends_at > %(starts_at)s
            ORDER BY source_id, starts_at, ends_at, revision DESC
        ) newest
        WHERE first_sequence IS NOT NULL
    ), inside AS (
        SELECT source_id, first_sequence, last_sequence
        FROM ledger_coverage
        WHERE source_id = ANY(%(sources)s) AND first_sequence IS NOT NULL
          AND slot_starts_at >= %(starts_at)s AND slot_starts_at < %(ends_at)s
    ), bounds AS (
        SELECT source_id, LEAST(min(first_sequence), max(last_sequence)) AS low,
               GREATEST(min(first_sequence), max(last_sequence)) AS high
        FROM (
            SELECT source_id, first_sequence, last_sequence FROM inside
            UNION ALL
            SELECT source_id, first_sequence, last_sequence FROM stated
            UNION ALL
            SELECT source_id, before.last_sequence, after.first_sequence
            FROM unnest(%(sources)s::bigint[]) AS wanted (source_id)
            LEFT JOIN LATERAL (
                SELECT last_sequence
                FROM ledger_coverage
                WHERE source_id = wanted.source_id AND first_sequence IS NOT NULL
                  AND slot_starts_at < %(starts_at)s
                ORDER BY slot_starts_at DESC, last_sequence DESC
                LIMIT 1
            ) before ON true
            LEFT JOIN LATERAL (
                SELECT first_sequence
                FROM ledger_coverage
                WHERE source_id = wanted.source_id AND first_sequence IS NOT NULL
                  AND slot_starts_at >= %(ends_at)s
                ORDER BY slot_starts_at, first_sequence
                LIMIT 1
            ) after ON true
        ) known
        GROUP BY source_id
        HAVING min(first_sequence) IS NOT NULL AND max(last_sequence) IS NOT NULL
    ), expected AS (
        -- Out to the neighbours that arrived: a hole at the edge of the span ends outside of it,
        -- and where nothing arrived it may be all of one.
        SELECT bounds.source_id, LEAST(low, COALESCE(below.last, around.first)) AS low,
               GREATEST(high, above.first) AS high
        FROM bounds
        CROSS JOIN LATERAL (
            SELECT max(last_sequence) AS last
            FROM ledger_coverage
            WHERE source_id = bounds.source_id AND first_sequence IS NOT NULL
              AND last_sequence < bounds.low
        ) below
        CROSS JOIN LATERAL (
            SELECT min(first_sequence) AS first
            FROM ledger_coverage
            WHERE source_id = bounds.source_id AND last_sequence >= bounds.low
              AND first_sequence < bounds.low
        ) around
        CROSS JOIN LATERAL (
            SELECT min(first_sequence) AS first
            FROM ledger_coverage
            WHERE source_id = bounds.source_id AND last_sequence > bounds.high
              AND first_sequence > bounds.high
        ) above
    ), held AS (
        SELECT coverage.source_id, slot_starts_at, received_at, sequences, repeated_sequences,
               slot_starts_at >= %(starts_at)s AND slot_starts_at < %(ends_at)s AS is_inside
        FROM expected
        JOIN ledger_coverage coverage
          ON coverage.source_id = expected.source_id AND coverage.first_sequence IS NOT NULL
         AND coverage.last_sequence >= expected.low AND coverage.first_sequence <= expected.high
    ), marks AS (
        -- Where statements begin and end, and the narrowest that holds from there on.
        SELECT source_id, number,
               ARRAY[row_number() OVER (PARTITION BY source_id ORDER BY number),
                     extract(epoch FROM owner.starts_at)::bigint,
                     extract(epoch FROM owner.ends_at)::bigint] AS mark
        FROM (
            SELECT source_id, first_sequence AS number FROM stated
            UNION
            SELECT source_id, last_sequence + 1 FROM stated
        ) every
        LEFT JOIN LATERAL (
            SELECT starts_at, ends_at
            FROM stated
            WHERE stated.source_id = every.source_id
              AND every.number BETWEEN first_sequence AND last_sequence
            ORDER BY ends_at - starts_at, starts_at
            LIMIT 1
        ) owner ON true
    ), turns AS (
        -- Each number from which on something is different: how many more rows hold it, how many
        -- of the span, how many that hold it twice.
        SELECT source_id, number, sum(rows) AS rows, sum(own) AS own, sum(twice) AS twice,
               min(slot_starts_at) FILTER (WHERE rows < 0) AS ended_at,
               min(received_at) FILTER (WHERE rows < 0) AS ended_received_at,
               max(slot_starts_at) FILTER (WHERE rows > 0) AS begun_at,
               max(received_at) FILTER (WHERE rows > 0) AS begun_received_at, max(mark) AS mark
        FROM (
            SELECT source_id, turn.number, turn.rows, turn.rows * is_inside::int AS own, 0 AS twice,
                   slot_starts_at, received_at, NULL::bigint[] AS mark
            FROM held
            CROSS JOIN LATERAL unnest(sequences) AS numbers
            CROSS JOIN LATERAL (VALUES (lower(numbers), 1), (upper(numbers), -1))
                AS turn (number, rows)
            UNION ALL
            SELECT source_id, turn.number, 0, 0, turn.twice, NULL, NULL, NULL
            FROM held
            CROSS JOIN LATERAL unnest(repeated_sequences) AS numbers
            CROSS JOIN LATERAL (VALUES (lower(numbers), 1), (upper(numbers), -1))
                AS turn (number, twice)
            WHERE is_inside
            UNION ALL
            SELECT source_id, number, 0, 0, 0, NULL, NULL, mark FROM marks
        ) every
        GROUP BY source_id, number
    ), pieces AS (
        -- From each turn to the next nothing is different.
        SELECT source_id, number, lead(number) OVER along AS until,
               sum(rows) OVER along AS rows, sum(own) OVER along AS own,
               sum(twice) OVER along AS twice, ended_at, ended_received_at,
               lead(begun_at) OVER along AS begun_at,
               lead(begun_received_at) OVER along AS begun_received_at,
               max(mark) OVER along AS mark
        FROM turns
        WINDOW along AS (PARTITION BY source_id ORDER BY number)
    ), numbered AS (
        SELECT *, count(*) FILTER (WHERE rows > 0) OVER along AS hole
        FROM pieces
        WHERE until IS NOT NULL
        WINDOW along AS (PARTITION BY source_id ORDER BY number)
    ), missing AS (
        SELECT source_id, int8range(number, until) AS numbers,
               min(number) OVER of_hole - 1 AS previous, max(ended_at) OVER of_hole AS previous_at,
               max(ended_received_at) OVER of_hole AS previous_received_at,
               max(until) OVER of_hole AS following, max(begun_at) OVER of_hole AS following_at,
               max(begun_received_at) OVER of_hole AS following_received_at,
               to_timestamp(mark[2]) AS starts_at, to_timestamp(mark[3]) AS ends_at,
               -- Where nothing has arrived after it: of when the next statement is.
               COALESCE(max(begun_at) OVER of_hole, to_timestamp(min(mark[2]) OVER backwards))
                   AS known_at
        FROM numbered
        JOIN expected USING (source_id)
        WHERE rows = 0 AND number >= low AND until <= high + 1
        WINDOW of_hole AS (PARTITION BY source_id, hole),
               backwards AS (PARTITION BY source_id, hole ORDER BY number DESC)
    ), found AS (
        SELECT source_id, 1 AS kind, numbers, previous, previous_at, previous_received_at,
               following, following_at, following_received_at, starts_at, ends_at,
               GREATEST(starts_at, LEAST(known_at, ends_at - '15 minutes'::interval)) AS counted_at
        FROM missing
        -- Of what lies between two events outside the span, nothing is of the span.
        WHERE starts_at IS NOT NULL OR following_at IS NULL
           OR (LEAST(previous_at, following_at) < %(ends_at)s
               AND GREATEST(previous_at, following_at) >= %(starts_at)s)
        UNION ALL
        SELECT source_id, 2, again, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
        FROM (
            SELECT source_id, range_agg(int8range(number, until)) AS every
            FROM numbered
            WHERE (rows > 1 AND own > 0) OR twice > 0
            GROUP BY source_id
        ) repeated
        CROSS JOIN LATERAL unnest(every) AS again
        UNION ALL
        SELECT stated.source_id, 3, extra, NULL, NULL, NULL, NULL, NULL, NULL,
               stated.starts_at, stated.ends_at, NULL
        FROM stated
        CROSS JOIN LATERAL (
            SELECT range_agg(sequences) AS numbers
            FROM ledger_coverage
            WHERE source_id = stated.source_id AND first_sequence IS NOT NULL
              AND slot_starts_at >= stated.starts_at AND slot_starts_at < stated.ends_at
        ) received
        CROSS JOIN LATERAL unnest(
            received.numbers
            - int8multirange(int8range(stated.first_sequence, stated.last_sequence, '[]'))
        ) AS extra
    )
"""
"""Ranges of numbers with what is wrong about them, by source, over a span of time.

One sweep along the numbers at which something begins or ends, sorted, and no join: a month in
which every twentieth number is lost has a million of them.
"""

PLACE: Final = "lower(numbers), kind, COALESCE(starts_at, 'epoch'), COALESCE(ends_at, 'epoch')"
PAGE: Final = f"""
    {FOUND}, page AS (
        SELECT *
        FROM found
        WHERE %(after_first)s::bigint IS NULL
           OR ({PLACE}) > (%(after_first)s, %(after_kind)s, %(after_starts_at)s, %(after_ends_at)s)
        ORDER BY {PLACE}
        LIMIT %(limit)s
    ), totals AS (
        SELECT kind, count(*) AS ranges, sum(upper(numbers) - lower(numbers)::numeric) AS numbers
        FROM found
        GROUP BY kind
    )
    SELECT totals.kind, totals.ranges, totals.numbers, lower(page.numbers), upper(page.numbers) - 1,
           previous, previous_at, previous_received_at,
           following, following_at, following_received_at, starts_at, ends_at
    FROM totals
    LEFT JOIN page USING (kind)
    ORDER BY lower(page.numbers), kind, starts_at, ends_at
"""
BY_DAY: Final = f"""
    {FOUND}
    SELECT source_id, width_bucket(counted_at, %(midnights)s::timestamptz[]) - 1,
           sum(upper(numbers) - lower(numbers)::numeric)
    FROM found
    WHERE kind = 1 AND counted_at >= %(starts_at)s AND counted_at < %(ends_at)s
    GROUP BY 1, 2
"""


class Kind(StrEnum):
    """What is wrong with a range of numbers.

    Missing: no event carries them, though later ones do or a manifest states them. Repeated:
    several events carry them. Extra: events of a manifest's window carry them, and it does not
    state them.
    """

    MISSING = "missing"
    REPEATED = "repeated"
    EXTRA = "extra"


KINDS: Final[Mapping[int, Kind]] = dict(enumerate(Kind, start=1))

After = tuple[int, int, datetime, datetime]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The number beside a hole that did arrive: in which quarter hour, and received when."""

    sequence: int
    slot_starts_at: datetime
    received_at: datetime

    @property
    def slot_ends_at(self) -> datetime:
        """Return when its quarter hour ends."""
        return self.slot_starts_at + SLOT


@dataclass(frozen=True, slots=True)
class NumberRange:
    """Numbers from `first` to `last`, both included, and what is wrong about them.

    What is missing is to be looked for between its neighbours, or in the window that states it.
    """

    kind: Kind
    first: int
    last: int
    previous: Neighbour | None
    following: Neighbour | None
    window: tuple[datetime, datetime] | None

    @property
    def count(self) -> int:
        """Return how many numbers that are."""
        return self.last - self.first + 1

    @property
    def cursor(self) -> tuple[int, int, int, int]:
        """Return its place in the order of a list."""
        starts_at, ends_at = self.window or (EPOCH, EPOCH)
        place = next(number for number, kind in KINDS.items() if kind == self.kind)
        return self.first, place, int(starts_at.timestamp()), int(ends_at.timestamp())


@dataclass(frozen=True, slots=True)
class Total:
    """How many ranges of a kind there are, and how many numbers in them."""

    ranges: int = 0
    numbers: int = 0


@dataclass(frozen=True, slots=True)
class NumberRanges:
    """Some of the ranges of a source, by their first number, and the totals of all."""

    totals: Mapping[Kind, Total]
    ranges: Sequence[NumberRange]


def ranges(source_id: int, *, span: Span, after: After | None, limit: int) -> NumberRanges:
    """Return the ranges of a source that are of the span and follow `after`.

    `after` is the place of a range: first number, kind, and its window, of 1970 if it has none.
    """
    first, kind, starts_at, ends_at = after or (None, 0, EPOCH, EPOCH)
    with connection.cursor() as cursor:
        cursor.execute(
            PAGE,
            {
                "sources": [source_id],
                "starts_at": span.starts_at,
                "ends_at": span.ends_at,
                "after_first": first,
                "after_kind": kind,
                "after_starts_at": starts_at,
                "after_ends_at": ends_at,
                "limit": limit,
            },
        )
        rows = cursor.fetchall()
    totals = {KINDS[kind]: Total(many, int(numbers)) for kind, many, numbers, *_ in rows}
    return NumberRanges(
        totals={kind: totals.get(kind, Total()) for kind in Kind},
        ranges=[_range(kind, *row) for kind, _, _, *row in rows if row[0] is not None],
    )


def missing_by_day(
    source_ids: Sequence[int], *, midnights: Sequence[datetime]
) -> dict[tuple[int, int], int]:
    """Return how many numbers are missing, by source and day, counted from 0.

    A number counts once: on the day of the window that states it, as near as can be to the number
    that followed; without such a window, on the day of that number. The last of the midnights ends
    the last day.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            BY_DAY,
            {
                "sources": list(source_ids),
                "midnights": list(midnights),
                "starts_at": midnights[0],
                "ends_at": midnights[-1],
            },
        )
        return {(source_id, day): int(numbers) for source_id, day, numbers in cursor}


def _range(kind: int, first: int, last: int, *values: Any) -> NumberRange:
    starts_at, ends_at = values[6:]
    return NumberRange(
        kind=KINDS[kind],
        first=first,
        last=last,
        previous=_neighbour(*values[:3]),
        following=_neighbour(*values[3:6]),
        window=None if starts_at is None else (starts_at, ends_at),
    )


def _neighbour(
    number: int, slot_starts_at: datetime | None, received_at: datetime | None
) -> Neighbour | None:
    if slot_starts_at is None or received_at is None:
        return None
    return Neighbour(number, slot_starts_at, received_at)
