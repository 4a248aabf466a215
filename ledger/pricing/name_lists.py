"""The mappings of a source's names as they are read: those in force, or all that ever were."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection

from ledger.parties.sources import SourceLine

LISTED: Final = """
    WITH standing AS (
        SELECT DISTINCT ON (source, kind, name) id
        FROM ledger_source_name
        WHERE provider_id = %(provider)s AND source IN ('', %(source)s) AND valid_from <= %(at)s
        ORDER BY source, kind, name, valid_from DESC, revision DESC
    )
    SELECT mapped.id, mapped.source = '', mapped.kind, mapped.name,
           COALESCE(consumer.code, deployment.code), mapped.project, mapped.valid_from,
           mapped.revision, publication.id, publication.published_at
    FROM ledger_source_name mapped
    JOIN ledger_publication publication ON publication.id = mapped.publication_id
    LEFT JOIN ledger_party consumer ON consumer.id = mapped.consumer_id
    LEFT JOIN ledger_deployment deployment ON deployment.id = mapped.deployment_id
    WHERE mapped.provider_id = %(provider)s AND mapped.source IN ('', %(source)s)
      AND (%(history)s OR (NOT mapped.withdrawn AND mapped.id IN (SELECT id FROM standing)))
      AND (%(kind)s::text IS NULL OR mapped.kind = %(kind)s)
      AND (%(name)s::text IS NULL OR mapped.name = %(name)s)
      AND (%(after)s::bigint IS NULL OR mapped.id > %(after)s)
    ORDER BY mapped.id
    LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class NameLine:
    """A mapping; `target` is None where the name stands for nothing from then on."""

    id: int
    every_source: bool
    kind: str
    name: str
    target: str | None
    project: str
    valid_from: datetime
    revision: int
    publication_id: int
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """Which mappings are asked for; with `history` those of every time, else those of `at`."""

    at: datetime
    history: bool = False
    kind: str | None = None
    name: str | None = None


def names(source: SourceLine, asked: Asked, *, after: int | None, limit: int) -> list[NameLine]:
    """Return mappings that a source's words are looked up in, in order of their publication."""
    with connection.cursor() as cursor:
        cursor.execute(
            LISTED,
            {
                "provider": source.provider_id,
                "source": source.uri,
                "at": asked.at,
                "history": asked.history,
                "kind": asked.kind,
                "name": asked.name,
                "after": after,
                "limit": limit,
            },
        )
        return [NameLine(*row) for row in cursor.fetchall()]
