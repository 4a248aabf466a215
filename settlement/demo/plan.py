"""What the demo will post: a generated month, or a trace, checked before anything is started."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from ledger.periods import last_day, month_of, parse_month, starts_at
from ledger.pricing import catalogue
from settlement.demo import generator, trace
from settlement.demo.batches import LARGEST_BATCH, Batch, batch, batches, event
from settlement.demo.flows import LATE
from settlement.demo.generator import Usage
from settlement.demo.schema import DemoRefused
from settlement.demo.trace import Totals

HERE: Final = Path(__file__).parent
PARTIES: Final = HERE / "parties.yaml"
LATE_DOCUMENT: Final = HERE / "late.yaml"

MONTH: Final = "2026-10"
EVENTS: Final = 200_000
FEWEST_EVENTS: Final = 200
MOST_EVENTS: Final = 2_000_000
FEWEST_BATCHES: Final = 12
FIRST_PRICED: Final = date(2023, 1, 1)


@dataclass(frozen=True, slots=True)
class Plan:
    """A month of batches, and one more that holds what goes wrong in real life.

    `again` is the first batch, which is sent twice. `odd` holds an event of a deployment that is
    not published yet, an event that was sent before with other counts, and one that is no event.
    """

    title: str
    starts_on: date
    starts_at: datetime
    ends_at: datetime
    batches: list[Batch]
    again: Batch
    odd: Batch
    trace: Totals | None

    @property
    def events(self) -> int:
        """Return how many events will be in the books: what is sent once and is an event."""
        return sum(one.events for one in self.batches) + 1


def plan(*, events: int, month: str | None, trace_file: Path | None, now: datetime) -> Plan:
    """Return what will be posted; nothing is changed by it.

    :raises DemoRefused: if there are too few or too many events, or the month is not over.
    :raises InvalidMonth: if the month is not YYYY-MM.
    :raises TraceUnreadable: if the trace is malformed.
    """
    if trace_file is not None:
        return _of_trace(trace_file, now=now)
    if not FEWEST_EVENTS <= events <= MOST_EVENTS:
        raise DemoRefused(
            f"The demo posts from {FEWEST_EVENTS} to {MOST_EVENTS:,} events, not {events:,}."
        )
    starts_on = parse_month(month)[0] if month else _default_month(now)
    begins, ends = _span(starts_on, now=now)
    usage = generator.generate(starts_at=begins, ends_at=ends, events=events)
    title = f"{starts_on:%B %Y}, {events:,} generated events"
    return _plan(title, starts_on, (begins, ends), usage, totals=None)


def _of_trace(path: Path, *, now: datetime) -> Plan:
    rows = trace.read(path)
    if len(rows) < FEWEST_EVENTS:
        raise DemoRefused(f"{path.name} has {len(rows)} requests; {FEWEST_EVENTS} are needed.")
    starts_on = month_of(min(row.occurred_at for row in rows).date())[0]
    begins, ends = _span(starts_on, now=now)
    outside = sum(not begins <= row.occurred_at < ends for row in rows)
    if outside:
        raise DemoRefused(
            f"{path.name} has {outside} requests outside of {starts_on:%Y-%m}, as its days are "
            "counted in China and in London; the demo settles one month, so give it one."
        )
    title = f"{starts_on:%B %Y}, {len(rows):,} events of {path.name}"
    return _plan(title, starts_on, (begins, ends), trace.replay(rows), totals=trace.totals(rows))


def _plan(
    title: str,
    starts_on: date,
    span: tuple[datetime, datetime],
    usage: list[Usage],
    *,
    totals: Totals | None,
) -> Plan:
    late = replace(usage.pop(len(usage) // 8), flow=LATE)
    size = max(1, min(LARGEST_BATCH, len(usage) // FEWEST_BATCHES))
    regular = batches(usage, size=size)
    again = next(one for one in regular if one.provider == LATE.provider)
    known = next(one for one in usage if one.flow.provider == LATE.provider)
    odd = batch(LATE.provider, [event(late), _contradicting(known), _malformed(late)])
    return Plan(title, starts_on, *span, regular, again, odd, totals)


def _contradicting(known: Usage) -> dict[str, Any]:
    """Return an event with the id of one that was sent, and another count."""
    return event(replace(known, counts={**known.counts, "output": known.counts["output"] + 1}))


def _malformed(usage: Usage) -> dict[str, Any]:
    """Return an event that names a token class which does not exist."""
    return event(replace(usage, event_id=f"{usage.event_id}-x", counts={"completion": 12}))


def _default_month(now: datetime) -> date:
    """Return the demo's month; by a clock that has not come so far, the last one that is over."""
    starts_on = parse_month(MONTH)[0]
    while _month_span(starts_on)[1] > now:
        starts_on = month_of(last_day(starts_on))[0]
    return starts_on


def _span(starts_on: date, *, now: datetime) -> tuple[datetime, datetime]:
    """Return the instants that lie in the month in every agreement's time zone.

    :raises DemoRefused: if it is not over, or lies before the first price.
    """
    begins, ends = _month_span(starts_on)
    if starts_on < FIRST_PRICED:
        raise DemoRefused(f"The demo's prices begin with {FIRST_PRICED:%Y-%m}.")
    if ends > now:
        raise DemoRefused(f"{starts_on:%Y-%m} is not over yet; the demo settles a month that is.")
    return begins, ends


def _month_span(starts_on: date) -> tuple[datetime, datetime]:
    ends_on = month_of(starts_on)[1]
    zones = _time_zones(catalogue.read_document(PARTIES)["agreements"])
    return (
        max(starts_at(starts_on, time_zone=zone) for zone in zones),
        min(starts_at(ends_on, time_zone=zone) for zone in zones),
    )


def _time_zones(agreements: Sequence[dict[str, str]]) -> set[str]:
    return {agreement["time_zone"] for agreement in agreements}
