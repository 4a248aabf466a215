"""Final events that replace provisional ones: recorded with them, in one transaction."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from ledger.usage import correction_log
from ledger.usage.columns import Record
from ledger.usage.correction_log import New, Requester
from ledger.usage.identity import key
from ledger.usage.models import Correction
from ledger.usage.stated import content_hash


def supersede(*, provider_id: int, batch_id: int, records: Sequence[Record], now: datetime) -> None:
    """Record that final events replace provisional ones; `records` are all of a batch, by row.

    Runs inside the transaction that records the final events. An event is replaced once: where it
    was before, or was voided, the correction is refused, and rating sets the final event aside.

    :raises EventCorrectedMeanwhile: if others correct the same events all the time.
    """
    finals = [(row, one) for row, one in enumerate(records) if one.supersedes]
    if finals:
        correction_log.in_turn(
            lambda: correction_log.insert(
                provider_id,
                _superseding(provider_id, finals),
                by=Requester(),
                final_batch=batch_id,
                now=now,
            )
        )


def _superseding(provider_id: int, finals: Sequence[tuple[int, Record]]) -> list[New]:
    """Return a correction for each final event; those that come too late are refused."""
    keys = [key(source=one.source, event_id=one.supersedes) for _, one in finals]
    past = correction_log.past(provider_id, keys)
    numbers = {identity: earlier[-1].number for identity, earlier in past.items()}
    taken: dict[UUID, str] = {}
    new: list[New] = []
    for identity, (row, one) in zip(keys, finals, strict=True):
        gone = correction_log.what_took_all(past.get(identity, ()))
        if gone is not None:
            taken[identity] = f"correction {gone.id}, {gone.act}: {gone.reason}"
        numbers[identity] = numbers.get(identity, 0) + 1
        reason = f"superseded by {one.event_id}"
        new.append(
            New(
                identity,
                one.source,
                one.supersedes,
                numbers[identity],
                Correction.Act.SUPERSEDE,
                reason,
                content_hash(act=Correction.Act.SUPERSEDE, reason=reason, final=one.event_id),
                final=one.event_id,
                final_row=row,
                outcome=_too_late(one, taken.get(identity)),
            )
        )
        taken.setdefault(identity, reason)
    return new


def _too_late(one: Record, taken: str | None) -> str:
    return "" if taken is None else f"nothing was left of event {one.supersedes!r}: {taken}"
