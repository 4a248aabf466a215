"""What a viewer may read of corrections: what was asked, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection

from ledger.errors import LedgerError
from ledger.parties.viewers import Viewer
from ledger.rating.identity import public_id

COLUMNS: Final = """
    SELECT correction.id, provider.code, correction.source, correction.event_id,
           correction.number, correction.act, correction.state, correction.reason,
           correction.consumer, correction.project, correction.deployment, correction.status,
           correction.counts, correction.attributes::text, correction.said::text,
           correction.final_event_id, correction.recorded_at, correction.decided_at,
           correction.outcome, correction.lack, correction.missing, correction.detail,
           correction.occurred_at, correction.reversed_entry_id, correction.reversal_entry_id,
           correction.replacement_entry_id
    FROM ledger_correction correction
    JOIN ledger_party provider ON provider.id = correction.provider_id
    WHERE (%(sees_all)s OR correction.provider_id = %(party)s)
"""
ONE: Final = COLUMNS + " AND correction.id = %(id)s"
SEVERAL: Final = (
    COLUMNS
    + """
      AND (%(state)s::text IS NULL OR correction.state = %(state)s)
      AND (%(event)s::text IS NULL OR correction.event_id = %(event)s)
      AND (%(source)s::text IS NULL OR correction.source = %(source)s)
      AND (%(after)s::bigint IS NULL OR correction.id > %(after)s)
    ORDER BY correction.id
    LIMIT %(limit)s
"""
)


class NoSuchCorrection(LedgerError):
    """There is no correction with this id, or it is not the viewer's."""

    problem = "no-such-correction"

    def __init__(self, correction: str) -> None:
        self.correction = correction
        super().__init__(f"there is no correction {correction!r}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which corrections are asked for; None leaves a part open."""

    state: str | None = None
    event_id: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class CorrectionLine:
    """A correction; what an amendment leaves as it is stands as None.

    `lack` says for what it waits; the entries are ids of usage entries of the event's month.
    """

    id: int
    provider: str
    source: str
    event_id: str
    number: int
    act: str
    state: str
    reason: str
    consumer: str | None
    project: str | None
    deployment: str | None
    status: str | None
    counts: Sequence[int] | None
    attributes_json: str | None
    said_json: str | None
    superseded_by: str | None
    recorded_at: datetime
    decided_at: datetime | None
    outcome: str
    lack: str
    missing: str
    detail: str
    occurred_at: datetime | None
    reversed_entry_id: int | None
    reversal_entry_id: int | None
    replacement_entry_id: int | None

    @property
    def entries(self) -> Mapping[str, str | None]:
        """Return the public ids of its usage entries."""
        return {
            "reversed": self._public(self.reversed_entry_id),
            "reversal": self._public(self.reversal_entry_id),
            "replacement": self._public(self.replacement_entry_id),
        }

    def _public(self, id_: int | None) -> str | None:
        if id_ is None or self.occurred_at is None:
            return None
        return public_id(occurred_at=self.occurred_at, id_=id_)


def correction(viewer: Viewer, *, correction_id: int) -> CorrectionLine:
    """Return a correction of the viewer's events.

    :raises NoSuchCorrection: if there is none, or it is another provider's.
    """
    found = _rows(ONE, viewer, {"id": correction_id})
    if not found:
        raise NoSuchCorrection(str(correction_id))
    return found[0]


def corrections(
    viewer: Viewer, wanted: Wanted, *, after: int | None, limit: int
) -> list[CorrectionLine]:
    """Return corrections of the viewer's events, by id, that follow `after`."""
    return _rows(
        SEVERAL,
        viewer,
        {
            "state": wanted.state,
            "event": wanted.event_id,
            "source": wanted.source,
            "after": after,
            "limit": limit,
        },
    )


def _rows(sql: str, viewer: Viewer, parameters: dict[str, Any]) -> list[CorrectionLine]:
    scope = {"party": viewer.party_id, "sees_all": viewer.sees_all}
    with connection.cursor() as cursor:
        cursor.execute(sql, {**scope, **parameters})
        return [CorrectionLine(*row) for row in cursor.fetchall()]
