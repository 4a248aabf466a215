"""What is asked of recorded events, read strictly: one void or amendment, or a list of both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

import msgspec

from ledger.constraints import is_storable
from ledger.errors import LedgerError
from ledger.tokens import TOKEN_CLASSES
from ledger.usage.columns import Record
from ledger.usage.corrections import Asked
from ledger.usage.formats import decoding, surfaces
from ledger.usage.formats.cloudevents import Status, Usage
from ledger.usage.formats.decoding import LONGEST_NAME, MOST_EVENTS, Name, OptionalName
from ledger.usage.formats.surfaces import Counts, Malformed
from ledger.usage.stated import NOTHING, Stated

MEDIA_TYPE: Final = "application/json"
LONGEST_REASON: Final = 1_000
POINTERS: Final = {"consumer": "subject"}

Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_REASON)]


class CorrectionInvalid(LedgerError):
    """What is asked is no correction; `errors` name each place with what to do."""

    problem = "correction-invalid"

    def __init__(self, pointer: str, detail: str) -> None:
        self.errors = [{"pointer": pointer, "detail": detail}]
        super().__init__(f"{pointer}: {detail}")


class Void(msgspec.Struct, forbid_unknown_fields=True):
    """That nothing is to be left of an event."""

    reason: Reason
    source: Name | None = None


class Amendment(Void, forbid_unknown_fields=True):
    """What an event is to say instead; what is left out stays as it is."""

    subject: Name | None = None
    project: OptionalName | None = None
    deployment: Name | None = None
    status: Status | None = None
    attributes: dict[str, Any] | None = None
    usage: dict[str, Any] | None = None
    surface: OptionalName = ""
    vendor: OptionalName = ""


class ItemVoid(Void, tag_field="act", tag="void", kw_only=True, forbid_unknown_fields=True):
    """A void in a list."""

    event: Name


class ItemAmendment(
    Amendment, tag_field="act", tag="amend", kw_only=True, forbid_unknown_fields=True
):
    """An amendment in a list."""

    event: Name


class List(msgspec.Struct, forbid_unknown_fields=True):
    """A list of corrections, each still as it was sent."""

    items: list[msgspec.Raw]


@dataclass(frozen=True, slots=True)
class Refused:
    """An item that is no correction: its index, and why."""

    index: int
    refusal: LedgerError


_VOID: Final = msgspec.json.Decoder(Void)
_AMENDMENT: Final = msgspec.json.Decoder(Amendment)
_ITEM: Final = msgspec.json.Decoder(ItemVoid | ItemAmendment)
_LIST: Final = msgspec.json.Decoder(List)


def one(body: bytes, *, act: Literal["void", "amend"], event_id: str, content_type: str) -> Asked:
    """Return the correction of one event.

    :raises UnsupportedContentType, UnreadableBody: if the body is no JSON.
    :raises CorrectionInvalid: if it is no such correction.
    """
    decoding.media_type(content_type, accepted=[MEDIA_TYPE])
    try:
        read = _VOID.decode(body) if act == "void" else _AMENDMENT.decode(body)
    except decoding.UNDECODABLE as error:
        raise _fault(error, "#") from error
    return _asked(read, index=0, event_id=event_id, place="#")


def several(body: bytes, *, content_type: str) -> tuple[list[Asked], list[Refused]]:
    """Return the corrections of a list, and those of its items that are none.

    :raises UnsupportedContentType, UnreadableBody, TooManyEvents: if the whole body is refused.
    :raises CorrectionInvalid: if it is no list of corrections.
    """
    decoding.media_type(content_type, accepted=[MEDIA_TYPE])
    try:
        items = _LIST.decode(body).items
    except decoding.UNDECODABLE as error:
        raise _fault(error, "#") from error
    if len(items) > MOST_EVENTS:
        raise decoding.TooManyEvents(len(items), MOST_EVENTS)
    asked: list[Asked] = []
    refused: list[Refused] = []
    for index, item in enumerate(items):
        place = f"#/items/{index}"
        try:
            read = _ITEM.decode(item)
            asked.append(_asked(read, index=index, event_id=read.event, place=place))
        except decoding.UNDECODABLE as error:
            refused.append(Refused(index, _fault(error, place)))
        except CorrectionInvalid as invalid:
            refused.append(Refused(index, invalid))
    return asked, refused


def _fault(error: Exception, place: str) -> LedgerError:
    """Return what the decoder has to say, with the place within the body."""
    if not isinstance(error, msgspec.ValidationError):
        return decoding.UnreadableBody(str(error))
    detail, pointer = decoding.parted(str(error))
    return CorrectionInvalid(f"{place}{pointer}", detail)


def _asked(read: Void, *, index: int, event_id: str, place: str) -> Asked:
    act = "amend" if isinstance(read, Amendment) else "void"
    stated = _stated(read, place=place) if isinstance(read, Amendment) else NOTHING
    if isinstance(read, Amendment) and not stated.is_anything:
        raise CorrectionInvalid(
            place, "states nothing new; name what changes, or void the event instead"
        )
    for name, text in (("reason", read.reason), ("source", read.source), ("event", event_id)):
        if text is not None and not is_storable(text):
            raise CorrectionInvalid(f"{place}/{name}", "holds what is no character; leave it out")
    return Asked(index, act, event_id, read.reason, read.source, stated)


def _stated(read: Amendment, *, place: str) -> Stated:
    """Return what an amendment states, as an event could have stated it.

    :raises CorrectionInvalid: if an event could not.
    """
    as_event = Record(
        index=0,
        source=read.source or "",
        event_id="",
        occurred_at=None,
        consumer=read.subject or "",
        project=read.project or "",
        deployment=read.deployment or "",
        counts=(),
        status=read.status or "complete",
        attributes=read.attributes,
    )
    refusal = decoding.unstorable(as_event, pointers=POINTERS)
    if refusal is not None:
        pointer, _, detail = refusal.detail.removeprefix("#/0").partition(": ")
        raise CorrectionInvalid(f"{place}{pointer}", detail)
    return Stated(
        consumer=read.subject,
        project=read.project,
        deployment=read.deployment,
        status=read.status,
        counts=None if read.usage is None else _counts(read, read.usage, place=place),
        attributes=read.attributes,
        said=_said(read, place=place) if read.usage is not None and read.surface else None,
    )


def _counts(read: Amendment, usage: Mapping[str, Any], *, place: str) -> Sequence[int]:
    """Return all nine counts, from our classes or from a surface's usage object."""
    if not read.surface:
        try:
            ours = msgspec.convert(usage, Usage)
        except msgspec.ValidationError as error:
            detail, pointer = decoding.parted(str(error))
            raise CorrectionInvalid(f"{place}/usage{pointer}", detail) from error
        return tuple(getattr(ours, name) for name in TOKEN_CLASSES)
    found = surfaces.counts(surface=read.surface, vendor=read.vendor, usage=usage)
    if isinstance(found, Counts):
        return tuple(found)
    pointer = f"/usage{found.pointer}" if isinstance(found, Malformed) else "/usage"
    raise CorrectionInvalid(f"{place}{pointer}", found.detail)


