"""Manifests held against what arrived: per window what was stated, received, and the verdict."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from django.db import connection

from ledger.tokens import TOKEN_CLASSES
from ledger.usage.completeness.spans import Span
from ledger.usage.formats.manifests import Statement

MOST_STATEMENTS: Final = 10
"""Of a window that was stated again and again, the newest statements are shown."""

SUMS: Final = ", ".join(f"COALESCE(sum({name}), 0)" for name in TOKEN_CLASSES)
STATED: Final = f"""
    WITH newest AS (
        SELECT DISTINCT ON (source_id, starts_at, ends_at)
               source_id, starts_at, ends_at, revision, posted_at, events,
               ARRAY[{", ".join(TOKEN_CLASSES)}] AS tokens, first_sequence, last_sequence,
               min(posted_at) OVER (PARTITION BY source_id, starts_at, ends_at) AS first_posted_at
        FROM ledger_manifest
        WHERE source_id = ANY(%(sources)s) AND starts_at < %(ends_at)s AND ends_at > %(starts_at)s
        ORDER BY source_id, starts_at, ends_at, revision DESC
    ), stated AS (
        SELECT *
        FROM newest
        WHERE %(after_starts_at)s::timestamptz IS NULL
           OR (starts_at, ends_at) > (%(after_starts_at)s, %(after_ends_at)s)
        ORDER BY starts_at, ends_at, source_id
        LIMIT %(limit)s
    )
    SELECT stated.*, received.*, missing.numbers
    FROM stated
    CROSS JOIN LATERAL (
        SELECT COALESCE(sum(events), 0), COALESCE(sum(findings), 0), ARRAY[{SUMS}],
               COALESCE(sum(events) FILTER (WHERE received_at > stated.first_posted_at), 0)
        FROM ledger_coverage
        WHERE source_id = stated.source_id
          AND slot_starts_at >= stated.starts_at AND slot_starts_at < stated.ends_at
    ) received
    CROSS JOIN LATERAL (
        SELECT COALESCE(sum(upper(hole) - lower(hole)::numeric), 0) AS numbers
        FROM (
            SELECT int8multirange(
                       int8range(stated.first_sequence, stated.last_sequence, '[]')
                   ) - COALESCE(range_agg(sequences), '{{}}') AS holes
            FROM ledger_coverage
            WHERE source_id = stated.source_id AND first_sequence IS NOT NULL
              AND last_sequence >= stated.first_sequence
              AND first_sequence <= stated.last_sequence
        ) left_over
        CROSS JOIN LATERAL unnest(holes) AS hole
        WHERE stated.first_sequence IS NOT NULL
    ) missing
    ORDER BY stated.starts_at, stated.ends_at, stated.source_id
"""
STATEMENTS: Final = f"""
    SELECT source_id, starts_at, ends_at, revision, posted_at, events,
           ARRAY[{", ".join(TOKEN_CLASSES)}], first_sequence, last_sequence
    FROM unnest(%(sources)s::bigint[], %(starts)s::timestamptz[], %(ends)s::timestamptz[])
        AS wanted (source_id, starts_at, ends_at)
    CROSS JOIN LATERAL (
        SELECT revision, posted_at, events, {", ".join(TOKEN_CLASSES)}, first_sequence,
               last_sequence
        FROM ledger_manifest
        WHERE source_id = wanted.source_id AND starts_at = wanted.starts_at
          AND ends_at = wanted.ends_at
        ORDER BY revision DESC
        LIMIT {MOST_STATEMENTS}
    ) newest
    ORDER BY source_id, starts_at, ends_at, revision DESC
