"""LiteLLM's `generic_api` callback: StandardLoggingPayloads -> records and refusals. Pure.

After `litellm` 1.108.7, `types/utils.py` and `integrations/generic_api`. LiteLLM neither reads what
is answered nor sends again what was refused, and parts of a payload are whatever its user wrote. So
nothing that a user can write makes a payload unreadable: such text is mended or left out. Only what
is named here is kept, and never what was asked or answered.
"""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import msgspec

from ledger import service_tiers
from ledger.usage.columns import Record, attributes_json
from ledger.usage.formats import counted, decoding
from ledger.usage.formats.counted import NO_COUNTS, Counted
from ledger.usage.formats.decoding import (
    LARGEST_ATTRIBUTES_BYTES,
    LONGEST_NAME,
    UNDECODABLE,
    Decoded,
    Refusal,
    UnreadableBody,
)
from ledger.usage.formats.surfaces import Malformed
from ledger.usage.identity import EPOCH, microseconds

JSON: Final = "application/json"
LINES: Final = "application/x-ndjson"
CONTENT_TYPES: Final = (JSON, LINES)

SURFACE: Final = "litellm"
SOURCE: Final = "litellm"

LONGEST_KEPT: Final = 256
MOST_TAGS: Final = 16
MADE_TAG: Final = "User-Agent: "
LATEST_SECONDS: Final = 253_402_300_800  # 10000-01-01
MICROSECOND: Final = Decimal("0.000001")
WRITTEN_BY_USERS: Final = ("tags", "end_user", "session_id", "trace_id", "model")
"""Attributes that are left out, in this order, where there is no room for all."""

CLIENT_LEFT: Final = "ClientDisconnected"
CLIENT_CLOSED_REQUEST: Final = "499"


class Metadata(msgspec.Struct):
    """Who called, and the usage object; the rest of it is not read."""

    usage_object: dict[str, Any] | None = None
    user_api_key_alias: Any = None
    user_api_key_hash: Any = None
    user_api_key_user_id: Any = None
    user_api_key_end_user_id: Any = None
    user_api_key_project_alias: Any = None
    user_api_key_project_id: Any = None
    user_api_key_team_alias: Any = None
    user_api_key_team_id: Any = None


class Payload(msgspec.Struct):
    """A StandardLoggingPayload as far as it is read."""

    status: Literal["success", "failure"]
    id: Any = None
    litellm_call_id: Any = None
    trace_id: Any = None
    session_id: Any = None
    call_type: Any = None
    endTime: Decimal | None = None  # noqa: N815 - LiteLLM's name
    prompt_tokens: Any = None
    completion_tokens: Any = None
    total_tokens: Any = None
    model: Any = None
    model_id: Any = None
    model_group: Any = None
    api_base: Any = None
    custom_llm_provider: Any = None
    cache_hit: Any = None
    stream: Any = None
    end_user: Any = None
    request_tags: Any = None
    error_information: Any = None
    metadata: Metadata | None = None


def decode(body: bytes, *, content_type: str, limit: int, source: str = SOURCE) -> Decoded:
    """Return the records of a body: an array, one payload, or one a line.

    LiteLLM announces all three as JSON.

    :raises UnsupportedContentType, UnreadableBody, TooManyEvents: if the whole body is refused.
    """
    media_type = decoding.media_type(content_type, accepted=CONTENT_TYPES)
    is_array = media_type == JSON and body.lstrip()[:1] == b"["
    decoding.refuse_many(body, limit=limit, is_array=is_array)
    decoding.refuse_overfull(body)
    payloads = _at_once(body, is_array=is_array)
    if payloads is None:
        payloads = _one_by_one(body, is_array=is_array, limit=limit)
    if len(payloads) > limit:
        raise decoding.TooManyEvents(len(payloads), limit)
    records: list[Record] = []
    refusals: list[Refusal] = []
    for index, payload in enumerate(payloads):
        found = payload if isinstance(payload, Refusal) else _record(index, payload, source=source)
        if isinstance(found, Refusal):
            refusals.append(found)
        else:
            records.append(found)
    return Decoded(records=records, refusals=refusals, time="endTime", source="")


_PAYLOAD: Final = msgspec.json.Decoder(Payload)
_PAYLOADS: Final = msgspec.json.Decoder(list[Payload])


def _at_once(body: bytes, *, is_array: bool) -> list[Payload | Refusal] | None:
    """Return all payloads; None if one does not decode."""
    try:
        return [*(_PAYLOADS.decode(body) if is_array else _PAYLOAD.decode_lines(body))]
    except UNDECODABLE:
        return None


