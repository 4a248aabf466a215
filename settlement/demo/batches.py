"""Usage events as the bodies that a provider's gateway posts: CloudEvents in JSON batches. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from settlement.demo.generator import Usage

CONTENT_TYPE: Final = "application/cloudevents-batch+json"
LARGEST_BATCH: Final = 5_000


@dataclass(frozen=True, slots=True)
class Batch:
    """One request's body, for one provider."""

    provider: str
    events: int
    body: bytes


def batches(usage: Sequence[Usage], *, size: int = LARGEST_BATCH) -> list[Batch]:
    """Return the events as batches, each of one provider, in the order in which each is full."""
    open_: dict[str, list[dict[str, Any]]] = {}
    done = []
    for one in usage:
        provider = one.flow.provider
        waiting = open_.setdefault(provider, [])
        waiting.append(event(one))
        if len(waiting) == size:
            done.append(batch(provider, open_.pop(provider)))
    return done + [batch(provider, waiting) for provider, waiting in sorted(open_.items())]


def batch(provider: str, events: Sequence[dict[str, Any]]) -> Batch:
    """Return one body of these events."""
    return Batch(provider, len(events), msgspec.json.encode(events))


def event(usage: Usage) -> dict[str, Any]:
    """Return a CloudEvent; `counts` holds the token classes that are not zero."""
    return {
        "specversion": "1.0",
        "id": usage.event_id,
        "source": usage.flow.source,
        "type": "clearwatt.usage",
        "subject": usage.flow.consumer,
        "time": _rfc3339(usage.occurred_at),
        "data": {
            "deployment": usage.flow.deployment,
            "project": usage.flow.project,
            "usage": usage.counts,
            "status": usage.status,
        },
    }


def _rfc3339(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")
