"""The sources that a viewer may see: a provider its own, the platform everybody's."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection

from ledger.errors import LedgerError
from ledger.parties.viewers import Viewer
from ledger.quantities import INT64_MAX

FIND: Final = """
    SELECT source.id, source.uri, source.provider_id, provider.code, source.accepts_from,
           source.first_seen_at
    FROM ledger_source source
    JOIN ledger_party provider ON provider.id = source.provider_id
    WHERE (%(sees_all)s OR source.provider_id = %(party)s)
      AND (%(id)s::bigint IS NULL OR source.id = %(id)s)
      AND (%(after)s::bigint IS NULL OR source.id > %(after)s)
    ORDER BY source.id
    LIMIT %(limit)s
"""


class NoSuchSource(LedgerError):
    """There is no source with this id, or it is another provider's."""

    problem = "no-such-source"

    def __init__(self, source_id: int) -> None:
        self.source = str(source_id)
        super().__init__(f"there is no source {self.source!r}")


@dataclass(frozen=True, slots=True)
class SourceLine:
    """An emitter of usage events; events from before `accepts_from` are refused."""

    id: int
    uri: str
    provider_id: int
    provider: str
    accepts_from: datetime
    first_seen_at: datetime


def sources(viewer: Viewer, *, after: int | None, limit: int) -> list[SourceLine]:
    """Return the viewer's sources in the order in which they made themselves known."""
    return _found(viewer, id_=None, after=after, limit=limit)


def source(viewer: Viewer, *, source_id: int) -> SourceLine:
    """Return a source of the viewer.

    :raises NoSuchSource: if there is none, or it is another provider's.
    """
    can_be = source_id <= INT64_MAX
    found = _found(viewer, id_=source_id, after=None, limit=1) if can_be else []
    if not found:
        raise NoSuchSource(source_id)
    return found[0]


def _found(viewer: Viewer, *, id_: int | None, after: int | None, limit: int) -> list[SourceLine]:
    scope: dict[str, Any] = {"party": viewer.party_id, "sees_all": viewer.sees_all}
    with connection.cursor() as cursor:
        cursor.execute(FIND, {**scope, "id": id_, "after": after, "limit": limit})
        return [SourceLine(*row) for row in cursor.fetchall()]
