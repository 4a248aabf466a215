"""The rows of a claim: usage entries by binary COPY, then set-aside rows and the rollup."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import psycopg
from django.db import connection

from ledger.pricing import kernel
from ledger.pricing.slots import COMPONENTS
from ledger.rating.booking import Booked
from ledger.rating.events import Events, Integers, distinct
from ledger.rating.valuation import Combination, Valuation
from ledger.tokens import TOKEN_CLASSES
from ledger.usage.identity import EPOCH, microseconds

COPY_HEADER: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
COPY_TRAILER: Final = b"\xff\xff"
NULL: Final = b"\xff\xff\xff\xff"
JSONB_VERSION: Final = b"\x01"
POSTGRES_EPOCH_US: Final = microseconds(datetime(2000, 1, 1, tzinfo=UTC))
HOUR_US: Final = 3_600_000_000

BIGINTS: Final = (
    "id",
    "occurred_at",
    "batch_id",
    "source_id",
    "provider_id",
    "consumer_id",
    "deployment_id",
    "agreement_version_id",
    "price_rate_id",
    "journal_entry_id",
    "context_from_tokens",
    *TOKEN_CLASSES,
    *COMPONENTS,
)
TEXTS: Final = (
    "corrects_id",
    "kind",
    "status",
    "service_tier",
    "project",
    "written",
    "event_id",
    "attributes",
)
ROW: Final = np.dtype(
    [("fields", ">i2"), ("row_length", ">i4"), ("row", ">i4")]
    + [pair for name in BIGINTS for pair in ((f"{name}_length", ">i4"), (name, ">i8"))]
)
COPY_ENTRIES: Final = (
    f"COPY ledger_usage_entry (row, {', '.join(BIGINTS)}, {', '.join(TEXTS)}) "
    "FROM STDIN (FORMAT BINARY)"
)
ENTRY_IDS: Final = """
    SELECT nextval('ledger_usage_entry_id_seq') FROM generate_series(1, %(count)s)
"""
REVERSAL: Final = "reversal"
RERATE: Final = "rerate"
USAGE: Final = "usage"
MEASURES: Final = ("events", *TOKEN_CLASSES, *COMPONENTS)
ADD_TO_ROLLUP: Final = """
    INSERT INTO ledger_usage_rollup
        (hour, consumer_id, provider_id, project, deployment_id, currency, {measures})
    SELECT hour, consumer_id, provider_id, project, deployment_id, currency, {measures}
    FROM unnest(%(hours)s::timestamptz[], %(consumers)s::bigint[], %(providers)s::bigint[],
                %(projects)s::text[], %(deployments)s::bigint[], %(currencies)s::text[],
                {arrays})
         AS added (hour, consumer_id, provider_id, project, deployment_id, currency, {measures})
    ORDER BY hour, consumer_id, provider_id, project, deployment_id, currency
    ON CONFLICT (hour, consumer_id, provider_id, project, deployment_id, currency) DO UPDATE
    SET {additions}
""".format(
    measures=", ".join(MEASURES),
    arrays=", ".join(f"%({name})s::numeric[]" for name in MEASURES),
    additions=", ".join(
        f"{name} = ledger_usage_rollup.{name} + excluded.{name}" for name in MEASURES
    ),
)
SET_ASIDE: Final = """
    INSERT INTO ledger_set_aside
        (batch_id, row, provider_id, source_id, event_id, occurred_at, reason, missing, detail,
         since, attempts, retry_at, judged_by_publication)
    SELECT batch_id, row, provider_id, source_id, event_id, occurred_at, reason, missing, detail,
           %(now)s, 1, %(retry_at)s, %(revision)s
    FROM unnest(%(batches)s::bigint[], %(rows)s::integer[], %(providers)s::bigint[],
                %(sources)s::bigint[], %(events)s::text[], %(times)s::timestamptz[],
                %(reasons)s::text[], %(missing)s::text[], %(details)s::text[])
         AS lacking (batch_id, row, provider_id, source_id, event_id, occurred_at, reason, missing,
                     detail)
    ORDER BY batch_id, row
    ON CONFLICT (batch_id, row) DO UPDATE
    SET source_id = excluded.source_id,
        reason = excluded.reason,
        missing = excluded.missing,
        detail = excluded.detail,
        attempts = ledger_set_aside.attempts + 1,
        retry_at = excluded.retry_at,
        judged_by_publication = excluded.judged_by_publication
"""
NO_LONGER_ASIDE: Final = """
    DELETE FROM ledger_set_aside
    USING unnest(%(batches)s::bigint[], %(rows)s::integer[]) AS entered (batch_id, row)
    WHERE ledger_set_aside.batch_id = entered.batch_id AND ledger_set_aside.row = entered.row
