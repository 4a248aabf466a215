"""What a viewer may read of the completeness of its sources."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ledger.parties.sources import SourceLine, source
from ledger.parties.viewers import Viewer
from ledger.usage.completeness.days import Day, days, kept_from
from ledger.usage.completeness.late import Late, late
from ledger.usage.completeness.numbers import After, NumberRanges, ranges
from ledger.usage.completeness.spans import Span
from ledger.usage.completeness.windows import Posted, Verdict, Window, statements, windows


@dataclass(frozen=True, slots=True)
class Gaps:
    """What is missing, extra or late of a source in a span.

    `verdicts` counts every stated window; `windows` are the first of those that are not complete.
    """

    source: SourceLine
    span: Span
    late_after: timedelta
    numbers: NumberRanges
    verdicts: Mapping[Verdict, int]
    windows: Sequence[Window]
    late: Late
    kept_from: datetime | None


@dataclass(frozen=True, slots=True)
class SourceDays:
    """The days of a source; of what was received until `kept_from` not all is counted."""

    source: SourceLine
    days: Sequence[Day]
    kept_from: datetime | None


@dataclass(frozen=True, slots=True)
class Stated:
    """A stated window held against what arrived, and all that was stated of it, newest first."""

    window: Window
    statements: Sequence[Posted]


def gaps(
    viewer: Viewer,
    *,
    source_id: int,
    span: Span,
    late_after: timedelta,
    after: After | None,
    limit: int,
) -> Gaps:
    """Return what is not there of a source, its ranges of numbers from a cursor on.

    One range more than the limit says that there are more.

    :raises NoSuchSource: if there is none, or it is another provider's.
    """
    found = source(viewer, source_id=source_id)
    stated = windows([found.id], span=span)
    verdicts = Counter(window.verdict for window in stated)
    return Gaps(
        source=found,
        span=span,
        late_after=late_after,
        numbers=ranges(found.id, span=span, after=after, limit=limit + 1),
        verdicts={verdict: verdicts[verdict] for verdict in Verdict},
        windows=[one for one in stated if one.verdict != Verdict.COMPLETE][:limit],
        late=late(found.id, span=span, late_after=late_after, limit=limit),
        kept_from=kept_from(found.provider_id),
    )


def coverage(
    viewer: Viewer,
    *,
    source_id: int,
    first: date,
    end: date,
    time_zone: str,
    late_after: timedelta,
) -> SourceDays:
    """Return every day of a source from the first to before the end.

    :raises NoSuchSource: if there is none, or it is another provider's.
    """
    found = source(viewer, source_id=source_id)
    of_sources = days([found.id], first=first, end=end, time_zone=time_zone, late_after=late_after)
    return SourceDays(found, of_sources[found.id], kept_from(found.provider_id))


def stated(
    viewer: Viewer,
    *,
    source_id: int,
    span: Span,
    after: tuple[datetime, datetime] | None,
    limit: int,
) -> list[Stated]:
    """Return the stated windows of a source that meet a span and follow `after`.

    :raises NoSuchSource: if there is none, or it is another provider's.
    """
    found = source(viewer, source_id=source_id)
    held = windows([found.id], span=span, after=after, limit=limit)
    said = statements(held)
    return [Stated(one, said[one.source_id, *one.stated.window]) for one in held]
