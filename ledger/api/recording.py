"""What every door for usage shares: record what was decoded for the key's party, wake a worker."""

from typing import Any, Final

from django.utils import timezone
from rest_framework.request import Request

from ledger import tasks
from ledger.api import schema
from ledger.api.authentication import caller_of
from ledger.usage import intake
from ledger.usage.formats.decoding import Decoded
from ledger.usage.intake import Receipt

BODY_PROBLEMS: Final = (
    *schema.KEY_PROBLEMS,
    "unreadable-body",
    "length-required",
    "body-too-large",
    "too-many-events",
    "unsupported-content-type",
    "unsupported-content-encoding",
)
"""How a body may be refused as a whole."""


def record(request: Request, decoded: Decoded) -> Receipt:
    """Record what was decoded, and wake a worker."""
    receipt = intake.record(
        provider_id=caller_of(request).party_id, decoded=decoded, now=timezone.now()
    )
    tasks.wake()
    return receipt


def rendered(receipt: Receipt) -> dict[str, Any]:
    """Return a receipt as it is answered."""
    return {
        "batch": None if receipt.batch_id is None else str(receipt.batch_id),
        "accepted": receipt.accepted,
        "duplicates": receipt.count("duplicate"),
        "conflicts": receipt.count("conflict"),
        "rejected": receipt.count("rejected"),
        "items": [
            {
                "index": item.index,
                "status": item.status,
                "code": item.code,
                "detail": item.detail,
            }
            for item in receipt.items
        ],
    }
