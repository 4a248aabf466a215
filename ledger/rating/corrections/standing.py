"""Where an event that is to be corrected stands: in a batch, set aside, or in the usage journal."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection

from ledger.pricing.slots import COMPONENTS
from ledger.rating.corrections.picked import Row
from ledger.rating.corrections.queue import Claimed, Place
from ledger.service_tiers import STANDARD
from ledger.tokens import TOKEN_CLASSES
from ledger.usage.columns import from_arrow
from ledger.usage.identity import microseconds

PAYLOADS: Final = """
    SELECT id, provider_id, received_at, payload
    FROM ledger_usage_batch
    WHERE id = ANY(%(ids)s) AND payload IS NOT NULL
    ORDER BY id
"""
BATCHES_AT_ONCE: Final = 10

# Only where the payload was dropped: everything of such a batch is entered.
PLACES: Final = """
    SELECT batch_id, source_id, event_id, row, occurred_at
    FROM ledger_usage_entry
    WHERE kind = 'usage' AND batch_id = ANY(%(batches)s) AND event_id = ANY(%(events)s)
"""
ASIDE: Final = """
    SELECT aside.batch_id, aside.row
    FROM ledger_set_aside aside
    JOIN unnest(%(batches)s::bigint[], %(rows)s::integer[]) AS wanted (batch_id, row)
        ON wanted.batch_id = aside.batch_id AND wanted.row = aside.row
    ORDER BY aside.batch_id, aside.row
    FOR UPDATE OF aside SKIP LOCKED
"""
"""An event that a worker is just entering is passed over: it is tried again in a moment."""

STANDING: Final = f"""
    WITH wanted AS MATERIALIZED (
        SELECT *
        FROM unnest(%(times)s::timestamptz[], %(batches)s::bigint[], %(rows)s::integer[])
             AS wanted (occurred_at, batch_id, row)
    ), entry AS (
        SELECT entry.*
        FROM wanted
        JOIN ledger_usage_entry entry
            ON entry.occurred_at = wanted.occurred_at AND entry.batch_id = wanted.batch_id
           AND entry.row = wanted.row
        LEFT JOIN ledger_usage_entry reversal
            ON reversal.occurred_at = entry.occurred_at AND reversal.corrects_id = entry.id
           AND reversal.kind = 'reversal'
           AND reversal.occurred_at = ANY(%(instants)s::timestamptz[])
        WHERE entry.kind <> 'reversal' AND reversal.id IS NULL
          AND entry.occurred_at = ANY(%(instants)s::timestamptz[])
    )
    SELECT entry.batch_id, entry.row, entry.provider_id, entry.source_id, entry.event_id,
           entry.occurred_at,
           COALESCE(entry.written->>'consumer', consumer.code), entry.project,
           COALESCE(entry.written->>'deployment', deployment.code),
           ARRAY[{", ".join(f"entry.{name}" for name in TOKEN_CLASSES)}],
           entry.status, entry.attributes::text, COALESCE(entry.written::text, ''),
           entry.service_tier, COALESCE(entry.written->>'project', entry.project),
           entry.id, entry.consumer_id, entry.deployment_id, entry.agreement_version_id,
           entry.price_rate_id, price_rate.currency, entry.context_from_tokens,
           ARRAY[{", ".join(f"entry.{name}" for name in COMPONENTS)}]
    FROM entry
    JOIN ledger_price_rate price_rate ON price_rate.id = entry.price_rate_id
    JOIN ledger_party consumer ON consumer.id = entry.consumer_id
    JOIN ledger_deployment deployment ON deployment.id = entry.deployment_id
"""
"""What stands is what nothing reversed, whether a correction or a re-rating left it so.

