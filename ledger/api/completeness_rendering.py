"""How gaps, days and manifests stand in answers. Numbers of sequences are strings, as ids are."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ledger.api import rendering
from ledger.tokens import TOKEN_CLASSES
from ledger.usage.completeness.days import Day
from ledger.usage.completeness.late import Late
from ledger.usage.completeness.manifests import Recorded
from ledger.usage.completeness.numbers import Neighbour, NumberRange
from ledger.usage.completeness.reading import Gaps, SourceDays, Stated
from ledger.usage.completeness.windows import Posted, Verdict, Window
from ledger.usage.formats.manifests import Statement


def rendered_gaps(gaps: Gaps) -> dict[str, Any]:
    """Return all of an answer but its page of ranges."""
    return {
        "source": str(gaps.source.id),
        "uri": gaps.source.uri,
        "provider": gaps.source.provider,
        "from": rendering.instant(gaps.span.starts_at),
        "to": rendering.instant(gaps.span.ends_at),
        "late_after_seconds": seconds(gaps.late_after),
        "counted_from": rendering.instant_or_null(gaps.kept_from),
        **{
            str(kind): {"ranges": total.ranges, "numbers": total.numbers}
            for kind, total in gaps.numbers.totals.items()
        },
        "windows": {
            **{str(verdict): many for verdict, many in gaps.verdicts.items()},
            "items": [_window(window) for window in gaps.windows],
        },
        "late": _late(gaps.late),
    }


def rendered_range(found: NumberRange) -> dict[str, Any]:
    """Return a range of numbers and what is wrong about it."""
    return {
        "kind": str(found.kind),
        "first": str(found.first),
        "last": str(found.last),
        "count": found.count,
        "previous": _neighbour(found.previous),
        "following": _neighbour(found.following),
        "window": None if found.window is None else _span(found.window),
    }


def rendered_coverage(coverage: SourceDays, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the days of a source, with what was asked for."""
    return {
        "source": str(coverage.source.id),
        "uri": coverage.source.uri,
        "provider": coverage.source.provider,
        **asked,
        "counted_from": rendering.instant_or_null(coverage.kept_from),
        "items": [_day(day) for day in coverage.days],
    }


def rendered_stated(stated: Stated) -> dict[str, Any]:
    """Return a window with every statement of it."""
    return {
        **_window(stated.window),
        "statements": [_posted(posted) for posted in stated.statements],
    }


def rendered_recorded(recorded: Recorded) -> dict[str, Any]:
    """Return what became of a statement."""
    return {
        "window": _span(recorded.statement.window),
        "revision": recorded.revision,
        "status": recorded.status,
    }


def seconds(span: timedelta) -> int:
    """Return whole seconds."""
    return span // timedelta(seconds=1)


def _window(window: Window) -> dict[str, Any]:
    return {
        "window": _span(window.stated.window),
        "verdict": str(window.verdict),
        "revision": window.revision,
        "posted_at": rendering.instant(window.posted_at),
        "stated": _statement(window.stated),
        "received": {
            "events": window.events,
            "findings": window.findings,
            "tokens": _by_class(window.tokens),
        },
        "difference": {
            "events": window.events_difference,
            "tokens": _by_class(window.tokens_difference),
        },
        "missing_numbers": window.missing_numbers,
        "late_events": window.late_events,
    }


def _posted(posted: Posted) -> dict[str, Any]:
    return {
        "revision": posted.revision,
        "posted_at": rendering.instant(posted.posted_at),
        "stated": _statement(posted.statement),
    }


def _statement(statement: Statement) -> dict[str, Any]:
    return {
        "events": statement.events,
        "tokens": _by_class(statement.tokens),
        "first_sequence": rendering.id_or_null(statement.first_sequence),
        "last_sequence": rendering.id_or_null(statement.last_sequence),
    }


def _late(late: Late) -> dict[str, Any]:
    return {
        "events": late.events,
        "slots": late.slots_in_all,
        "items": [
            {
                "slot_starts_at": rendering.instant(slot.starts_at),
                "events": slot.events,
                "first_received_at": rendering.instant(slot.first_received_at),
                "last_received_at": rendering.instant(slot.last_received_at),
            }
            for slot in late.slots
        ],
    }


def _day(day: Day) -> dict[str, Any]:
    arrived = day.arrived
    return {
        "date": day.date.isoformat(),
        "starts_at": rendering.instant(day.span.starts_at),
        "ends_at": rendering.instant(day.span.ends_at),
        "verdict": str(day.verdict),
        "events": arrived.events,
        "findings": arrived.findings,
        "numbered_events": arrived.numbered,
        "tokens": _by_class(arrived.tokens),
        "first_received_at": rendering.instant_or_null(arrived.first_received_at),
        "last_received_at": rendering.instant_or_null(arrived.last_received_at),
        "late_events": arrived.late_events,
        "missing_numbers": day.missing_numbers,
        "windows": {
            str(verdict): sum(window.verdict == verdict for window in day.windows)
            for verdict in Verdict
        },
    }


def _neighbour(neighbour: Neighbour | None) -> dict[str, Any] | None:
    if neighbour is None:
        return None
    return {
        "sequence": str(neighbour.sequence),
        "slot_starts_at": rendering.instant(neighbour.slot_starts_at),
        "received_at": rendering.instant(neighbour.received_at),
    }


def _span(window: tuple[datetime, datetime]) -> dict[str, str]:
    starts_at, ends_at = window
    return {"starts_at": rendering.instant(starts_at), "ends_at": rendering.instant(ends_at)}


def _by_class(values: Sequence[int | None]) -> dict[str, int | None]:
    return dict(zip(TOKEN_CLASSES, values, strict=True))
