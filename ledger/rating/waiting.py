"""What is recorded and not yet in the books: batches in the queue, events set aside."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection

COUNT: Final = """
    SELECT
        (SELECT count(*) FROM ledger_usage_batch
         WHERE state = 'pending' AND provider_id = ANY(%(providers)s)),
        (SELECT count(*) FROM ledger_set_aside
         WHERE provider_id = ANY(%(providers)s)
           AND occurred_at >= %(starts_at)s AND occurred_at < %(ends_at)s)
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What may still fall into a span: whole batches, whose times are not known yet, and events."""

    batches: int
    set_aside: int

    def __bool__(self) -> bool:
        return bool(self.batches or self.set_aside)


def waiting(*, provider_ids: Iterable[int], starts_at: datetime, ends_at: datetime) -> Waiting:
    """Count what these providers posted that could still be booked in starts_at <= t < ends_at."""
    with connection.cursor() as cursor:
        cursor.execute(
            COUNT,
            {
                "providers": sorted(set(provider_ids)),
                "starts_at": starts_at,
                "ends_at": ends_at,
            },
        )
        batches, set_aside = cursor.fetchone()
    return Waiting(batches, set_aside)
