"""Audits of what was recorded: identities in the register, bodies in the batches.

Counts, rates, postings, balances and rollups changed in step would agree with one another, but
not with what the provider posted.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import pyarrow as pa
from django.db import connection, transaction

from ledger.audit.corrected import Corrected, Named
from ledger.audit.findings import Audit
from ledger.audit.queries import audit
from ledger.audit.said import Event, Said, posted
from ledger.rating.archive.records import AWAY_BATCHES
from ledger.tokens import TOKEN_CLASSES
from ledger.usage.columns import attributes_json
from ledger.usage.identity import KEY_SQL, key

KEYS_REGISTERED: Final = f"""
    SELECT format('usage entry %s: event %s of %s is not in the register',
                  entry.id, entry.event_id, source.uri)
    FROM ledger_usage_entry entry
    JOIN ledger_source source ON source.id = entry.source_id
    LEFT JOIN ledger_event_key registered
        ON registered.provider_id = entry.provider_id
       AND registered.batch_id = entry.batch_id
       AND registered.key = {KEY_SQL.format(source="source.uri", event_id="entry.event_id")}
    WHERE entry.kind = 'usage' AND registered.key IS NULL
    ORDER BY entry.id
"""
SOURCES: Final = "SELECT id, uri FROM ledger_source"
SIZES: Final = "SELECT id, events FROM ledger_usage_batch ORDER BY id"
BATCHES: Final = """
    SELECT id, provider_id, received_at, state, payload
    FROM ledger_usage_batch
    WHERE id BETWEEN %(first)s AND %(last)s
    ORDER BY id
"""
REGISTERED: Final = """
    SELECT registered.provider_id, registered.key, registered.batch_id, registered.body_hash
    FROM unnest(%(providers)s::bigint[], %(keys)s::uuid[]) AS wanted (provider_id, key)
    JOIN ledger_event_key registered USING (provider_id, key)
"""
MADE_OF_THEM: Final = f"""
    WITH entered AS (
        SELECT entry.batch_id, entry.row, entry.id, entry.kind, entry.event_id, entry.source_id,
               entry.occurred_at, COALESCE(entry.written->>'consumer', consumer.code) AS consumer,
               COALESCE(entry.written->>'project', entry.project) AS project,
               COALESCE(entry.written->>'deployment', deployment.code) AS deployment,
               entry.status, entry.attributes::text AS attributes,
               {", ".join(f"entry.{name}" for name in TOKEN_CLASSES)}
        FROM ledger_usage_entry entry
        LEFT JOIN ledger_party consumer ON consumer.id = entry.consumer_id
        LEFT JOIN ledger_deployment deployment ON deployment.id = entry.deployment_id
        WHERE entry.kind <> 'reversal' AND entry.batch_id BETWEEN %(first)s AND %(last)s
    ), aside AS (
        SELECT batch_id, row, event_id, occurred_at, provider_id, source_id
        FROM ledger_set_aside
        WHERE batch_id BETWEEN %(first)s AND %(last)s
    ), away AS (
        SELECT batch_id, generate_series(lower(run), upper(run) - 1) AS row, true AS is_away
        FROM {AWAY_BATCHES} away, unnest(batch_rows) AS run
        WHERE batch_id BETWEEN %(first)s AND %(last)s
    )
    SELECT batch_id, row, away.is_away, entered.id, entered.kind,
           aside.event_id, aside.occurred_at, aside.provider_id, aside.source_id,
           entered.event_id, entered.source_id, entered.occurred_at, entered.consumer,
           entered.project, entered.deployment, entered.status, entered.attributes,
           {", ".join(f"entered.{name}" for name in TOKEN_CLASSES)}
    FROM entered
    FULL JOIN aside USING (batch_id, row)
    FULL JOIN away USING (batch_id, row)
    ORDER BY batch_id, row, entered.id
"""
"""One statement, so that an event rated meanwhile is seen in one place, not in both or neither."""

EVENTS_AT_ONCE: Final = 20_000


@dataclass(frozen=True, slots=True)
class Batch:
    """A stored batch with its events; they are None without the payload."""

    id: int
    provider_id: int
    received_at: datetime
    state: str
    readable: bool
    events: Sequence[Event] | None


@dataclass(frozen=True, slots=True)
class Made:
    """What was made of a row of a batch: a usage entry, a set-aside row, or, wrongly, both.

    `away`: its usage entry is in an archive.
    """

    batch_id: int
    row: int
    away: bool
    entry_id: int | None
    kind: str | None
    entered: Said | None
    aside: tuple[str, datetime, int, int | None] | None

    @property
    def name(self) -> str:
        """Return how a finding names it."""
        event_id = self.entered.event_id if self.entered else self.aside[0] if self.aside else ""
        return f"batch {self.batch_id}, row {self.row}, event {event_id}"


def _bodies() -> Iterator[str]:
    """Compare batches, the register's hashes, usage entries and set-aside rows."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(SOURCES)
        sources: dict[int, str] = dict(cursor.fetchall())
        cursor.execute(SIZES)
        for span in _spans(cursor.fetchall()):
            batches = _batches(span)
            made = _made(span)
            corrected = Corrected.of(span)
            registered = _registered(batches, made, sources)
            for batch in batches:
                rows = made.get(batch.id, {})
                if batch.events is None:
                    yield from _without_payload(batch, rows, registered, sources, corrected)
                else:
                    yield from _with_payload(batch, rows, registered, sources, corrected)