def _said(read: Amendment, *, place: str) -> dict[str, Any]:
    said = {"surface": read.surface, "vendor": read.vendor, "usage": read.usage}
    try:
        size = len(decoding.canonical(said).encode())
    except (ValueError, RecursionError) as error:
        raise CorrectionInvalid(f"{place}/usage", str(error)) from error
    if size > decoding.LARGEST_FINDING_BYTES:
        raise CorrectionInvalid(
            f"{place}/usage", f"is larger than {decoding.LARGEST_FINDING_BYTES} bytes"
        )
    return said


_STATED_PROPERTIES: Final[dict[str, Any]] = {
    "subject": {"type": ["string", "null"], "minLength": 1, "maxLength": LONGEST_NAME},
    "project": {"type": ["string", "null"], "maxLength": LONGEST_NAME},
    "deployment": {"type": ["string", "null"], "minLength": 1, "maxLength": LONGEST_NAME},
    "status": {"enum": ["complete", "partial", "cancelled", "failed", None]},
    "attributes": {
        "type": ["object", "null"],
        "description": "In place of all that the event has; an empty object takes them away.",
    },
    "usage": {
        "type": ["object", "null"],
        "description": "All counts anew: disjoint classes, of which one that is left out is zero, "
        "or with `surface` a usage object as its source writes it.",
    },
    "surface": {"type": "string", "maxLength": LONGEST_NAME},
    "vendor": {"type": "string", "maxLength": LONGEST_NAME},
}
_SHARED_PROPERTIES: Final[dict[str, Any]] = {
    "reason": {
        "type": "string",
        "minLength": 1,
        "maxLength": LONGEST_REASON,
        "description": "Why, for those who read the books later.",
    },
    "source": {
        "type": ["string", "null"],
        "minLength": 1,
        "maxLength": LONGEST_NAME,
        "description": "The event's source; may be left out if you have only one.",
    },
}
VOID_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["reason"],
    "additionalProperties": False,
    "properties": _SHARED_PROPERTIES,
}
AMENDMENT_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["reason"],
    "additionalProperties": False,
    "properties": {**_SHARED_PROPERTIES, **_STATED_PROPERTIES},
}
LIST_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["items"],
    "additionalProperties": False,
    "properties": {
        "items": {
            "type": "array",
            "maxItems": MOST_EVENTS,
            "items": {
                "type": "object",
                "required": ["act", "event", "reason"],
                "properties": {
                    "act": {"enum": ["void", "amend"]},
                    "event": {
                        "type": "string",
                        "minLength": 1,
                        "maxLength": LONGEST_NAME,
                        "description": "The event's id, as it was sent.",
                    },
                    **_SHARED_PROPERTIES,
                    **_STATED_PROPERTIES,
                },
            },
        }
    },
}