"""
RETRY_AFTER: Final = timedelta(hours=1)
"""A set-aside event is tried again at the latest after this, whether or not it was woken."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Kept events with the ids that their usage entries name, as columns."""

    index: npt.NDArray[np.intp]
    consumer_id: Integers
    deployment_id: Integers
    agreement_version_id: Integers
    price_rate_id: Integers
    context_from_tokens: Integers
    currency: list[str]
    combination_of: npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Corrects:
    """What usage entries correct: the entry that each reverses or replaces (0: none), by kind."""

    entry_ids: Sequence[int]
    kinds: Sequence[str]

    @property
    def events(self) -> Integers:
        """Return by how much each changes the number of events."""
        return np.array([-1 if kind == REVERSAL else 1 for kind in self.kinds], dtype=np.int64)


def lines(valuation: Valuation) -> Lines:
    """Spread what the combinations share over the kept events."""

    def spread(values: Sequence[int]) -> Integers:
        return np.array(values, dtype=np.int64)[valuation.combination_of]

    shared: list[Combination | None] = valuation.combinations
    return Lines(
        index=valuation.kept,
        consumer_id=spread([one.consumer.id if one else 0 for one in shared]),
        deployment_id=spread([one.deployment.id if one else 0 for one in shared]),
        agreement_version_id=spread(
            [one.priced.agreement_version_id if one else 0 for one in shared]
        ),
        price_rate_id=spread([one.priced.price_rate_id if one else 0 for one in shared]),
        context_from_tokens=spread([one.context_from_tokens if one else 0 for one in shared]),
        currency=[one.priced.currency if one else "" for one in shared],
        combination_of=valuation.combination_of,
    )


def copy_usage_entries(
    events: Events,
    valuation: Valuation,
    booked: Booked,
    *,
    entry_ids: Sequence[int],
    corrects: Corrects | None = None,
) -> Integers:
    """Append one usage entry per kept event and return their ids.

    `entry_ids` are the journal entries of the groups; `corrects` says what other usage entries
    they correct, if they do.
    """
    count = len(valuation.kept)
    if count == 0:
        return np.zeros(0, dtype=np.int64)
    spread = lines(valuation)
    index = spread.index
    with connection.wrap_database_errors, psycopg.Cursor[Any](connection.connection) as cursor:
        cursor.execute(ENTRY_IDS, {"count": count})
        ids = np.array([id_ for (id_,) in cursor.fetchall()], dtype=np.int64)
        rows = np.empty(count, dtype=ROW)
        rows["fields"] = 1 + len(BIGINTS) + len(TEXTS)
        rows["row_length"] = 4
        rows["row"] = events.row[index]
        for name in BIGINTS:
            rows[f"{name}_length"] = 8
        rows["id"] = ids
        rows["occurred_at"] = events.occurred_us[index] - POSTGRES_EPOCH_US
        rows["batch_id"] = events.batch_id[index]
        rows["source_id"] = events.source_id[index]
        rows["provider_id"] = events.provider_id[index]
        rows["journal_entry_id"] = np.array(entry_ids, dtype=np.int64)[booked.group_of]
        for name in (
            "consumer_id",
            "deployment_id",
            "agreement_version_id",
            "price_rate_id",
            "context_from_tokens",
        ):
            rows[name] = getattr(spread, name)
        for name, column in zip(TOKEN_CLASSES, events.counts, strict=True):
            rows[name] = column[index]
        for name, amounts in zip(COMPONENTS, valuation.amounts, strict=True):
            rows[name] = amounts
        with cursor.copy(COPY_ENTRIES) as copy:
            copy.write(COPY_HEADER)
            copy.write(_with_texts(rows, events, index, corrects))
            copy.write(COPY_TRAILER)
    return ids


def _with_texts(
    rows: npt.NDArray[Any],
    events: Events,
    index: npt.NDArray[np.intp],
    corrects: Corrects | None,
) -> bytes:
    """Return the rows with their variable fields behind the fixed ones."""
    fixed = rows.tobytes()
    size = ROW.itemsize
    kinds = _kinds(events, index, corrects)
    names, names_of = _names(events)
    parts: list[bytes] = []
    for position, event in enumerate(index.tolist()):
        attributes = events.attributes[event]
        parts += (
            fixed[position * size : (position + 1) * size],
            kinds[position],
            names[names_of[event]],
            _field(events.event_id[event].encode()),
            NULL if attributes is None else _field(JSONB_VERSION + attributes.encode()),
        )
    return b"".join(parts)


