"""The names that events wait for: what an operator has to map, or to publish."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db import connection

from ledger.parties.viewers import Viewer

UNMAPPED: Final = """
    WITH unknown AS (
        SELECT aside.source_id, aside.provider_id, provider.code AS provider,
               aside.occurred_at, aside.since,
               CASE aside.reason WHEN 'unknown_consumer' THEN 'consumer' ELSE 'deployment' END
                   AS kind,
               CASE aside.reason
                   WHEN 'unknown_consumer' THEN substr(aside.missing, length('consumer:') + 1)
                   ELSE substr(aside.missing, length('deployment:' || provider.code || '/') + 1)
               END AS name
        FROM ledger_set_aside aside
        JOIN ledger_party provider ON provider.id = aside.provider_id
        WHERE aside.reason IN ('unknown_consumer', 'unknown_deployment')
          AND aside.source_id IS NOT NULL
          AND (%(sees_all)s OR aside.provider_id = %(party)s)
    ), counted AS (
        SELECT source_id, kind, name, provider, count(*) AS events,
               min(occurred_at) AS first_at, max(occurred_at) AS last_at, min(since) AS since
        FROM unknown
        GROUP BY source_id, kind, name, provider
    )
    SELECT counted.source_id, counted.kind, counted.name, source.uri, counted.provider,
           counted.events, counted.first_at, counted.last_at, counted.since
    FROM counted
    JOIN ledger_source source ON source.id = counted.source_id
    WHERE %(begins)s OR (counted.source_id, counted.kind, counted.name)
                        > (%(source)s, %(kind)s, %(name)s)
    ORDER BY {order}
    LIMIT %(limit)s
"""
IN_ORDER: Final = UNMAPPED.format(order="counted.source_id, counted.kind, counted.name")
MOST_FIRST: Final = UNMAPPED.format(
    order="counted.events DESC, counted.source_id, counted.kind, counted.name"
)


class UnmappedKey(NamedTuple):
    """What tells one unknown name from another."""

    source_id: int
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A name that stands for nothing, as a source writes it, and the events that wait for it."""

    source_id: int
    kind: str
    name: str
    source: str
    provider: str
    events: int
    first_at: datetime
    last_at: datetime
    since: datetime

    @property
    def key(self) -> UnmappedKey:
        """Return its place in the list."""
        return UnmappedKey(self.source_id, self.kind, self.name)


def unmapped(viewer: Viewer, *, after: UnmappedKey | None, limit: int) -> list[Unmapped]:
    """Return the unknown names of the viewer's sources, by source, kind and name."""
    return _found(IN_ORDER, viewer, after=after, limit=limit)


def most_awaited(viewer: Viewer, *, limit: int) -> list[Unmapped]:
    """Return the unknown names for which most events wait."""
    return _found(MOST_FIRST, viewer, after=None, limit=limit)


def _found(sql: str, viewer: Viewer, *, after: UnmappedKey | None, limit: int) -> list[Unmapped]:
    scope: dict[str, Any] = {"party": viewer.party_id, "sees_all": viewer.sees_all}
    last = after or UnmappedKey(0, "", "")
    with connection.cursor() as cursor:
        cursor.execute(
            sql,
            {
                **scope,
                "begins": after is None,
                "source": last.source_id,
                "kind": last.kind,
                "name": last.name,
                "limit": limit,
            },
        )
        return [Unmapped(*row) for row in cursor.fetchall()]
