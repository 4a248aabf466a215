"""What was posted, event by event: kept beside the batch until nothing needs it any more."""

import logging
from datetime import datetime
from typing import Final

from django.db import connection, transaction

logger = logging.getLogger(__name__)

DROP: Final = """
    UPDATE ledger_usage_batch
    SET payload = NULL
    WHERE id IN (
        SELECT batch.id
        FROM ledger_usage_batch batch
        WHERE batch.state = 'rated' AND batch.rated_at < %(before)s AND batch.payload IS NOT NULL
          AND NOT EXISTS (SELECT FROM ledger_set_aside aside WHERE aside.batch_id = batch.id)
          AND NOT EXISTS (
                SELECT FROM ledger_correction correction
                WHERE correction.batch_id = batch.id AND correction.state = 'applied'
                  AND correction.act = 'amend' AND correction.reversed_entry_id IS NULL)
        ORDER BY batch.id
        LIMIT %(limit)s
        FOR UPDATE OF batch SKIP LOCKED
    )
"""
BATCHES_AT_ONCE: Final = 500


def drop(*, rated_before: datetime) -> int:
    """Drop the payloads of batches that were rated before then; return of how many.

    Batches of which something is set aside keep theirs: it is what they are rated from. So do those
    of which an event was amended before it was entered: as it was posted it stands nowhere else.
    Some batches a transaction, so that it may be stopped at any time.
    """
    dropped = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(DROP, {"before": rated_before, "limit": BATCHES_AT_ONCE})
            count: int = cursor.rowcount
        dropped += count
        if count < BATCHES_AT_ONCE:
            break
    logger.info("payloads dropped", extra={"batches": dropped})
    return dropped
