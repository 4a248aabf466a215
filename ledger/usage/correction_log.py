"""The log of corrections: what was recorded of an event, and the next number for each.

Corrections of one event are numbered, and a number is taken once: so those that come at the same
moment follow one another, and a worker that applies them knows in which order.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

import rfc8785
from django.db import connection, transaction

from ledger.errors import LedgerError
from ledger.usage.models import Correction
from ledger.usage.stated import NOTHING, Stated

Answer = TypeVar("Answer")

TRIES: Final = 20
"""Each try that fails is one in which somebody else recorded a correction of the same event."""

PAST: Final = """
    SELECT key, id, number, act, state, content_hash, reason
    FROM ledger_correction
    WHERE provider_id = %(provider)s AND key = ANY(%(keys)s::uuid[])
    ORDER BY key, number
"""
INSERT: Final = """
    INSERT INTO ledger_correction
        (provider_id, key, source, event_id, number, act, reason, content_hash, consumer, project,
         deployment, status, counts, attributes, said, final_event_id, final_batch_id, final_row,
         requested_by_key_id, requested_by_user_id, recorded_at, state, decided_at, outcome,
         attempts, next_attempt_at, lack, missing, detail, judged_by_publication)
    SELECT %(provider)s, key, source, event_id, number, act, reason, content_hash, consumer,
           project, deployment, status, counts::bigint[], attributes::jsonb, said::jsonb,
           final_event_id, %(final_batch)s, final_row,
           %(by_key)s, %(by_user)s, %(now)s,
           CASE outcome WHEN '' THEN 'waiting' ELSE 'refused' END,
           CASE outcome WHEN '' THEN NULL ELSE %(now)s::timestamptz END, outcome,
           0, %(now)s, '', '', '', 0
    FROM unnest(%(keys)s::uuid[], %(sources)s::text[], %(events)s::text[], %(numbers)s::integer[],
                %(acts)s::text[], %(reasons)s::text[], %(hashes)s::uuid[], %(consumers)s::text[],
                %(projects)s::text[], %(deployments)s::text[], %(statuses)s::text[],
                %(counts)s::text[], %(attributes)s::text[], %(said)s::text[],
                %(finals)s::text[], %(final_rows)s::integer[], %(outcomes)s::text[])
         AS asked (key, source, event_id, number, act, reason, content_hash, consumer, project,
                   deployment, status, counts, attributes, said, final_event_id, final_row, outcome)
    ORDER BY key, number
    ON CONFLICT (provider_id, key, number) DO NOTHING
    RETURNING key, number, id
"""


class EventCorrectedMeanwhile(LedgerError):
    """Others kept correcting the same events at the same moment."""

    problem = "event-corrected-meanwhile"

    def __init__(self) -> None:
        super().__init__("others correct these events at the same moment; try again")


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asks: a key or a person."""

    key_id: int | None = None
    user_id: int | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """An earlier correction of an event."""

    id: int
    number: int
    act: str
    state: str
    content_hash: UUID
    reason: str

    @property
    def is_refused(self) -> bool:
        """Return whether nothing came of it."""
        return self.state == Correction.State.REFUSED

    @property
    def takes_all(self) -> bool:
        """Return whether it leaves nothing of the event, or will."""
        return self.act != Correction.Act.AMEND and not self.is_refused


@dataclass(frozen=True, slots=True)
class New:
    """A correction to be inserted; with an outcome it is refused from the beginning.

    `final` is the event that a superseded one gives way to, `final_row` its row in its batch.
    """

    key: UUID
    source: str
    event_id: str
    number: int
    act: str
    reason: str
    content_hash: UUID
    stated: Stated = NOTHING
    final: str | None = None
    final_row: int | None = None
    outcome: str = ""


class Overtaken(Exception):
    """Somebody else took a number meanwhile."""


def in_turn(act: Callable[[], Answer]) -> Answer:
    """Run an act that inserts corrections, from its beginning again if it was overtaken.

    :raises EventCorrectedMeanwhile: if others correct the same events all the time.
    """
    for _ in range(TRIES):
        try:
            with transaction.atomic():
                return act()
        except Overtaken:
            continue
    raise EventCorrectedMeanwhile


def past(provider_id: int, keys: Sequence[UUID]) -> Mapping[UUID, list[Past]]:
    """Return the corrections of each event, ascending by their numbers."""
    earlier: dict[UUID, list[Past]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(PAST, {"provider": provider_id, "keys": list(keys)})
        for identity, *row in cursor.fetchall():
            earlier[identity].append(Past(*row))
    return earlier


def what_took_all(corrections: Iterable[Past]) -> Past | None:
    """Return the correction that leaves nothing of its event, if one of them does."""
    return next((one for one in corrections if one.takes_all), None)


def insert(
    provider_id: int,
    new: Sequence[New],
    *,
    by: Requester,
    final_batch: int | None,
    now: datetime,
) -> dict[UUID, int]:
    """Insert corrections, ascending by event, and return their ids.

    :raises Overtaken: if one of the numbers is taken; nothing may be kept then.
    """
    if not new:
        return {}
    stated = [one.stated for one in new]
    parameters = {
        "provider": provider_id,
        "final_batch": final_batch,
        "by_key": by.key_id,
        "by_user": by.user_id,
        "now": now,
        "keys": [one.key for one in new],
        "sources": [one.source for one in new],
        "events": [one.event_id for one in new],
        "numbers": [one.number for one in new],
        "acts": [str(one.act) for one in new],
        "reasons": [one.reason for one in new],
        "hashes": [one.content_hash for one in new],
        "consumers": [one.consumer for one in stated],
        "projects": [one.project for one in stated],
        "deployments": [one.deployment for one in stated],
        "statuses": [one.status for one in stated],
        "counts": [_array(one.counts) for one in stated],
        "attributes": [_json(one.attributes) for one in stated],
        "said": [_json(one.said) for one in stated],
        "finals": [one.final for one in new],
        "final_rows": [one.final_row for one in new],
        "outcomes": [one.outcome for one in new],
    }
    with connection.cursor() as cursor:
        cursor.execute(INSERT, parameters)
        inserted = {identity: id_ for identity, _, id_ in cursor.fetchall()}
        if cursor.rowcount < len(new):
            raise Overtaken
    return inserted


def _array(counts: Sequence[int] | None) -> str | None:
    """Write counts as PostgreSQL reads them: `unnest` would take an array of arrays apart."""
    return None if counts is None else "{" + ",".join(map(str, counts)) + "}"


def _json(value: Mapping[str, Any] | None) -> str | None:
    return None if value is None else rfc8785.dumps(value).decode()
