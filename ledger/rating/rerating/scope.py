"""Which usage a re-rating is about: a span of time, and of it all or somebody's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.db import connection

from ledger.errors import LedgerError

IN_SCOPE: Final = """
    entry.occurred_at >= %(starts_at)s AND entry.occurred_at < %(ends_at)s
    AND (%(provider)s::bigint IS NULL OR entry.provider_id = %(provider)s)
    AND (%(consumer)s::bigint IS NULL OR entry.consumer_id = %(consumer)s)
    AND (%(deployment)s::bigint IS NULL OR entry.deployment_id = %(deployment)s)
"""
FIND: Final = """
    SELECT (SELECT id FROM ledger_party WHERE code = %(provider)s AND kind IN ('provider', 'both')),
           (SELECT id FROM ledger_party WHERE code = %(consumer)s AND kind IN ('consumer', 'both')),
           (SELECT deployment.id
            FROM ledger_deployment deployment
            JOIN ledger_party provider ON provider.id = deployment.provider_id
            WHERE deployment.code = %(deployment)s AND provider.code = %(provider)s)
"""


class ReratingScopeInvalid(LedgerError):
    """What is to be re-rated is not well said."""

    problem = "rerating-scope-invalid"

    def __init__(self, part: str, why: str) -> None:
        self.part = part
        super().__init__(f"{part}: {why}")


@dataclass(frozen=True, slots=True)
class Scope:
    """Usage with starts_at <= occurred_at < ends_at; ids narrow it, None leaves a part open."""

    starts_at: datetime
    ends_at: datetime
    provider_id: int | None = None
    consumer_id: int | None = None
    deployment_id: int | None = None

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Return what IN_SCOPE asks for."""
        return {
            "starts_at": self.starts_at,
            "ends_at": self.ends_at,
            "provider": self.provider_id,
            "consumer": self.consumer_id,
            "deployment": self.deployment_id,
        }

    @property
    def written(self) -> Mapping[str, Any]:
        """Return the scope as JSON holds it."""
        return {
            name: value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
            for name, value in self.parameters.items()
        }


def named(
    *,
    starts_at: datetime,
    ends_at: datetime,
    provider: str | None = None,
    consumer: str | None = None,
    deployment: str | None = None,
) -> Scope:
    """Return the scope that is said in codes; a deployment is one of the provider's.

    :raises ReratingScopeInvalid: if the span is none, or a code stands for nothing.
    """
    if starts_at >= ends_at:
        raise ReratingScopeInvalid("to", f"{ends_at:%Y-%m-%d %H:%M} UTC is not after the beginning")
    if deployment is not None and provider is None:
        raise ReratingScopeInvalid("deployment", "name its provider as well")
    codes = {"provider": provider, "consumer": consumer, "deployment": deployment}
    with connection.cursor() as cursor:
        cursor.execute(FIND, codes)
        ids: tuple[int | None, ...] = cursor.fetchone()
    for (part, code), id_ in zip(codes.items(), ids, strict=True):
        if code is not None and id_ is None:
            raise ReratingScopeInvalid(part, f"there is no {part} {code!r}")
    return Scope(starts_at, ends_at, *ids)
