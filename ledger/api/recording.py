"""What every door for usage shares: record what was decoded for the key's party, wake a worker."""

import logging
from typing import Any, Final

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from ledger import tasks
from ledger.api import schema
from ledger.api.authentication import caller_of
from ledger.api.parameters import InvalidParameter
from ledger.usage import intake
from ledger.usage.formats.decoding import LONGEST_NAME, Decoded
from ledger.usage.intake import Receipt

logger = logging.getLogger(__name__)

BODY_PROBLEMS: Final = (
    *schema.POST_PROBLEMS,
    "unreadable-body",
    "length-required",
    "body-too-large",
    "too-many-events",
    "unsupported-content-type",
    "unsupported-content-encoding",
)
"""How a body may be refused as a whole."""


def source_parameter(otherwise: str) -> OpenApiParameter:
    """Describe the parameter that names the source where the format has no place for it."""
    return OpenApiParameter(
        "source",
        type={"type": "string", "minLength": 1, "maxLength": LONGEST_NAME},
        description="Your emitter's name, such as a gateway's. With an event's id it makes its "
        "identity: choose it once for each emitter. If left out, the source that the key is bound "
        f"to, if it is one, or else `{otherwise}`.",
    )


def source(request: Request) -> str:
    """Return the source that the address names, or the only one that the key may post for.

    Empty if there is neither.

    :raises InvalidParameter: if it is no name.
    """
    name = request.query_params.get("source")
    if name is None:
        return caller_of(request).only_source or ""
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        expected = f"a name of 1 to {LONGEST_NAME} printable characters"
        raise InvalidParameter(parameter="source", expected=expected)
    return name


def record(request: Request, decoded: Decoded) -> Receipt:
    """Record what was decoded, and wake a worker.

    Gateways do not read what is answered, so what was not accepted is told to the operators too.
    """
    caller = caller_of(request)
    receipt = intake.record(
        provider_id=caller.party_id,
        decoded=decoded,
        now=timezone.now(),
        allowed_sources=caller.sources,
    )
    tasks.wake()
    if receipt.items and (rejected := receipt.count("rejected") + receipt.count("conflict")):
        logger.warning(
            "usage not accepted",
            extra={
                "party": caller.party_code,
                "path": request.path,
                "sent": receipt.sent,
                "count": rejected,
                "first": next(one.detail for one in receipt.items if one.status != "duplicate"),
            },
        )
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