def _kinds(events: Events, index: npt.NDArray[np.intp], corrects: Corrects | None) -> list[bytes]:
    """Return the fields `corrects_id`, `kind`, `status` and `service_tier` of each row."""
    tiers = [_field(text.encode()) for text in events.service_tier.values]
    statuses = [_field(text.encode()) + tier for text in events.status.values for tier in tiers]
    codes = events.status.codes[index] * len(tiers) + events.service_tier.codes[index]
    if corrects is None:
        usage = [NULL + _field(b"usage") + status for status in statuses]
        return [usage[code] for code in codes.tolist()]
    return [
        (_field(entry_id.to_bytes(8, "big")) if entry_id else NULL)
        + _field(kind.encode())
        + statuses[code]
        for entry_id, kind, code in zip(
            corrects.entry_ids, corrects.kinds, codes.tolist(), strict=True
        )
    ]


def _names(events: Events) -> tuple[list[bytes], npt.NDArray[np.intp]]:
    """Return the fields `project` and `written`, each distinct pair once, and each event's pair."""
    projects = [_field(text.encode()) for text in events.project.values]
    if events.written is None:
        return [project + NULL for project in projects], events.project.codes
    writings = [
        _field(JSONB_VERSION + text.encode()) if text else NULL for text in events.written.values
    ]
    first, pair_of = distinct([events.project.codes, events.written.codes])
    pairs = zip(events.project.codes[first], events.written.codes[first], strict=True)
    return [projects[project] + writings[written] for project, written in pairs], pair_of


def _field(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def set_aside(events: Events, valuation: Valuation, *, revision: int, now: datetime) -> None:
    """Keep the events that lack something, or say again what they lack."""
    if not valuation.lacks:
        return
    order = sorted(valuation.lacks)
    lacks = [valuation.lacks[index] for index in order]
    with connection.cursor() as cursor:
        cursor.execute(
            SET_ASIDE,
            {
                "now": now,
                "retry_at": now + RETRY_AFTER,
                "revision": revision,
                "batches": events.batch_id[order].tolist(),
                "rows": events.row[order].tolist(),
                "providers": events.provider_id[order].tolist(),
                "sources": events.source_id[order].tolist(),
                "events": [events.event_id[index] for index in order],
                "times": [_at(int(events.occurred_us[index])) for index in order],
                "reasons": [lack.reason for lack in lacks],
                "missing": [lack.missing for lack in lacks],
                "details": [lack.detail for lack in lacks],
            },
        )


def no_longer_aside(*, batch_ids: list[int], rows: list[int]) -> None:
    """Take events out of what is set aside; their rows are locked."""
    with connection.cursor() as cursor:
        cursor.execute(NO_LONGER_ASIDE, {"batches": batch_ids, "rows": rows})


def add_to_rollup(
    events: Events, valuation: Valuation, *, corrects: Corrects | None = None
) -> None:
    """Add the kept events to the sums of their hours, in ascending order of the key.

    A reversal takes its event away again.
    """
    if not len(valuation.kept):
        return
    index = valuation.kept
    hours = events.occurred_us[index] // HOUR_US
    keys = np.stack(
        [hours, valuation.combination_of.astype(np.int64), events.project.codes[index]], axis=1
    )
    distinct, group_of = np.unique(keys, axis=0, return_inverse=True)
    group_of = group_of.reshape(-1)
    totals = kernel.group_sums(
        values=np.vstack(
            [
                np.ones(len(index), dtype=np.int64) if corrects is None else corrects.events,
                *(column[index][np.newaxis, :] for column in events.counts),
                valuation.amounts,
            ]
        ),
        groups=group_of,
        group_count=len(distinct),
    )
    merged: dict[tuple[datetime, int, int, str, int, str], list[int]] = {}
    for position, (hour, combination, project) in enumerate(distinct.tolist()):
        one = valuation.combinations[combination]
        assert one is not None, "kept events have a price"
        key = (
            _at(hour * HOUR_US),
            one.consumer.id,
            one.deployment.provider_id,
            events.project.values[project],
            one.deployment.id,
            one.priced.currency,
        )
        sums = merged.setdefault(key, [0] * len(MEASURES))
        for number in range(len(MEASURES)):
            sums[number] += totals[number][position]
    ordered = sorted(merged)
    with connection.cursor() as cursor:
        cursor.execute(
            ADD_TO_ROLLUP,
            {
                "hours": [key[0] for key in ordered],
                "consumers": [key[1] for key in ordered],
                "providers": [key[2] for key in ordered],
                "projects": [key[3] for key in ordered],
                "deployments": [key[4] for key in ordered],
                "currencies": [key[5] for key in ordered],
                **{
                    name: [merged[key][number] for key in ordered]
                    for number, name in enumerate(MEASURES)
                },
            },
        )


def _at(microseconds_since_epoch: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds_since_epoch)
