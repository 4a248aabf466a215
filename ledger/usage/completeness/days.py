"""Coverage per source and day: how much arrived, when, how late, and what is missing of it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any, Final

from django.db import connection

from ledger.tokens import TOKEN_CLASSES
from ledger.usage.completeness.late import ARRIVED
from ledger.usage.completeness.numbers import missing_by_day
from ledger.usage.completeness.spans import Span, midnight
from ledger.usage.completeness.windows import Verdict, Window, windows

BY_DAY: Final = f"""
    WITH {ARRIVED}
    SELECT source_id, width_bucket(slot_starts_at, %(midnights)s::timestamptz[]) - 1,
           sum(events), sum(findings), sum(numbered),
           ARRAY[{", ".join(f"sum({name})" for name in TOKEN_CLASSES)}],
           COALESCE(sum(events) FILTER (WHERE is_late), 0), min(received_at), max(received_at)
    FROM arrived
    GROUP BY 1, 2
"""
LAST: Final = """
    SELECT max(last.slot_starts_at)
    FROM unnest(%(sources)s::bigint[]) AS source_id
    CROSS JOIN LATERAL (
        SELECT max(slot_starts_at) AS slot_starts_at
        FROM ledger_coverage
        WHERE ledger_coverage.source_id = source_id.source_id
    ) last
"""
KEPT_FROM: Final = """
    SELECT max(received_at)
    FROM ledger_usage_batch
    WHERE provider_id = %(provider)s AND NOT covered
"""
NO_TOKENS: Final = (0,) * len(TOKEN_CLASSES)


class DayVerdict(StrEnum):
    """What is known of a day's completeness.

    Complete: manifests state all of it, and all is there. Partial: manifests state a part, and
    that is there. Gapless: nothing was stated, every event carries a number, none is missing.
    Unstated: there is nothing to judge by.
    """

    MISSING = "missing"
    EXTRA = "extra"
    UNCLEAR = "unclear"
    COMPLETE = "complete"
    PARTIAL = "partial"
    GAPLESS = "gapless"
    UNSTATED = "unstated"


@dataclass(frozen=True, slots=True)
class Arrived:
    """What arrived of a source on a day of occurrence."""

    events: int = 0
    findings: int = 0
    numbered: int = 0
    tokens: tuple[int, ...] = NO_TOKENS
    late_events: int = 0
    first_received_at: datetime | None = None
    last_received_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a source: what arrived, what is missing, and the manifests that speak of it."""

    date: date
    span: Span
    arrived: Arrived
    missing_numbers: int
    windows: Sequence[Window]

    @property
    def verdict(self) -> DayVerdict:
        """Judge; a window of several days speaks of each of them."""
        verdicts = {window.verdict for window in self.windows}
        if self.missing_numbers or Verdict.MISSING in verdicts:
            return DayVerdict.MISSING
        for verdict in (Verdict.EXTRA, Verdict.UNCLEAR):
            if verdict in verdicts:
                return DayVerdict(verdict)
        if verdicts:
            return DayVerdict.COMPLETE if self._is_stated() else DayVerdict.PARTIAL
        is_numbered = self.arrived.events == self.arrived.numbered > 0
        return DayVerdict.GAPLESS if is_numbered else DayVerdict.UNSTATED

    def _is_stated(self) -> bool:
        """Return whether windows leave no part of the day out."""
        reached = self.span.starts_at
        for window in sorted(self.windows, key=lambda one: one.stated.window):
            if window.stated.starts_at > reached:
                return False
            reached = max(reached, window.stated.ends_at)
        return reached >= self.span.ends_at


def days(
    source_ids: Sequence[int],
    *,
    first: date,
    end: date,
    time_zone: str,
    late_after: timedelta,
) -> dict[int, list[Day]]:
    """Return every day from the first to before the end, of each source, empty ones too."""
    dates = [first + timedelta(days=number) for number in range((end - first).days)]
    midnights = [midnight(day, time_zone=time_zone) for day in (*dates, end)]
    arrived = _arrived(source_ids, midnights=midnights, late_after=late_after)
    missing = missing_by_day(source_ids, midnights=midnights)
    stated: dict[int, list[Window]] = defaultdict(list)
    for window in windows(source_ids, span=Span(midnights[0], midnights[-1])):
        stated[window.source_id].append(window)
    spans = [Span(*bounds) for bounds in pairwise(midnights)]
    return {
        source_id: [
            Day(
                date=day,
                span=span,
                arrived=arrived.get((source_id, number), Arrived()),
                missing_numbers=missing.get((source_id, number), 0),
                windows=[one for one in stated[source_id] if _meet(one, span)],
            )
            for number, (day, span) in enumerate(zip(dates, spans, strict=True))
        ]
        for source_id in source_ids
    }


def last_slot(source_ids: Sequence[int]) -> datetime | None:
    """Return the latest quarter hour of which something arrived; None if nothing did."""
    with connection.cursor() as cursor:
        cursor.execute(LAST, {"sources": list(source_ids)})
        row: tuple[datetime | None] = cursor.fetchone()
    return row[0]


def kept_from(provider_id: int) -> datetime | None:
    """Return when the last batch of a provider was received that has no coverage; None if all have.

    What was received until then is in the books and is not counted here.
    """
    with connection.cursor() as cursor:
        cursor.execute(KEPT_FROM, {"provider": provider_id})
        row: tuple[datetime | None] = cursor.fetchone()
    return row[0]


def _arrived(
    source_ids: Sequence[int], *, midnights: Sequence[datetime], late_after: timedelta
) -> dict[tuple[int, int], Arrived]:
    """Return what arrived by source and day, counted from 0."""
    parameters: dict[str, Any] = {
        "sources": list(source_ids),
        "midnights": list(midnights),
        "starts_at": midnights[0],
        "ends_at": midnights[-1],
        "late_after": late_after,
    }
    with connection.cursor() as cursor:
        cursor.execute(BY_DAY, parameters)
        return {
            (source_id, day): Arrived(
                events=int(events),
                findings=int(findings),
                numbered=int(numbered),
                tokens=tuple(map(int, tokens)),
                late_events=int(late),
                first_received_at=first,
                last_received_at=last,
            )
            for source_id, day, events, findings, numbered, tokens, late, first, last in cursor
        }


def _meet(window: Window, span: Span) -> bool:
    return window.stated.starts_at < span.ends_at and window.stated.ends_at > span.starts_at