"""


class Verdict(StrEnum):
    """What comes of holding a manifest against what arrived.

    Unclear: only tokens are short, and events whose counts cannot be believed may account for it.
    """

    COMPLETE = "complete"
    MISSING = "missing"
    EXTRA = "extra"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Posted:
    """A statement of a window and when it was posted."""

    revision: int
    posted_at: datetime
    statement: Statement


@dataclass(frozen=True, slots=True)
class Window:
    """What a source states of a window, and what arrived of it.

    `tokens` by class; `late_events` arrived after the window was first stated; `missing_numbers`
    are stated, and no event of the source carries them.
    """

    source_id: int
    revision: int
    posted_at: datetime
    first_posted_at: datetime
    stated: Statement
    events: int
    findings: int
    tokens: tuple[int, ...]
    late_events: int
    missing_numbers: int

    @property
    def events_difference(self) -> int:
        """Return received less stated events: negative where some are missing."""
        return self.events - self.stated.events

    @property
    def tokens_difference(self) -> tuple[int | None, ...]:
        """Return received less stated tokens by class, None where nothing was stated."""
        return tuple(
            None if stated is None else received - stated
            for received, stated in zip(self.tokens, self.stated.tokens, strict=True)
        )

    @property
    def differences(self) -> dict[str, int]:
        """Return received less stated tokens of the classes that were stated."""
        pairs = zip(TOKEN_CLASSES, self.tokens_difference, strict=True)
        return {name: one for name, one in pairs if one is not None}

    @property
    def verdict(self) -> Verdict:
        """Judge; what is missing weighs more than what is there beyond it."""
        tokens = self.differences.values()
        short = any(one < 0 for one in tokens)
        if self.events_difference < 0 or self.missing_numbers or (short and not self.findings):
            return Verdict.MISSING
        if self.events_difference > 0 or any(one > 0 for one in tokens):
            return Verdict.EXTRA
        return Verdict.UNCLEAR if short else Verdict.COMPLETE

    @property
    def cursor(self) -> tuple[int, int]:
        """Return its place in the order of a list."""
        return int(self.stated.starts_at.timestamp()), int(self.stated.ends_at.timestamp())


def windows(
    source_ids: Sequence[int],
    *,
    span: Span,
    after: tuple[datetime, datetime] | None = None,
    limit: int | None = None,
) -> list[Window]:
    """Return the stated windows that meet a span, in order; the newest statement of each holds."""
    starts_at, ends_at = after or (None, None)
    with connection.cursor() as cursor:
        cursor.execute(
            STATED,
            {
                "sources": list(source_ids),
                "starts_at": span.starts_at,
                "ends_at": span.ends_at,
                "after_starts_at": starts_at,
                "after_ends_at": ends_at,
                "limit": limit,
            },
        )
        return [_window(*row) for row in cursor.fetchall()]


def statements(found: Iterable[Window]) -> dict[tuple[int, datetime, datetime], list[Posted]]:
    """Return what was stated of each window, the newest first: older ones are kept."""
    wanted = list(found)
    posted: dict[tuple[int, datetime, datetime], list[Posted]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            STATEMENTS,
            {
                "sources": [one.source_id for one in wanted],
                "starts": [one.stated.starts_at for one in wanted],
                "ends": [one.stated.ends_at for one in wanted],
            },
        )
        for source_id, starts_at, ends_at, revision, posted_at, *stated in cursor:
            events, tokens, first, last = stated
            statement = Statement(starts_at, ends_at, events, tuple(tokens), first, last)
            posted.setdefault((source_id, starts_at, ends_at), []).append(
                Posted(revision, posted_at, statement)
            )
    return posted


def _window(source_id: int, starts_at: datetime, ends_at: datetime, *values: Any) -> Window:
    revision, posted_at, events, tokens, first, last, first_posted_at, *arrived = values
    received, findings, received_tokens, late, missing = arrived
    return Window(
        source_id=source_id,
        revision=revision,
        posted_at=posted_at,
        first_posted_at=first_posted_at,
        stated=Statement(starts_at, ends_at, events, tuple(tokens), first, last),
        events=int(received),
        findings=int(findings),
        tokens=tuple(map(int, received_tokens)),
        late_events=int(late),
        missing_numbers=int(missing),
    )
