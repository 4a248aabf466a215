"""The emitters of a provider's events; one that is new makes itself known by its first event."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.db import connection

ACCEPTS_FROM: Final = datetime(2020, 1, 1, tzinfo=UTC)
"""Events before this are refused unless the operator moves a source's bound."""

ADD = """
    INSERT INTO ledger_source (provider_id, uri, accepts_from, first_seen_at)
    SELECT %(provider)s, uri, %(accepts_from)s, %(now)s
    FROM unnest(%(uris)s::text[]) AS wanted (uri)
    ORDER BY uri
    ON CONFLICT (provider_id, uri) DO NOTHING
"""
FIND = """
    SELECT uri, id, accepts_from
    FROM ledger_source
    WHERE provider_id = %(provider)s AND uri = ANY(%(uris)s)
"""


@dataclass(frozen=True, slots=True)
class KnownSource:
    """A source's row: `accepts_from` bounds its events' times from below."""

    id: int
    accepts_from: datetime


def known_sources(
    *, provider_id: int, latest: Mapping[str, datetime], now: datetime
) -> dict[str, KnownSource]:
    """Return the provider's sources by URI, adding those never seen before.

    `latest` says of each URI when its latest event was. A new source none of whose events is
    accepted is left out, and stays unknown.
    """
    found = _find(provider_id, sorted(latest))
    missing = sorted(uri for uri in latest.keys() - found.keys() if latest[uri] >= ACCEPTS_FROM)
    if missing:
        with connection.cursor() as cursor:
            cursor.execute(
                ADD,
                {
                    "provider": provider_id,
                    "accepts_from": ACCEPTS_FROM,
                    "now": now,
                    "uris": missing,
                },
            )
        found |= _find(provider_id, missing)
    return found


def _find(provider_id: int, uris: list[str]) -> dict[str, KnownSource]:
    with connection.cursor() as cursor:
        cursor.execute(FIND, {"provider": provider_id, "uris": uris})
        return {uri: KnownSource(id_, accepts_from) for uri, id_, accepts_from in cursor.fetchall()}
