"""What is asked of re-rating, read strictly: whose usage of which time, and why."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec

from ledger.constraints import is_storable
from ledger.errors import LedgerError
from ledger.rating.rerating import scope
from ledger.rating.rerating.scope import ReratingScopeInvalid, Scope
from ledger.usage.formats import decoding
from ledger.usage.formats.decoding import Name, moment

MEDIA_TYPE: Final = "application/json"
MOST_BYTES: Final = 16 * 1024
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)

Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]


class _Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """Usage with starts_at <= its time < ends_at, perhaps of one provider or consumer only."""

    starts_at: str
    ends_at: str
    provider: Name | None = None
    consumer: Name | None = None
    deployment: Name | None = None


class _Proposal(_Wanted, kw_only=True, forbid_unknown_fields=True):
    """The same, with the reason for everybody to read."""

    reason: Reason


_WANTED: Final = msgspec.json.Decoder(_Wanted)
_PROPOSAL: Final = msgspec.json.Decoder(_Proposal)
TEXT: Final[dict[str, Any]] = {"type": "string", "minLength": 1}
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["starts_at", "ends_at"],
    "additionalProperties": False,
    "properties": {
        "starts_at": {"type": "string", "format": "date-time"},
        "ends_at": {"type": "string", "format": "date-time"},
        "provider": TEXT | {"description": "The provider's code; of all if left out."},
        "consumer": TEXT | {"description": "The consumer's code; of all if left out."},
        "deployment": TEXT | {"description": "The code of a deployment of the provider."},
    },
}
PROPOSAL_SCHEMA: Final[dict[str, Any]] = SCHEMA | {
    "required": ["starts_at", "ends_at", "reason"],
    "properties": {
        **SCHEMA["properties"],
        "reason": TEXT | {"maxLength": 1_000, "description": "Shown to provider and consumer."},
    },
}


def wanted(body: bytes, *, content_type: str) -> Scope:
    """Return the scope of a dry run.

    :raises UnsupportedContentType, UnreadableBody: if the body is no JSON.
    :raises ReratingScopeInvalid: if it says no scope.
    """
    return _scope(_read(_WANTED, body, content_type))


def proposal(body: bytes, *, content_type: str) -> tuple[Scope, str]:
    """Return the scope of what is proposed, and the reason.

    :raises: as `wanted` does.
    """
    read = _read(_PROPOSAL, body, content_type)
    if not isinstance(read, _Proposal) or not is_storable(read.reason):
        raise ReratingScopeInvalid("reason", "holds what is no character; leave it out")
    return _scope(read), read.reason


def _read(decoder: msgspec.json.Decoder[Any], body: bytes, content_type: str) -> _Wanted:
    decoding.media_type(content_type, accepted=[MEDIA_TYPE])
    try:
        found: _Wanted = decoder.decode(body)
    except decoding.UNDECODABLE as error:
        raise _fault(error) from error
    return found


def _fault(error: Exception) -> LedgerError:
    if not isinstance(error, msgspec.ValidationError):
        return decoding.UnreadableBody(str(error))
    detail, pointer = decoding.parted(str(error))
    return ReratingScopeInvalid(f"#{pointer}", detail)


def _scope(read: _Wanted) -> Scope:
    for part in ("provider", "consumer", "deployment"):
        if not is_storable(getattr(read, part) or ""):
            raise ReratingScopeInvalid(part, "holds what is no character; leave it out")
    return scope.named(
        starts_at=_instant("starts_at", read.starts_at),
        ends_at=_instant("ends_at", read.ends_at),
        provider=read.provider,
        consumer=read.consumer,
        deployment=read.deployment,
    )


def _instant(part: str, text: str) -> datetime:
    try:
        at = moment(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ReratingScopeInvalid(part, "write it as 2026-10-01T00:00:00Z") from error
    if not EARLIEST <= at < LATEST:
        raise ReratingScopeInvalid(part, "lies too far away")
    return at
