"""The usage entries of a part of a run that stand, as columns: read by binary COPY."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import psycopg
from django.db import connection

from ledger.pricing.slots import COMPONENTS
from ledger.rating.events import Events, Integers, Names
from ledger.rating.rerating.preview import NOT_REVERSED
from ledger.rating.rerating.scope import IN_SCOPE, Scope
from ledger.rating.writing import COPY_HEADER, POSTGRES_EPOCH_US
from ledger.tokens import TOKEN_CLASSES

NUMBERS: Final = (
    *("id", "batch_id", "row", "source_id", "provider_id", "consumer_id", "deployment_id"),
    *("agreement_version_id", "price_rate_id", "context_from_tokens"),
    *TOKEN_CLASSES,
    *COMPONENTS,
)
TEXTS: Final = ("project", "status", "service_tier", "event_id", "attributes", "written")
FIXED: Final = np.dtype(
    [("fields", ">i2"), ("occurred_at_length", ">i4"), ("occurred_at", ">i8")]
    + [pair for name in NUMBERS for pair in ((f"{name}_length", ">i4"), (name, ">i8"))]
)
BEYOND: Final = f"""
    SELECT entry.occurred_at, entry.id
    FROM ledger_usage_entry entry
    WHERE {IN_SCOPE} AND entry.kind <> 'reversal'
      AND (entry.occurred_at, entry.id) > (%(after_at)s, %(after_id)s)
      AND entry.occurred_at >= %(after_at)s
    ORDER BY entry.occurred_at, entry.id
    OFFSET %(limit)s - 1
    LIMIT 1
"""
PART: Final = f"""
    COPY (
        SELECT entry.occurred_at, {", ".join(f"entry.{name}::bigint" for name in NUMBERS)},
               {", ".join(f"entry.{name}::text" for name in TEXTS)}
        FROM ledger_usage_entry entry
        WHERE {IN_SCOPE} AND entry.kind <> 'reversal' AND {NOT_REVERSED}
          AND (entry.occurred_at, entry.id) > (%(after_at)s, %(after_id)s)
          AND (entry.occurred_at, entry.id) <= (%(until_at)s, %(until_id)s)
          AND entry.occurred_at >= %(after_at)s AND entry.occurred_at <= %(until_at)s
        ORDER BY entry.occurred_at, entry.id
    ) TO STDOUT (FORMAT BINARY)
"""
TRAILER: Final = b"\xff\xff"

Place = tuple[datetime, int]
"""(occurred_at, id) of a usage entry; both ends of a part are such places."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Usage entries that stand: what was consumed, and what each says of its price."""

    events: Events
    id: Integers
    consumer_id: Integers
    deployment_id: Integers
    agreement_version_id: Integers
    price_rate_id: Integers
    context_from_tokens: Integers
    amounts: Integers

    def __len__(self) -> int:
        return len(self.id)

    @property
    def months(self) -> npt.NDArray[np.datetime64]:
        """Return the month of each, in UTC."""
        return self.events.occurred_us.astype("datetime64[us]").astype("datetime64[M]")

    def taken(self, index: npt.NDArray[np.intp]) -> "Standing":
        """Return those with these indices, in their order."""
        return Standing(
            _events_taken(self.events, index),
            self.id[index],
            self.consumer_id[index],
            self.deployment_id[index],
            self.agreement_version_id[index],
            self.price_rate_id[index],
            self.context_from_tokens[index],
            self.amounts[:, index],
        )


def first_place(scope: Scope) -> Place:
    """Return the place before everything in the scope."""
    return scope.starts_at, 0


