"""Who may take usage entries back: corrections side by side, or one claim of a re-rating alone.

Both look for the entry of an event that stands, and reverse it. Of two that do so at once the
second would be refused by the database; so that it never comes to that, they take turns. The lock
comes after the rows of the own queue and before everything else that a claim locks.
"""

from typing import Final

from django.db import connection

SIDE_BY_SIDE: Final = "SELECT pg_advisory_xact_lock_shared(hashtext('ledger_take_back'))"
ALONE: Final = "SELECT pg_advisory_xact_lock(hashtext('ledger_take_back'))"


def side_by_side() -> None:
    """Wait until no re-rating is about, and keep it away until commit."""
    _lock(SIDE_BY_SIDE)


def alone() -> None:
    """Wait until nobody else takes anything back, and keep the others away until commit."""
    _lock(ALONE)


def _lock(sql: str) -> None:
    assert connection.in_atomic_block, "the lock lasts as long as the caller's transaction"
    with connection.cursor() as cursor:
        cursor.execute(sql)
