"""Record what is to be corrected, event by event: void or amend. Rating applies it later."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection

from ledger.errors import LedgerError
from ledger.usage import correction_log
from ledger.usage.correction_log import New, Past, Requester
from ledger.usage.identity import key
from ledger.usage.stated import NOTHING, Stated, content_hash

SOURCES: Final = "SELECT uri FROM ledger_source WHERE provider_id = %(provider)s LIMIT 2"
REGISTERED: Final = """
    SELECT key
    FROM ledger_event_key
    WHERE provider_id = %(provider)s AND key = ANY(%(keys)s::uuid[])
"""


class NoSuchEvent(LedgerError):
    """The provider recorded no event with this source and id."""

    problem = "no-such-event"

    def __init__(self, *, source: str, event_id: str) -> None:
        self.source = source
        self.event_id = event_id
        super().__init__(f"no event {event_id!r} of source {source!r} is recorded")


class SourceNotNamed(LedgerError):
    """The provider has several sources, or none, and an event is named without its source."""

    problem = "source-not-named"

    def __init__(self, event_id: str) -> None:
        self.event_id = event_id
        super().__init__(f"name the source of event {event_id!r}: an id is unique only within one")


class EventNoLongerStands(LedgerError):
    """The event was voided or superseded: nothing of it is left to correct."""

    problem = "event-no-longer-stands"

    def __init__(self, *, event_id: str, correction_id: int, act: str, reason: str) -> None:
        self.event_id = event_id
        self.correction = str(correction_id)
        self.act = act
        super().__init__(
            f"nothing is left of event {event_id!r} to correct: "
            f"correction {correction_id} ({act}: {reason})"
        )


class EventNamedTwice(LedgerError):
    """One request asks for two different corrections of one event."""

    problem = "event-named-twice"

    def __init__(self, event_id: str) -> None:
        self.event_id = event_id
        super().__init__(f"event {event_id!r} is named before; send its second correction later")


@dataclass(frozen=True, slots=True)
class Asked:
    """A correction that somebody asks for; without a source it is that of the provider's only."""

    index: int
    act: str
    event_id: str
    reason: str
    source: str | None = None
    stated: Stated = NOTHING

    @property
    def content_hash(self) -> UUID:
        """Return what a repetition of it has in common with it."""
        return content_hash(act=self.act, reason=self.reason, stated=self.stated)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of what was asked: a new correction, one that is known, or a refusal."""

    index: int
    correction_id: int | None
    is_new: bool
    refusal: LedgerError | None = None


@dataclass(slots=True)
class _Sorted:
    """What was asked, by what becomes of it; `new` by event, with its place in the request."""

    outcomes: list[Outcome] = field(default_factory=list)
    new: dict[UUID, tuple[int, New]] = field(default_factory=dict)
    repeated: list[tuple[int, UUID]] = field(default_factory=list)


def record(
    *, provider_id: int, asked: Sequence[Asked], by: Requester, now: datetime
) -> list[Outcome]:
    """Record corrections of a provider's events and return what became of each, in order.

    What asks for the same as the newest correction of its event is answered with that one; what
    was refused may be asked for again.

    :raises EventCorrectedMeanwhile: if others correct the same events all the time.
    """
    named, unnamed = _with_sources(provider_id, asked)
    outcomes = correction_log.in_turn(lambda: _record(provider_id, named, by=by, now=now))
    return sorted([*unnamed, *outcomes], key=lambda one: one.index)


def _with_sources(provider_id: int, asked: Sequence[Asked]) -> tuple[list[Asked], list[Outcome]]:
    """Give each its source; what names none means the provider's only one."""
    if all(one.source is not None for one in asked):
        return list(asked), []
    with connection.cursor() as cursor:
        cursor.execute(SOURCES, {"provider": provider_id})
        sources = [uri for (uri,) in cursor.fetchall()]
    named: list[Asked] = []
    refused: list[Outcome] = []
    for one in asked:
        if one.source is not None:
            named.append(one)
        elif len(sources) == 1:
            named.append(replace(one, source=sources[0]))
        else:
            refused.append(Outcome(one.index, None, False, SourceNotNamed(one.event_id)))
    return named, refused


def _record(
    provider_id: int, named: Sequence[Asked], *, by: Requester, now: datetime
) -> list[Outcome]:
    keys = [key(source=one.source or "", event_id=one.event_id) for one in named]
    with connection.cursor() as cursor:
        cursor.execute(REGISTERED, {"provider": provider_id, "keys": keys})
        registered = {identity for (identity,) in cursor.fetchall()}
    past = correction_log.past(provider_id, keys)
    found = _Sorted()
    for identity, one in zip(keys, named, strict=True):
        _sort(one, identity, past.get(identity, []), found, is_registered=identity in registered)
    new = [one for _, one in found.new.values()]
    ids = correction_log.insert(provider_id, new, by=by, final_batch=None, now=now)
    return [
        *found.outcomes,
        *(Outcome(index, ids[identity], True) for identity, (index, _) in found.new.items()),
        *(Outcome(index, ids[identity], False) for index, identity in found.repeated),
    ]


def _sort(
    one: Asked, identity: UUID, past: Sequence[Past], found: _Sorted, *, is_registered: bool
) -> None:
    """Find out what becomes of one correction."""
    newest = next((earlier for earlier in reversed(past) if not earlier.is_refused), None)
    _, held = found.new.get(identity, (0, None))
    hashed = one.content_hash
    if held is not None and held.content_hash == hashed:
        found.repeated.append((one.index, identity))
        return
    if newest is not None and newest.content_hash == hashed:
        found.outcomes.append(Outcome(one.index, newest.id, False))
        return
    refusal = _refusal(one, past, is_held=held is not None, is_registered=is_registered)
    if refusal is not None:
        found.outcomes.append(Outcome(one.index, None, False, refusal))
        return
    new = New(
        identity,
        one.source or "",
        one.event_id,
        past[-1].number + 1 if past else 1,
        one.act,
        one.reason,
        hashed,
        one.stated,
    )
    found.new[identity] = one.index, new


def _refusal(
    one: Asked, past: Sequence[Past], *, is_held: bool, is_registered: bool
) -> LedgerError | None:
    if not is_registered:
        return NoSuchEvent(source=one.source or "", event_id=one.event_id)
    gone = correction_log.what_took_all(past)
    if gone is not None:
        return EventNoLongerStands(
            event_id=one.event_id, correction_id=gone.id, act=gone.act, reason=gone.reason
        )
    return EventNamedTwice(one.event_id) if is_held else None