def _one_by_one(body: bytes, *, is_array: bool, limit: int) -> list[Payload | Refusal]:
    """Return each payload, or why it is none."""
    if is_array:
        items = decoding.split_array(body)
        if len(items) > limit:
            raise decoding.TooManyEvents(len(items), limit)
        return [_line(index, item) for index, item in enumerate(items)]
    try:
        return [_converted(0, _leniently(body))]
    except UnreadableBody:
        lines = decoding.lines(body, limit=limit)
    return [_line(index, bytes(line)) for index, line in enumerate(lines)]


def _leniently(body: bytes) -> Any:
    """Read JSON as LiteLLM writes it: with NaN, and with halves of characters, where users did.

    :raises UnreadableBody: if it is not even that.
    """
    try:
        return json.loads(body.decode())
    except (ValueError, RecursionError) as error:
        raise UnreadableBody(str(error)) from error


def _line(index: int, line: bytes) -> Payload | Refusal:
    try:
        return _converted(index, _leniently(line))
    except UnreadableBody as error:
        return Refusal(index, "unreadable_event", f"#/{index}: {error.why}")


def _converted(index: int, item: Any) -> Payload | Refusal:
    try:
        return msgspec.convert(item, Payload)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        return Refusal(index, "invalid_event", decoding.with_pointer(str(error), index))


def _record(index: int, payload: Payload, *, source: str) -> Record | Refusal:
    """Return what a payload says of a call, or why it says nothing of use."""
    metadata = payload.metadata or Metadata()
    found = _counted(payload, metadata)
    if found is None:
        return Refusal(index, "no_usage", f"#/{index}: states no usage, so that nothing is booked")
    if isinstance(found, Malformed):
        return decoding.refusal(index, f"metadata/usage_object{found.pointer}", found.detail)
    try:
        occurred_at = None if payload.endTime is None else _moment(payload.endTime)
    except ValueError as error:
        return decoding.refusal(index, "endTime", str(error))
    event_id = _event_id(payload, occurred_at)
    if not event_id:
        return decoding.refusal(index, "litellm_call_id", "is missing, and so is `id`")
    record = Record(
        index,
        source,
        event_id,
        occurred_at,
        _consumer(payload, metadata),
        _project(metadata),
        _deployment(payload),
        found.counts,
        _status(payload, found),
        _attributes(payload, metadata),
        finding=found.finding,
    )
    for name, pointer in POINTERS.items():
        if len(getattr(record, name)) > LONGEST_NAME:
            return decoding.refusal(index, pointer, f"is longer than {LONGEST_NAME} characters")
    return decoding.unstorable(record, pointers=POINTERS) or record


POINTERS: Final = {
    "consumer": "metadata/user_api_key_alias",
    "project": "metadata/user_api_key_team_alias",
    "deployment": "model_group",
}


def _counted(payload: Payload, metadata: Metadata) -> Counted | Malformed | None:
    """Return the counts; None where nothing is stated of a call that may have used something.

    What LiteLLM answered from its own cache it reports with the counts of the first answer. No
    model read or wrote anything, so it counts zero.
    """
    if payload.cache_hit is True:
        return Counted(NO_COUNTS)
    totals = {
        "prompt_tokens": payload.prompt_tokens,
        "completion_tokens": payload.completion_tokens,
        "total_tokens": payload.total_tokens,
    }
    if metadata.usage_object or any(totals.values()):
        return counted.by_surface(
            surface=SURFACE,
            vendor=decoding.mended(payload.custom_llm_provider),
            usage=totals | _stated(metadata.usage_object or {}),
        )
    reached = payload.model_id or payload.custom_llm_provider
    return Counted(NO_COUNTS) if payload.status == "failure" and reached else None


def _stated(usage: dict[str, Any]) -> dict[str, Any]:
    """Return what a usage object states: null counts as absent, so that it hides no total."""
    return {name: value for name, value in usage.items() if value is not None}


def _event_id(payload: Payload, ended_at: datetime | None) -> str:
    """Return the identity of what was charged for: LiteLLM's call, and the answer to it.

    The call alone is not enough. A call that failed and was answered by a fallback is reported
    twice under one id, and whoever calls may choose the id (`x-litellm-call-id`), so that a second
    call could hide behind the first. Where the answer has no id, as that of embeddings and of what
    was broken off, LiteLLM repeats the call's, and the end tells two calls apart.
    """
    call, answer = decoding.mended(payload.litellm_call_id), decoding.mended(payload.id)
    parts = [call] if call else []
    if answer and answer != call:
        parts.append(answer)
    elif call and ended_at is not None:
        parts.append(str(microseconds(ended_at)))
    if parts and payload.status == "failure":
        parts.append("failed")
        parts += [decoding.mended(payload.model_id)] if payload.model_id else []
    event_id = ":".join(parts)
    return event_id if len(event_id) <= LONGEST_NAME else sha256(event_id.encode()).hexdigest()


