"""Final events that came too late: what they supersede is void, or was superseded before."""

from typing import Final

from django.db import connection

from ledger.pricing.published import Lack
from ledger.rating.events import Events
from ledger.rating.valuation import CANNOT_SUPERSEDE

REFUSED: Final = """
    SELECT final_batch_id, final_row, outcome
    FROM ledger_correction
    WHERE final_batch_id = ANY(%(batches)s) AND state = 'refused'
"""


def withheld(events: Events) -> dict[int, Lack]:
    """Return the events, by index, that must not be priced: they would be charged twice.

    One statement, where an event supersedes another at all.
    """
    if not events.supersedes:
        return {}
    index_of = {
        (int(events.batch_id[index]), int(events.row[index])): index for index in events.supersedes
    }
    with connection.cursor() as cursor:
        cursor.execute(REFUSED, {"batches": sorted({batch_id for batch_id, _ in index_of})})
        return {
            index_of[batch_id, row]: Lack(
                CANNOT_SUPERSEDE, f"event:{events.event_id[index_of[batch_id, row]]}", outcome
            )
            for batch_id, row, outcome in cursor.fetchall()
            if (batch_id, row) in index_of
        }
