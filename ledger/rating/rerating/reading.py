"""Runs of re-rating as they are read: how far each is, and what it was proposed for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection

from ledger.parties.viewers import Viewer
from ledger.rating.models import UsageEntry
from ledger.rating.rerating.approvals import NoSuchRerating
from ledger.rating.rerating.models import Rerating

RUNS: Final = """
    SELECT rerating.id, rerating.state, rerating.reason, rerating.starts_at, rerating.ends_at,
           provider.code, consumer.code, deployment.code, rerating.revision,
           rerating.applied_revision, asker.username, rerating.asked_at, approver.username,
           rerating.approved_at, rerating.begun_at, rerating.ended_at, rerating.outcome,
           (rerating.preview->>'entries')::bigint, COALESCE(claims.taken_back, 0),
           COALESCE(claims.left_alone, 0), claims.until_at
    FROM ledger_rerating rerating
    JOIN auth_user asker ON asker.id = rerating.asked_by_id
    LEFT JOIN auth_user approver ON approver.id = rerating.approved_by_id
    LEFT JOIN ledger_party provider ON provider.id = rerating.provider_id
    LEFT JOIN ledger_party consumer ON consumer.id = rerating.consumer_id
    LEFT JOIN ledger_deployment deployment ON deployment.id = rerating.deployment_id
    LEFT JOIN (
        SELECT rerating_id, sum(taken_back)::bigint AS taken_back,
               sum(left_alone)::bigint AS left_alone, max(until_at) AS until_at
        FROM ledger_rerating_claim
        GROUP BY rerating_id
    ) claims ON claims.rerating_id = rerating.id
    WHERE %(sees_all)s
      AND (%(id)s::bigint IS NULL OR rerating.id = %(id)s)
      AND (%(state)s::text IS NULL OR rerating.state = %(state)s)
      AND (%(before)s::bigint IS NULL OR rerating.id < %(before)s)
    ORDER BY rerating.id DESC
    LIMIT %(limit)s
"""
WHY: Final = """
    SELECT '{did}', rerating.id, rerating.reason, asker.username, approver.username,
           claim.applied_at
    FROM ledger_rerating_entry named
    JOIN ledger_rerating_claim claim ON claim.id = named.claim_id
    JOIN ledger_rerating rerating ON rerating.id = claim.rerating_id
    JOIN auth_user asker ON asker.id = rerating.asked_by_id
    JOIN auth_user approver ON approver.id = rerating.approved_by_id
    WHERE named.journal_entry_id = {entry}
"""
TOOK_IT_BACK: Final = """(
        SELECT reversal.journal_entry_id
        FROM ledger_usage_entry reversal
        WHERE reversal.occurred_at = %(occurred_at)s AND reversal.corrects_id = %(entry)s
          AND reversal.kind = 'reversal')"""
WHYS: Final = f"""
    {WHY.format(did="booked", entry="%(journal_entry)s")}
    UNION ALL
    {WHY.format(did="took_back", entry=TOOK_IT_BACK)}
"""


@dataclass(frozen=True, slots=True)
class ReratingLine:
    """A run; `proposed_entries` are those of its dry run, `taken_back` how many it has done.

    `until_at` is how far it has come, None before its first part.
    """

    id: int
    state: str
    reason: str
    starts_at: datetime
    ends_at: datetime
    provider: str | None
    consumer: str | None
    deployment: str | None
    revision: int
    applied_revision: int | None
    asked_by: str
    asked_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    begun_at: datetime | None
    ended_at: datetime | None
    outcome: str
    proposed_entries: int
    taken_back: int
    left_alone: int
    until_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReratingDetail:
    """A run with what its dry run showed, as `differences.document` writes it, and its digest."""

    line: ReratingLine
    preview: Mapping[str, Any]
    digest: bytes


@dataclass(frozen=True, slots=True)
class Rerated:
    """A run that booked a usage entry or took it back, and the people who wanted that."""

    did: str
    rerating_id: int
    reason: str
    asked_by: str
    approved_by: str
    applied_at: datetime


def reratings(
    viewer: Viewer, *, state: str | None = None, before: int | None = None, limit: int
) -> list[ReratingLine]:
    """Return runs, newest first, that precede `before`; they are the platform's affair."""
    return _lines(viewer, {"id": None, "state": state, "before": before, "limit": limit})


def rerating(viewer: Viewer, *, rerating_id: int) -> ReratingDetail:
    """Return a run.

    :raises NoSuchRerating: if there is none, or the viewer is not the platform.
    """
    found = _lines(viewer, {"id": rerating_id, "state": None, "before": None, "limit": 1})
    if not found:
        raise NoSuchRerating(str(rerating_id))
    preview, digest = Rerating.objects.values_list("preview", "digest").get(id=rerating_id)
    return ReratingDetail(found[0], preview, bytes(digest))


def reasons(entry: UsageEntry) -> Sequence[Rerated]:
    """Return the run that booked a usage entry, and the one that took it back."""
    with connection.cursor() as cursor:
        cursor.execute(
            WHYS,
            {
                "entry": entry.id,
                "occurred_at": entry.occurred_at,
                "journal_entry": entry.journal_entry_id,
            },
        )
        return [Rerated(*row) for row in cursor.fetchall()]


def _lines(viewer: Viewer, parameters: Mapping[str, Any]) -> list[ReratingLine]:
    with connection.cursor() as cursor:
        cursor.execute(RUNS, {"sees_all": viewer.sees_all, **parameters})
        return [ReratingLine(*row) for row in cursor.fetchall()]
