"""What an event says, as it was posted or as a usage entry repeats it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from ledger.tokens import TOKEN_CLASSES
from ledger.usage.columns import attributes_json, from_arrow
from ledger.usage.identity import body_hash, microseconds
from ledger.usage.stated import Stated


@dataclass(frozen=True, slots=True)
class Said:
    """What an event says, as its sender wrote it; without a time, the receipt stands for it."""

    event_id: str
    source_id: int
    occurred_at: datetime
    consumer: str
    project: str
    deployment: str
    status: str
    attributes: str | None
    tokens: tuple[int, ...]

    def hashed(self, *, timed: bool, supersedes: str = "", said: str | None = None) -> UUID:
        """Return the hash under which it is registered, with or without its time."""
        hashed = body_hash(
            occurred_at_microseconds=microseconds(self.occurred_at) if timed else None,
            names=(self.consumer, self.project, self.deployment),
            counts=self.tokens if said is None else said,
            status=self.status,
            attributes_json=self.attributes,
            supersedes=supersedes,
        )
        return UUID(bytes=hashed)

    def amended(self, stated: Sequence[Stated]) -> "Said":
        """Return what it says after amendments, in their order."""
        said = self
        for one in stated:
            changes: dict[str, Any] = {
                name: getattr(one, name)
                for name in ("consumer", "project", "deployment", "status")
                if getattr(one, name) is not None
            }
            if one.counts is not None:
                changes["tokens"] = tuple(one.counts)
            if one.attributes is not None:
                changes["attributes"] = attributes_json(one.attributes)
            said = replace(said, **changes)
        return said


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a stored batch, and the hash that it must be registered under."""

    said: Said
    hashed: UUID
    supersedes: str


def posted(payload: bytes, received_at: datetime) -> list[Event]:
    """Return the events of a stored batch; without a time, its receipt stands for it."""
    table = from_arrow(payload)
    table.validate(full=True)
    return [_event(event, received_at) for event in table.to_pylist()]


def _event(event: Mapping[str, Any], received_at: datetime) -> Event:
    said = Said(
        event_id=event["event_id"],
        source_id=event["source_id"],
        occurred_at=event["occurred_at"] or received_at,
        consumer=event["consumer"],
        project=event["project"],
        deployment=event["deployment"],
        status=event["status"],
        attributes=event["attributes"],
        tokens=tuple(event[name] for name in TOKEN_CLASSES),
    )
    supersedes = event["supersedes"] or ""
    hashed = said.hashed(
        timed=event["occurred_at"] is not None, supersedes=supersedes, said=event["said"]
    )
    return Event(said, hashed, supersedes)