def _spans(sizes: Sequence[tuple[int, int]]) -> Iterator[dict[str, int]]:
    """Return spans of batch ids that hold a bounded number of events each."""
    first, total = None, 0
    for batch_id, events in sizes:
        first = batch_id if first is None else first
        total += events
        if total >= EVENTS_AT_ONCE:
            yield {"first": first, "last": batch_id}
            first, total = None, 0
    if first is not None:
        yield {"first": first, "last": sizes[-1][0]}


def _batches(span: Mapping[str, int]) -> list[Batch]:
    batches = []
    with connection.cursor() as cursor:
        cursor.execute(BATCHES, span)
        for id_, provider_id, received_at, state, payload in cursor.fetchall():
            found, readable = None, True
            if payload is not None:
                try:
                    found = posted(bytes(payload), received_at)
                except (pa.ArrowException, OSError, ValueError, KeyError):
                    readable = False
            batches.append(Batch(id_, provider_id, received_at, state, readable, found))
    return batches


def _made(span: Mapping[str, int]) -> dict[int, dict[int, list[Made]]]:
    """Return, per batch and row, what was made of it."""
    made: dict[int, dict[int, list[Made]]] = defaultdict(lambda: defaultdict(list))
    with connection.cursor() as cursor:
        cursor.execute(MADE_OF_THEM, span)
        for batch_id, row, away, entry_id, kind, *both in cursor:
            aside, entered = tuple(both[:4]), both[4:]
            made[batch_id][row].append(
                Made(
                    batch_id,
                    row,
                    away is not None,
                    entry_id,
                    kind,
                    None if entry_id is None else _said(entered),
                    None if aside[0] is None else aside,
                )
            )
    return made


def _said(entered: Sequence[Any]) -> Said:
    return Said(
        event_id=entered[0],
        source_id=entered[1],
        occurred_at=entered[2],
        consumer=entered[3] or "",
        project=entered[4],
        deployment=entered[5] or "",
        status=entered[6],
        attributes=_canonical(entered[7]),
        tokens=tuple(entered[8:]),
    )


@lru_cache(maxsize=EVENTS_AT_ONCE)
def _canonical(attributes: str | None) -> str | None:
    """Return what the database keeps as JSON the way in which it was hashed (RFC 8785)."""
    return attributes_json(json.loads(attributes, parse_int=float)) if attributes else None


def _registered(
    batches: Sequence[Batch],
    made: Mapping[int, Mapping[int, Sequence[Made]]],
    sources: Mapping[int, str],
) -> dict[tuple[int, UUID], UUID]:
    """Return (batch, key) -> hash of the body, for all that the batches or their entries name."""
    wanted: set[tuple[int, UUID]] = set()
    for batch in batches:
        said = [one.said for one in batch.events or ()]
        said += [
            one.entered for row in made.get(batch.id, {}).values() for one in row if one.entered
        ]
        wanted.update((batch.provider_id, _key(one, sources)) for one in said)
    with connection.cursor() as cursor:
        cursor.execute(
            REGISTERED,
            {
                "providers": [provider_id for provider_id, _ in wanted],
                "keys": [identity for _, identity in wanted],
            },
        )
        return {(batch_id, identity): hashed for _, identity, batch_id, hashed in cursor}


def _key(said: Said, sources: Mapping[int, str]) -> UUID:
    return key(source=sources.get(said.source_id, ""), event_id=said.event_id)