def _moment(seconds: Decimal) -> datetime:
    """Return the instant of exact seconds since 1970; what is finer than a microsecond is cut.

    >>> _moment(Decimal("1791167399.9999999")).isoformat()
    '2026-10-05T02:29:59.999999+00:00'
    """
    if not seconds.is_finite() or not 0 <= seconds < LATEST_SECONDS:
        raise ValueError("is no number of seconds since 1970")
    # Division cuts, and exactly: whatever else rounds to the context's digits.
    return EPOCH + timedelta(microseconds=int(seconds // MICROSECOND))


def _status(payload: Payload, found: Counted) -> str:
    """Return whether the call ended; LiteLLM reports a client that left as a success or a failure.

    A vendor's own 499 is a failure of the vendor.
    """
    error = payload.error_information if isinstance(payload.error_information, dict) else {}
    kind, code = decoding.mended(error.get("error_class")), decoding.mended(error.get("error_code"))
    if kind == CLIENT_LEFT or (code == CLIENT_CLOSED_REQUEST and not error.get("llm_provider")):
        return "cancelled"
    if payload.status == "success":
        return "complete"
    return "partial" if any(found.counts) or found.finding else "failed"


def _consumer(payload: Payload, metadata: Metadata) -> str:
    """Return who is charged: the holder of the virtual key, whom LiteLLM has proved.

    `end_user` is what the caller says of itself; it counts only where there are no keys, and is cut
    where it is too long: refused, the call would cost its caller nothing.
    """
    proved = _first(metadata.user_api_key_alias, metadata.user_api_key_hash)
    said = _first(metadata.user_api_key_end_user_id, payload.end_user)
    return proved or said[:LONGEST_NAME]


def _project(metadata: Metadata) -> str:
    return _first(
        metadata.user_api_key_project_alias,
        metadata.user_api_key_project_id,
        metadata.user_api_key_team_alias,
        metadata.user_api_key_team_id,
    )


def _deployment(payload: Payload) -> str:
    """Return the model as the proxy's operator named it, and where it is served: model@host.

    One name may stand for several deployments, between which the proxy balances.
    """
    model = _first(payload.model_group, payload.model)
    try:
        host = urlsplit(decoding.mended(payload.api_base)).netloc.rpartition("@")[2].lower()
    except ValueError:
        host = ""
    return f"{model}@{host}" if model and host else model


def _attributes(payload: Payload, metadata: Metadata) -> dict[str, Any]:
    """Return what is kept to find a call again; bounded, whatever its user wrote."""
    error = payload.error_information if isinstance(payload.error_information, dict) else {}
    texts = {
        "call_type": payload.call_type,
        "provider": payload.custom_llm_provider,
        "model": payload.model,
        "model_id": payload.model_id,
        "trace_id": payload.trace_id,
        "session_id": payload.session_id,
        "key_hash": metadata.user_api_key_hash,
        "team_id": metadata.user_api_key_team_id,
        "user_id": metadata.user_api_key_user_id,
        "end_user": payload.end_user,
        service_tiers.ATTRIBUTE: service_tiers.of_usage(metadata.usage_object or {}),
        "error_class": error.get("error_class"),
        "error_code": error.get("error_code"),
    }
    kept: dict[str, Any] = {
        name: text
        for name, value in texts.items()
        if (text := decoding.mended(value)[:LONGEST_KEPT])
    }
    if tags := _tags(payload.request_tags):
        kept["tags"] = tags
    if payload.stream is True:
        kept["stream"] = True
    if payload.cache_hit is True:
        kept["cache_hit"] = True
    elif not metadata.usage_object and any((payload.prompt_tokens, payload.completion_tokens)):
        kept["usage_details"] = False
    return _bounded(kept)


def _tags(value: Any) -> list[str]:
    """Return the caller's tags, without those that LiteLLM makes from its program's name."""
    texts = (
        [decoding.mended(tag)[:LONGEST_KEPT] for tag in value] if isinstance(value, list) else []
    )
    return [text for text in texts if text and not text.startswith(MADE_TAG)][:MOST_TAGS]


def _bounded(attributes: dict[str, Any]) -> dict[str, Any]:
    for name in WRITTEN_BY_USERS:
        if len((attributes_json(attributes) or "").encode()) <= LARGEST_ATTRIBUTES_BYTES:
            break
        attributes.pop(name, None)
    return attributes


def _first(*values: Any) -> str:
    return next((text for value in values if (text := decoding.mended(value))), "")
