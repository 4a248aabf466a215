"""Why a usage entry is there, or is taken back: the corrections behind it, and who asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection

BOOKED: Final = "booked"
TOOK_BACK: Final = "took_back"

REASONS: Final = f"""
    SELECT CASE WHEN correction.reversed_entry_id = %(entry)s
                THEN '{TOOK_BACK}' ELSE '{BOOKED}' END,
           correction.id, correction.act, correction.reason,
           COALESCE(holder.code, CASE WHEN correction.requested_by_user_id IS NULL
                                      THEN provider.code ELSE platform.code END),
           correction.recorded_at
    FROM ledger_correction correction
    JOIN ledger_party provider ON provider.id = correction.provider_id
    LEFT JOIN ledger_party platform ON platform.kind = 'platform'
    LEFT JOIN ledger_api_key api_key ON api_key.id = correction.requested_by_key_id
    LEFT JOIN ledger_party holder ON holder.id = api_key.party_id
    WHERE correction.reversed_entry_id = %(entry)s
       OR correction.reversal_entry_id = %(entry)s
       OR correction.replacement_entry_id = %(entry)s
    ORDER BY correction.number
"""


@dataclass(frozen=True, slots=True)
class Reason:
    """A correction that booked a usage entry, or took it back; `requested_by` is a party's code."""

    did: str
    correction_id: int
    act: str
    reason: str
    requested_by: str
    recorded_at: datetime


def reasons(entry_id: int) -> Sequence[Reason]:
    """Return the corrections that a usage entry is due to, and the one that took it back."""
    with connection.cursor() as cursor:
        cursor.execute(REASONS, {"entry": entry_id})
        return [Reason(*row) for row in cursor.fetchall()]
