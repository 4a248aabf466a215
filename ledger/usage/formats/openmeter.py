"""Events as OpenMeter ingests them -> records and refusals. Pure.

An OpenMeter event carries whatever data its type has; what that means stands in its meters, which
are not sent. So each type that is known here is read in its one way, and no other is guessed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from ledger.tokens import LARGEST_COUNT, TOKEN_CLASSES
from ledger.usage.columns import Finding, Record
from ledger.usage.formats import cloudevents, counted, decoding
from ledger.usage.formats.decoding import UNDECODABLE, Decoded, Name, Refusal
from ledger.usage.formats.surfaces import Malformed

CONTENT_TYPES: Final = cloudevents.STRUCTURED

OURS: Final = "clearwatt.usage"
LITELLM: Final = "litellm_tokens"
PROMPT: Final = "prompt"


class Event(msgspec.Struct):
    """The envelope; OpenMeter fills in the version of the specification."""

    id: Name
    source: Name
    type: Name
    subject: Name
    specversion: Literal["1.0"] = "1.0"
    time: str | None = None
    data: msgspec.Raw = cloudevents.ABSENT


class LiteLLMData(msgspec.Struct):
    """What LiteLLM's openmeter callback sends: totals, which know no cached tokens."""

    model: Name
    prompt_tokens: Any = None
    completion_tokens: Any = None
    total_tokens: Any = None


class PromptData(msgspec.Struct):
    """What OpenMeter's documentation sends for each kind of tokens of a call."""

    model: Name
    type: Name
    tokens: int | str


@dataclass(frozen=True, slots=True)
class Said:
    """What data say: which deployment, and what it served."""

    deployment: str
    counts: tuple[int, ...]
    finding: Finding | None = None
    attributes: Mapping[str, Any] | None = None


def decode(body: bytes, *, content_type: str, limit: int) -> Decoded:
    """Return the records of a body: one event or an array of them.

    :raises UnsupportedContentType, UnreadableBody, TooManyEvents: if the whole body is refused.
    """
    records: list[Record] = []
    refusals: list[Refusal] = []
    items = cloudevents.items(body, content_type=content_type, limit=limit)
    for index, item in enumerate(items):
        found = _item(index, item)
        records += found.records
        refusals += found.refusals
    return Decoded(records=records, refusals=refusals)


_EVENT: Final = msgspec.json.Decoder(Event)
_LITELLM: Final = msgspec.json.Decoder(LiteLLMData)
_PROMPT: Final = msgspec.json.Decoder(PromptData)


def _item(index: int, item: msgspec.Raw) -> Decoded:
    try:
        event = _EVENT.decode(item)
    except UNDECODABLE as error:
        return Decoded(records=[], refusals=[decoding.undecodable(index, error)])
    if event.type == OURS:
        return cloudevents.one_by_one([(index, item)], careful=True)
    found = _record(index, event)
    if isinstance(found, Refusal):
        return Decoded(records=[], refusals=[found])
    return Decoded(records=[found], refusals=[])


def _record(index: int, event: Event) -> Record | Refusal:
    read = TYPES.get(event.type)
    if read is None:
        known = ", ".join((OURS, *TYPES))
        return decoding.refusal(index, "type", f"is none of {known}, whose data are known here")
    said = _said(event.data, read)
    if isinstance(said, Malformed):
        return decoding.refusal(index, f"data{said.pointer}", said.detail)
    try:
        occurred_at = None if event.time is None else decoding.moment(event.time)
    except ValueError as error:
        return decoding.refusal(index, "time", str(error))
    record = Record(
        index,
        event.source,
        event.id,
        occurred_at,
        event.subject,
        "",
        said.deployment,
        said.counts,
        "complete",
        said.attributes,
        finding=said.finding,
    )
    return decoding.unstorable(record, pointers=POINTERS) or record


POINTERS: Final = {"event_id": "id", "consumer": "subject", "deployment": "data/model"}


def _said(data: msgspec.Raw, read: "Reader") -> Said | Malformed:
    if data is cloudevents.ABSENT:
        return Malformed("", "is missing")
    if len(data) > decoding.LARGEST_OBJECT_BYTES:
        return Malformed("", cloudevents.TOO_LARGE)
    try:
        return read(data)
    except UNDECODABLE as error:
        detail, pointer = decoding.parted(str(error))
        return Malformed(pointer, detail)


def _litellm(data: msgspec.Raw) -> Said | Malformed:
    """Read totals as LiteLLM's normalised usage; cached tokens are in them and cannot be told."""
    said = _LITELLM.decode(data)
    usage = {
        "prompt_tokens": said.prompt_tokens,
        "completion_tokens": said.completion_tokens,
        "total_tokens": said.total_tokens,
    }
    found = counted.by_surface(surface="litellm", vendor="", usage=usage)
    if isinstance(found, Malformed):
        return found
    return Said(said.model, found.counts, found.finding, {"usage_details": False})


def _prompt(data: msgspec.Raw) -> Said | Malformed:
    """Read tokens of one kind; what OpenMeter's examples call the system's are input as well."""
    said = _PROMPT.decode(data)
    name = "input" if said.type == "system" else said.type
    if name not in TOKEN_CLASSES:
        return Malformed("/type", f"is none of system, {', '.join(TOKEN_CLASSES)}")
    tokens = _whole(said.tokens)
    if tokens is None:
        return Malformed("/tokens", f"is not a whole number from 0 to {LARGEST_COUNT}")
    return Said(said.model, tuple(tokens if one == name else 0 for one in TOKEN_CLASSES))


def _whole(value: int | str) -> int | None:
    """Return a count, which OpenMeter takes as a number or as digits.

    >>> _whole("123"), _whole(5), _whole("1e3"), _whole(-1)
    (123, 5, None, None)
    """
    if isinstance(value, str):
        if not value.isascii() or not value.isdigit() or len(value) > len(str(LARGEST_COUNT)):
            return None
        value = int(value)
    return value if 0 <= value <= LARGEST_COUNT else None


Reader = Callable[[msgspec.Raw], Said | Malformed]

TYPES: Final[Mapping[str, Reader]] = {LITELLM: _litellm, PROMPT: _prompt}
"""How the data of each type are read, beside our own; docs/integrations.md has the table."""