def next_place(scope: Scope, *, after: Place, limit: int) -> Place | None:
    """Return the place of the `limit`-th entry behind `after`; None if there are fewer."""
    parameters: dict[str, Any] = {
        "after_at": after[0],
        "after_id": after[1],
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(BEYOND, {**scope.parameters, **parameters})
        found: Place | None = cursor.fetchone()
    return found


def read(
    scope: Scope, *, after: Place, until: Place, codes: Mapping[str, Mapping[int, str]]
) -> Standing:
    """Return what stands behind `after`, up to `until` and included, in the order of its places.

    `codes` names consumers and deployments by their ids.
    """
    parameters = {
        "after_at": after[0],
        "after_id": after[1],
        "until_at": until[0],
        "until_id": until[1],
    }
    fixed: list[bytes] = []
    texts: list[bytes] = []
    size = FIXED.itemsize
    with connection.wrap_database_errors, psycopg.ClientCursor(connection.connection) as cursor:
        statement = cursor.mogrify(PART, {**scope.parameters, **parameters})
        with cursor.copy(statement.encode()) as copy:
            for block in copy:
                line = bytes(block)
                if line.startswith(COPY_HEADER[:11]):
                    line = line[len(COPY_HEADER) :]
                if line and line != TRAILER:
                    fixed.append(line[:size])
                    texts.append(line[size:])
    return _standing(np.frombuffer(b"".join(fixed), dtype=FIXED), texts, codes)


def _standing(
    rows: npt.NDArray[Any], texts: Sequence[bytes], codes: Mapping[str, Mapping[int, str]]
) -> Standing:
    columns = {name: rows[name].astype(np.int64) for name in NUMBERS}
    project, status, tier, event_id, attributes, written = _split(texts)
    events = Events(
        batch_id=columns["batch_id"],
        row=columns["row"],
        provider_id=columns["provider_id"],
        source_id=columns["source_id"],
        occurred_us=rows["occurred_at"].astype(np.int64) + POSTGRES_EPOCH_US,
        counts=[columns[name] for name in TOKEN_CLASSES],
        consumer=_named(columns["consumer_id"], codes["consumer"]),
        project=_coded(project),
        deployment=_named(columns["deployment_id"], codes["deployment"]),
        status=_coded(status),
        service_tier=_coded(tier),
        event_id=[_text(one) for one in event_id],
        attributes=[None if one is None else one.decode() for one in attributes],
        findings={},
        supersedes={},
        written=_coded(written) if any(one is not None for one in written) else None,
    )
    return Standing(
        events,
        columns["id"],
        columns["consumer_id"],
        columns["deployment_id"],
        columns["agreement_version_id"],
        columns["price_rate_id"],
        columns["context_from_tokens"],
        np.stack([columns[name] for name in COMPONENTS]),
    )


def _split(texts: Sequence[bytes]) -> list[list[bytes | None]]:
    """Return the texts of each row, by column: each stands behind its length in four bytes."""
    columns: list[list[bytes | None]] = [[] for _ in TEXTS]
    from_bytes = int.from_bytes
    for line in texts:
        at = 0
        for column in columns:
            length = from_bytes(line[at : at + 4], "big")
            at += 4
            if length == 0xFFFFFFFF:  # noqa: PLR2004 - minus one, which stands for null
                column.append(None)
            else:
                column.append(line[at : at + length])
                at += length
    return columns


def _coded(column: Sequence[bytes | None]) -> Names:
    """Return a column of names; null is the empty one."""
    code_of: dict[bytes | None, int] = {}
    codes = [code_of.setdefault(one, len(code_of)) for one in column]
    return Names(np.array(codes, dtype=np.int64), [_text(one) for one in code_of])


def _named(ids: Integers, names: Mapping[int, str]) -> Names:
    distinct, codes = np.unique(ids, return_inverse=True)
    return Names(codes.reshape(-1).astype(np.int64), [names[int(id_)] for id_ in distinct])


def _text(one: bytes | None) -> str:
    return "" if one is None else one.decode()


def _events_taken(events: Events, index: npt.NDArray[np.intp]) -> Events:
    positions = index.tolist()

    def names(column: Names) -> Names:
        return Names(column.codes[index], column.values)

    return replace(
        events,
        batch_id=events.batch_id[index],
        row=events.row[index],
        provider_id=events.provider_id[index],
        source_id=events.source_id[index],
        occurred_us=events.occurred_us[index],
        counts=[column[index] for column in events.counts],
        consumer=names(events.consumer),
        project=names(events.project),
        deployment=names(events.deployment),
        status=names(events.status),
        service_tier=names(events.service_tier),
        event_id=[events.event_id[position] for position in positions],
        attributes=[events.attributes[position] for position in positions],
        written=None if events.written is None else names(events.written),
    )


def month_starts(months: npt.NDArray[np.datetime64]) -> list[datetime]:
    """Return the first instant of each distinct month."""
    found: list[date] = np.unique(months).astype("datetime64[D]").astype(object).tolist()
    return [datetime(day.year, day.month, day.day, tzinfo=UTC) for day in found]
