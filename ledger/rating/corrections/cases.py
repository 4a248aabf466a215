"""What is to be done for each correction: its event found and held, or the reason to wait."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID

from ledger import service_tiers
from ledger.periods import month_of
from ledger.rating import partitions
from ledger.rating.corrections import queue, standing
from ledger.rating.corrections.picked import Row
from ledger.rating.corrections.queue import (
    BUSY,
    FINAL_NOT_ENTERED,
    NOT_RATED,
    NOT_RECORDED,
    Claimed,
    Decided,
    Place,
    Postponed,
    Step,
)
from ledger.rating.corrections.standing import Entry, Posted
from ledger.rating.naming import AS_WRITTEN
from ledger.rating.partitions import MONTH_ARCHIVED
from ledger.rating.preparation import Unprepared
from ledger.usage.models import Correction

MOST_BATCHES: Final = 500
"""Batches that one claim reads events from."""

RETRY_AFTER: Final = timedelta(hours=1)
"""A correction is tried again at the latest after this, whether or not it was woken."""

BUSY_FOR: Final = timedelta(seconds=1)

Histories = Mapping[tuple[int, UUID], Sequence[Step]]


@dataclass(frozen=True, slots=True)
class Case:
    """A correction that can be applied: the event stands as `entry`, or else is set aside.

    `amended` is the event as an amendment leaves it.
    """

    claimed: Claimed
    place: Place
    steps: Sequence[Step]
    entry: Entry | None
    amended: Row | None


@dataclass(slots=True)
class Verdicts:
    """What becomes of the corrections of a claim."""

    decided: list[Decided]
    postponed: list[Postponed]


@dataclass(frozen=True, slots=True)
class _Located:
    """A correction whose event was found, with the correction that was applied to it last."""

    claimed: Claimed
    place: Place
    last: Step | None
    posted: Posted | None

    @property
    def month(self) -> date:
        """Return the month of the usage journal that the event belongs to."""
        return month_of(self.place.occurred_at.astimezone(UTC).date())[0]


def found(
    claimed: Sequence[Claimed], histories: Histories, verdicts: Verdicts, *, now: datetime
) -> list[Case]:
    """Return what can be applied: the events that are set aside locked, the others read.

    :raises Unprepared: if a month of the usage journal must be made first.
    """
    ready = _ready(claimed, histories, verdicts, now=now)
    located = _located(ready, histories, verdicts, now=now)
    states = partitions.hold(one.place.occurred_at for one in located)
    missing = [month for month, state in states.items() if state == "missing"]
    if missing:
        raise Unprepared(lambda _: partitions.add(missing))
    aside = standing.lock_aside([one.place for one in located if one.last is None])
    present = list(_present(located, aside, states, verdicts, now=now))
    entries = standing.entries([one.place for one in present if one.place.in_batch not in aside])
    cases: list[Case] = []
    for one in present:
        id_, place = one.claimed.id, one.place
        entry = entries.get(place.in_batch)
        if entry is None and place.in_batch not in aside:
            verdicts.postponed.append(Postponed(id_, now + BUSY_FOR, BUSY, place=place))
            continue
        steps = histories[one.claimed.provider_id, one.claimed.key]
        cases.append(Case(one.claimed, place, steps, entry, _amended(one, entry)))
    return cases


def _ready(
    claimed: Sequence[Claimed], histories: Histories, verdicts: Verdicts, *, now: datetime
) -> list[Claimed]:
    """Return what can be applied as far as that is up to other events, of not too many batches."""
    ready: list[Claimed] = []
    batches: set[int] = set()
    for one in claimed:
        gone = queue.last_applied(histories[one.provider_id, one.key])
        if gone is not None and gone.act != Correction.Act.AMEND:
            outcome = f"nothing was left of the event: correction {gone.id} ({gone.reason})"
            verdicts.decided.append(Decided(one.id, outcome))
        elif one.final_is_void:
            outcome = f"event {one.final_event_id!r} was voided before it was entered"
            verdicts.decided.append(Decided(one.id, outcome))
        elif one.batch_id is None:
            pause = min(timedelta(minutes=2**one.attempts), RETRY_AFTER)
            verdicts.postponed.append(Postponed(one.id, now + pause, NOT_RECORDED))
        elif not one.is_rated:
            verdicts.postponed.append(Postponed(one.id, now + RETRY_AFTER, NOT_RATED))
        elif one.act == Correction.Act.SUPERSEDE and not one.final_is_entered:
            verdicts.postponed.append(Postponed(one.id, now + RETRY_AFTER, FINAL_NOT_ENTERED))
        elif len(batches) < MOST_BATCHES or one.batch_id in batches:
            batches.add(one.batch_id)
            ready.append(one)
    return ready


def _located(
    ready: Sequence[Claimed], histories: Histories, verdicts: Verdicts, *, now: datetime
) -> list[_Located]:
    """Find the events: where the last correction found them, or in their batches."""
    last = {one.id: queue.last_applied(histories[one.provider_id, one.key]) for one in ready}
    posted = standing.posted([one for one in ready if last[one.id] is None])
    located: list[_Located] = []
    for one in ready:
        step, event = last[one.id], posted.get(one.id)
        place = step.place if step else event.place if event else None
        if place is None:
            # The batch has lost its payload, and its usage entries are nowhere: they are archived.
            until = now + RETRY_AFTER
            verdicts.postponed.append(Postponed(one.id, until, MONTH_ARCHIVED))
        else:
            located.append(_Located(one, place, step, event))
    return located


def _present(
    located: Sequence[_Located],
    aside: set[tuple[int, int]],
    states: Mapping[date, str],
    verdicts: Verdicts,
    *,
    now: datetime,
) -> Iterator[_Located]:
    """Yield those that need nothing of an archive, as a void of what was set aside does."""
    for one in located:
        is_booked = one.place.in_batch not in aside or one.claimed.act == Correction.Act.AMEND
        if is_booked and states[one.month] == "archived":
            missing = f"month:{one.month:%Y-%m}"
            verdicts.postponed.append(
                Postponed(
                    one.claimed.id, now + RETRY_AFTER, MONTH_ARCHIVED, missing, place=one.place
                )
            )
        else:
            yield one


def _amended(located: _Located, entry: Entry | None) -> Row | None:
    """Return the event as an amendment leaves it; None if nothing is to stand."""
    if located.claimed.act != Correction.Act.AMEND:
        return None
    posted = located.posted
    row = _as_written(entry) if entry else posted.row if posted else None
    assert row is not None, "what is set aside has its payload"
    change = located.claimed.change
    attributes, tier = row.attributes, row.service_tier
    if change.attributes is not None:
        attributes, tier = change.attributes, service_tiers.of_json(change.attributes)
    return replace(
        row,
        consumer=row.consumer if change.consumer is None else change.consumer,
        project=row.project if change.project is None else change.project,
        deployment=row.deployment if change.deployment is None else change.deployment,
        status=row.status if change.status is None else change.status,
        counts=row.counts if change.counts is None else change.counts,
        finding=row.finding if change.counts is None else None,
        attributes=None if attributes == "{}" else attributes,
        service_tier=tier,
    )


def _as_written(entry: Entry) -> Row:
    """Return the event of a usage entry with the names that its source wrote."""
    return replace(entry.row, project=entry.project, written=AS_WRITTEN)
