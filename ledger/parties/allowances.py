"""How often a key may be used: counted once for all web processes, in the database.

Each request costs a key a step of time, a minute over its requests per minute; the steps are added
up, and may run ahead of the clock by a minute at most. So a key that rested may send a minute's
requests at once, and one that never rests gets one every step. (The generic cell rate algorithm.)
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.db import connection

from ledger.errors import LedgerError
from ledger.quantities import NANOSECONDS_PER_SECOND

WINDOW_SECONDS: Final = 60
WINDOW: Final = WINDOW_SECONDS * NANOSECONDS_PER_SECOND
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

# One statement, and one row locked for as long as it takes: whoever comes at the same moment sees
# what this one spent. What is refused spends nothing.
TAKE: Final = """
    WITH taken AS (
        INSERT INTO ledger_request_allowance AS held (api_key_id, spent_until)
        VALUES (%(key)s, %(now)s + %(step)s)
        ON CONFLICT (api_key_id) DO UPDATE
        SET spent_until = greatest(held.spent_until, %(now)s) + %(step)s
        WHERE greatest(held.spent_until, %(now)s) + %(step)s <= %(now)s + %(window)s
        RETURNING spent_until
    )
    SELECT spent_until, true FROM taken
    UNION ALL
    SELECT spent_until, false FROM ledger_request_allowance
    WHERE api_key_id = %(key)s AND NOT EXISTS (SELECT FROM taken)
"""


class Throttled(LedgerError):
    """The key was used more often than it may be."""

    problem = "throttled"

    def __init__(self, requests_per_minute: int, retry_after_seconds: int) -> None:
        self.requests_per_minute = requests_per_minute
        self.retry_after_seconds = retry_after_seconds
        super().__init__(
            f"this key may be used {requests_per_minute} times a minute; "
            f"try again in {retry_after_seconds} s"
        )


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a key has left: `remaining` requests now, one more after `grows_in_seconds`.

    `served` says whether the request that was counted here may be served.
    """

    requests_per_minute: int
    remaining: int
    grows_in_seconds: int
    served: bool = True

    def headers(self) -> dict[str, str]:
        """Return how a client is told, as draft-ietf-httpapi-ratelimit-headers-11 has it."""
        return {
            "RateLimit-Policy": f'"key";q={self.requests_per_minute};w={WINDOW_SECONDS}',
            "RateLimit": f'"key";r={self.remaining};t={self.grows_in_seconds}',
        }

    def check(self) -> None:
        """Do nothing, if the request may be served.

        :raises Throttled: if not.
        """
        if not self.served:
            raise Throttled(self.requests_per_minute, self.grows_in_seconds)


def take(*, key_id: int, requests_per_minute: int, now: datetime) -> Allowance:
    """Spend one request of a key, if it has one left, and return what it has then."""
    step = WINDOW // requests_per_minute
    at = _nanoseconds(now)
    with connection.cursor() as cursor:
        cursor.execute(TAKE, {"key": key_id, "now": at, "step": step, "window": WINDOW})
        # No row: somebody else counts the key's first request at this very moment.
        spent_until, served = cursor.fetchone() or (at + WINDOW, False)
    remaining = max(0, (at + WINDOW - spent_until) // step) if served else 0
    more_at = spent_until + (remaining + 1) * step - WINDOW
    return Allowance(
        requests_per_minute=requests_per_minute,
        remaining=remaining,
        grows_in_seconds=max(1, -((at - more_at) // NANOSECONDS_PER_SECOND)),
        served=served,
    )


def _nanoseconds(at: datetime) -> int:
    """Return whole nanoseconds since 1970; exact, never through a float."""
    delta = at - EPOCH
    return ((delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds) * 1_000