The instants name the months, and the rows in them by their index. Nothing is looped over: where
a source counts in seconds, thousands of events share one instant."""


@dataclass(frozen=True, slots=True)
class Posted:
    """An event as it was posted, if its batch still has it, and its place."""

    place: Place
    row: Row | None


@dataclass(frozen=True, slots=True)
class Entry:
    """The usage entry of an event that nothing has reversed.

    `project` is the one that the source wrote; `row` has the one that was booked.
    """

    row: Row
    project: str
    id: int
    consumer_id: int
    deployment_id: int
    agreement_version_id: int
    price_rate_id: int
    currency: str
    context_from_tokens: int
    amounts: Sequence[int]


def posted(claimed: Sequence[Claimed]) -> dict[int, Posted]:
    """Return, by correction, the events that were recorded; read batch by batch."""
    wanted: dict[int, dict[tuple[int, str], int]] = defaultdict(dict)
    for one in claimed:
        assert one.batch_id is not None, "only recorded events are looked for"
        wanted[one.batch_id][one.source_id, one.event_id] = one.id
    found: dict[int, Posted] = {}
    with_payload = set()
    for batch_id, provider_id, received_at, payload in _payloads(wanted):
        with_payload.add(batch_id)
        of_batch = wanted[batch_id]
        for row in _rows(bytes(payload), {event_id for _, event_id in of_batch}):
            id_ = of_batch.get((row["source_id"], row["event_id"]))
            if id_ is not None:
                at = row["occurred_at"] or received_at
                place = Place(batch_id, row["row"], at)
                found[id_] = Posted(place, _row(row, place, provider_id))
    return found | _without_payload(
        {batch_id: ids for batch_id, ids in wanted.items() if batch_id not in with_payload}
    )


def lock_aside(places: Sequence[Place]) -> set[tuple[int, int]]:
    """Lock those of the events that are set aside; return their batches and rows."""
    if not places:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            ASIDE,
            {
                "batches": [place.batch_id for place in places],
                "rows": [place.row for place in places],
            },
        )
        return set(cursor.fetchall())


def entries(places: Sequence[Place]) -> dict[tuple[int, int], Entry]:
    """Return the usage entries of these events that stand, by batch and row."""
    if not places:
        return {}
    times = [place.occurred_at for place in places]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(
            STANDING,
            {
                "times": times,
                "instants": sorted(set(times)),
                "batches": [place.batch_id for place in places],
                "rows": [place.row for place in places],
            },
        )
        found = {(row[0], row[1]): _entry(row) for row in cursor.fetchall()}
        cursor.execute("SET LOCAL enable_nestloop = on")
    return found


def _payloads(ids: Iterable[int]) -> Iterator[tuple[int, int, datetime, Any]]:
    """Return batches a few at a time: together they may be larger than the memory."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(PAYLOADS, {"ids": sorted(ids)})
        while rows := cursor.fetchmany(BATCHES_AT_ONCE):
            yield from rows


def _rows(payload: bytes, event_ids: Iterable[str]) -> list[dict[str, Any]]:
    """Return the events of a batch that have one of these ids, each with its `row`."""
    table = from_arrow(payload)
    chosen = pc.is_in(table["event_id"], value_set=pa.array(sorted(event_ids), type=pa.string()))
    index = np.flatnonzero(chosen.to_numpy())
    rows: list[dict[str, Any]] = table.take(pa.array(index)).to_pylist()
    return [{**row, "row": int(number)} for row, number in zip(rows, index, strict=True)]


def _row(event: Mapping[str, Any], place: Place, provider_id: int) -> Row:
    return Row(
        place.batch_id,
        place.row,
        provider_id,
        event["source_id"],
        event["event_id"],
        microseconds(place.occurred_at),
        event["consumer"],
        event["project"],
        event["deployment"],
        tuple(event[name] for name in TOKEN_CLASSES),
        event["status"],
        event["attributes"],
        event["finding"],
        service_tier=event["service_tier"] or STANDARD,
    )


def _without_payload(wanted: Mapping[int, Mapping[tuple[int, str], int]]) -> dict[int, Posted]:
    if not wanted:
        return {}
    events = {event_id for of_batch in wanted.values() for _, event_id in of_batch}
    found: dict[int, Posted] = {}
    with connection.cursor() as cursor:
        cursor.execute(PLACES, {"batches": sorted(wanted), "events": sorted(events)})
        for batch_id, source_id, event_id, row, occurred_at in cursor.fetchall():
            id_ = wanted[batch_id].get((source_id, event_id))
            if id_ is not None:
                found[id_] = Posted(Place(batch_id, row, occurred_at), None)
    return found


def _entry(row: tuple[Any, ...]) -> Entry:
    event = [*row[:5], microseconds(row[5]), *row[6:12], None, row[12], row[13]]
    return Entry(Row(*event), *row[14:])
