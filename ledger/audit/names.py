"""Audit of names: what a source wrote leads, by the mappings in force, to what was booked.

`bodies` proves that a usage entry says what was posted, with the names as they were written. This
one proves the way from there to the codes, for each combination of names and quarter hour.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db import connection

from ledger.audit.findings import Audit
from ledger.audit.versions import SEEN_WITHIN

USES: Final = """
    SELECT entry.provider_id, source.uri, date_bin('15 minutes', entry.occurred_at, 'epoch'),
           journal_entry.recorded_at, entry.written, consumer.code, deployment.code, entry.project,
           min(entry.id)
    FROM ledger_usage_entry entry
    JOIN ledger_source source ON source.id = entry.source_id
    JOIN ledger_party consumer ON consumer.id = entry.consumer_id
    JOIN ledger_deployment deployment ON deployment.id = entry.deployment_id
    JOIN ledger_journal_entry journal_entry ON journal_entry.id = entry.journal_entry_id
    WHERE entry.kind <> 'reversal'
      AND (entry.written IS NOT NULL
           OR entry.provider_id IN (SELECT provider_id FROM ledger_source_name))
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
    ORDER BY min(entry.id)
"""
MAPPINGS: Final = """
    SELECT mapped.provider_id, mapped.source, mapped.kind, mapped.name, mapped.valid_from,
           mapped.revision, mapped.withdrawn, consumer.code, mapped.project, deployment.code,
           mapped.publication_id
    FROM ledger_source_name mapped
    LEFT JOIN ledger_party consumer ON consumer.id = mapped.consumer_id
    LEFT JOIN ledger_deployment deployment ON deployment.id = mapped.deployment_id
"""
PUBLICATIONS: Final = "SELECT id, published_at FROM ledger_publication ORDER BY id"
CODES: Final = """
    SELECT 'consumer', 0, code, created_at FROM ledger_party
    UNION ALL
    SELECT 'deployment', provider_id, code, created_at FROM ledger_deployment
"""
FIELDS: Final = {"consumer", "deployment", "project"}


@dataclass(frozen=True, slots=True)
class Use:
    """Names as they were written in one quarter hour, and what was booked for them."""

    provider_id: int
    source: str
    starts_at: datetime
    recorded_at: datetime
    written: str | None
    consumer: str
    deployment: str
    project: str
    first_entry_id: int


@dataclass(frozen=True, slots=True)
class Row:
    """A mapping as it is stored; `code` is None where it was withdrawn."""

    valid_from: datetime
    revision: int
    code: str | None
    project: str
    publication_id: int


@dataclass(slots=True)
class Table:
    """Everything that decides what a name stood for, by provider, source, kind and name."""

    rows: dict[tuple[int, str, str, str], list[Row]] = field(
        default_factory=lambda: defaultdict(list)
    )
    codes: dict[tuple[str, int, str], datetime] = field(default_factory=dict)
    publications: Sequence[tuple[int, datetime]] = ()

    @classmethod
    def load(cls) -> "Table":
        """Read the mappings, the codes, and when each was published."""
        table = cls()
        with connection.cursor() as cursor:
            cursor.execute(MAPPINGS)
            for provider_id, source, kind, name, *stored in cursor:
                valid_from, revision, withdrawn, consumer, project, deployment, published = stored
                code = None if withdrawn else consumer if kind == "consumer" else deployment
                table.rows[provider_id, source, kind, name].append(
                    Row(valid_from, revision, code, project, published)
                )
            cursor.execute(CODES)
            table.codes = {
                (kind, provider_id, code): created_at
                for kind, provider_id, code, created_at in cursor
            }
            cursor.execute(PUBLICATIONS)
            table.publications = cursor.fetchall()
        return table

    def seen_by(self, recorded_at: datetime) -> tuple[int, int]:
        """Return the oldest and the newest revision that a claim recorded then may have read."""
        oldest = [id_ for id_, at in self.publications if at + SEEN_WITHIN < recorded_at]
        newest = [id_ for id_, at in self.publications if at - SEEN_WITHIN <= recorded_at]
        return max(oldest, default=0), max(newest, default=0)


def _names() -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(USES)
        uses = [Use(*use) for use in cursor.fetchall()]
    # Read afterwards, so that it knows whatever these entries were rated by.
    table = Table.load()
    for use in uses:
        name = f"usage entry {use.first_entry_id} and others of its quarter hour"
        booked = {"consumer": use.consumer, "deployment": use.deployment, "project": use.project}
        said = {} if use.written is None else json.loads(use.written)
        if use.written is not None and not _is_well_formed(said):
            yield f"{name}: what was written is kept in another form"
            continue
        for one in sorted(said):
            if said[one] == booked[one]:
                yield f"{name}: its {one} {said[one]!r} is kept as if something else were booked"
        yield from _faults(name, use, {**booked, **said}, table)


def _is_well_formed(said: object) -> bool:
    return (
        isinstance(said, dict)
        and 0 < len(said.keys() & FIELDS) == len(said)
        and all(isinstance(one, str) for one in said.values())
    )


def _faults(name: str, use: Use, said: Mapping[str, str], table: Table) -> Iterator[str]:
    consumers = _outcomes(use, "consumer", said["consumer"], table)
    if (use.consumer, use.project) not in {
        (code, said["project"] or project) for code, project in consumers
    }:
        yield (
            f"{name}: {said['consumer']!r} of {use.source} does not stand for {use.consumer} "
            f"with project {use.project!r}"
        )
    deployments = _outcomes(use, "deployment", said["deployment"], table)
    if use.deployment not in {code for code, _ in deployments}:
        yield f"{name}: {said['deployment']!r} of {use.source} does not stand for {use.deployment}"


def _outcomes(use: Use, kind: str, name: str, table: Table) -> set[tuple[str, str]]:
    """Return what the name may have stood for: one thing, unless something was just published."""
    oldest, newest = table.seen_by(use.recorded_at)
    places = [
        table.rows[use.provider_id, source, kind, one]
        for one in (name, *_model(kind, name))
        for source in (use.source, "")
    ]
    revisions = {oldest} | {
        row.publication_id
        for rows in places
        for row in rows
        if oldest < row.publication_id <= newest
    }
    created_at = table.codes.get((kind, use.provider_id if kind == "deployment" else 0, name))
    outcomes: set[tuple[str, str]] = set()
    for revision in revisions:
        found = [_at(rows, use.starts_at, revision) for rows in places]
        whole, model = _first(found[:2]), _first(found[2:])
        if whole:
            outcomes.add(whole)
            continue
        if created_at is not None and created_at - SEEN_WITHIN <= use.recorded_at:
            outcomes.add((name, ""))
        if model and (created_at is None or created_at + SEEN_WITHIN >= use.recorded_at):
            outcomes.add(model)
    return outcomes


def _model(kind: str, name: str) -> list[str]:
    """Return what stands before the last @ of a deployment's name."""
    return [name[: name.rindex("@")]] if kind == "deployment" and "@" in name[1:] else []


def _at(rows: Sequence[Row], at: datetime, revision: int) -> tuple[str, str] | None:
    begun = [row for row in rows if row.valid_from <= at and row.publication_id <= revision]
    last = max(begun, key=lambda row: (row.valid_from, row.revision), default=None)
    return None if last is None or last.code is None else (last.code, last.project)


def _first(found: Sequence[tuple[str, str] | None]) -> tuple[str, str] | None:
    return next((one for one in found if one), None)


AUDITS: Final[tuple[Audit, ...]] = (
    Audit("names", "Names as written lead to what is booked", _names),
)