def _with_payload(
    batch: Batch,
    rows: Mapping[int, Sequence[Made]],
    registered: Mapping[tuple[int, UUID], UUID],
    sources: Mapping[int, str],
    corrected: Corrected,
) -> Iterator[str]:
    """Compare a batch with the register and with what was made of it."""
    assert batch.events is not None
    for position, event in enumerate(batch.events):
        place = batch.id, position
        name = f"batch {batch.id}, row {position}, event {event.said.event_id}"
        if registered.get((batch.id, _key(event.said, sources))) != event.hashed:
            yield f"{name}: its body is not the one that was registered"
        if corrected.supersedes.get(place, "") != event.supersedes:
            yield f"{name}: no correction takes back what it supersedes, or another"
        yield from _misnamed(name, event.said, sources, corrected.named.get(place, ()))
        if batch.state == "rated" and position not in rows and place not in corrected.voided:
            yield f"{name}: is neither entered nor set aside"
        for made in rows.get(position, ()):
            yield from _faults(name, _expected(made, event.said, corrected), made, batch)
    beyond = range(len(batch.events))
    for position in sorted(rows.keys() - beyond):
        yield f"{rows[position][0].name}: the batch has no such row"
    for position in sorted(corrected.rows(batch.id) - {*beyond}):
        yield f"batch {batch.id}, row {position}: a correction names it, the batch has no such row"


def _misnamed(
    name: str, said: Said, sources: Mapping[int, str], named: Sequence[Named]
) -> Iterator[str]:
    """Compare an event with what corrections say to have found in its place."""
    source = sources.get(said.source_id)
    for one in named:
        if (one.source, one.event_id, one.occurred_at) != (source, said.event_id, said.occurred_at):
            yield f"{name}: correction {one.correction_id} takes it for another event"


def _expected(made: Made, said: Said, corrected: Corrected) -> Said:
    """Return what a usage entry must say: what was posted, with what was stated since."""
    replacement = corrected.replacements.get(made.entry_id or 0)
    return said.amended(replacement.stated) if replacement else said


def _faults(name: str, said: Said, made: Made, batch: Batch) -> Iterator[str]:
    if made.entered is not None and made.aside is not None:
        yield f"{name}: is both entered and set aside"
    if made.away and (made.entered is not None or made.aside is not None):
        yield f"{name}: is in an archive, and is entered or set aside as well"
    if made.entered is not None and made.entered != said:
        others = [
            field.name
            for field in fields(Said)
            if getattr(made.entered, field.name) != getattr(said, field.name)
        ]
        yield f"{name}: its usage entry says something else of {', '.join(others)}"
    expected = (said.event_id, said.occurred_at, batch.provider_id)
    # Rows from before their source was kept name none.
    if made.aside not in (None, (*expected, said.source_id), (*expected, None)):
        yield f"{name}: was set aside as another event"


def _without_payload(
    batch: Batch,
    rows: Mapping[int, Sequence[Made]],
    registered: Mapping[tuple[int, UUID], UUID],
    sources: Mapping[int, str],
    corrected: Corrected,
) -> Iterator[str]:
    """Compare the usage entries of a batch whose payload was dropped with the register alone."""
    if not batch.readable:
        yield f"batch {batch.id}: its payload cannot be read"
    elif batch.state != "rated":
        yield f"batch {batch.id}: waits, and its payload is gone"
    for of_row in rows.values():
        first = next((made.entered for made in of_row if made.kind == "usage"), None)
        for made in of_row:
            if made.away and (made.entered is not None or made.aside is not None):
                yield f"{made.name}: is in an archive, and is entered or set aside as well"
            if made.aside is not None:
                yield f"{made.name}: is set aside, and its payload is gone"
            if made.entered is None or first is None:
                continue
            held = registered.get((batch.id, _key(made.entered, sources)))
            yield from _unlike_register(made, first, batch, held, corrected)


def _unlike_register(
    made: Made, first: Said, batch: Batch, held: UUID | None, corrected: Corrected
) -> Iterator[str]:
    """Compare a usage entry with the register, or with the first one and what was stated since."""
    assert made.entered is not None
    replacement = corrected.replacements.get(made.entry_id or 0)
    if replacement and replacement.is_first:
        yield f"{made.name}: was amended before it was entered, and its payload is gone"
    elif replacement:
        yield from _faults(made.name, first.amended(replacement.stated), made, batch)
    else:
        supersedes = corrected.supersedes.get((batch.id, made.row), "")
        if held not in _possible(made.entered, batch, supersedes):
            yield f"{made.name}: its usage entry is not what was registered"


def _possible(said: Said, batch: Batch, supersedes: str) -> set[UUID]:
    """Return the hashes under which an event may be registered, with or without its time."""
    timed = {True} if said.occurred_at != batch.received_at else {True, False}
    return {said.hashed(timed=one, supersedes=supersedes) for one in timed}


AUDITS: Final[tuple[Audit, ...]] = (
    audit("register", "Every usage entry's identity is registered", KEYS_REGISTERED),
    Audit("bodies", "Batches, register and usage entries say the same", _bodies),
)
