"""What an amendment states of an event, and what makes two corrections the same. Pure."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import rfc8785

from ledger.tokens import TOKEN_CLASSES


@dataclass(frozen=True, slots=True)
class Stated:
    """What is stated anew; None leaves it as the event has it.

    `counts` replace all nine; `said` is the source's own usage object that they were read from.
    Empty `attributes` take away those that the event has.
    """

    consumer: str | None = None
    project: str | None = None
    deployment: str | None = None
    status: str | None = None
    counts: Sequence[int] | None = None
    attributes: Mapping[str, Any] | None = None
    said: Mapping[str, Any] | None = None

    @property
    def is_anything(self) -> bool:
        """Return whether it changes an event at all."""
        named = (self.consumer, self.project, self.deployment, self.status)
        return any(one is not None for one in (*named, self.counts, self.attributes))


NOTHING: Final = Stated()


def content_hash(*, act: str, reason: str, stated: Stated = NOTHING, final: str = "") -> UUID:
    """Return 16 bytes of SHA-256 over what is asked, as canonical JSON (RFC 8785).

    `final` is the id of the event that a superseded one gives way to.

    >>> str(content_hash(act="void", reason="posted twice"))
    '0bab49d3-e6b1-eef2-ee70-698b0c274372'
    """
    counts = stated.counts and dict(zip(TOKEN_CLASSES, map(int, stated.counts), strict=True))
    asked: dict[str, Any] = {
        "act": act,
        "reason": reason,
        "final": final or None,
        "consumer": stated.consumer,
        "project": stated.project,
        "deployment": stated.deployment,
        "status": stated.status,
        "usage": counts,
        "attributes": stated.attributes,
        "said": stated.said,
    }
    return UUID(bytes=hashlib.sha256(rfc8785.dumps(asked)).digest()[:16])
