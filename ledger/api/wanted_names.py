"""The list of mappings that POST /v1/sources/{id}/names takes, read strictly."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

import msgspec

from ledger.pricing.mapping import MOST_NAMES, Fault, NamesInvalid, Wanted
from ledger.pricing.source_names import LONGEST_NAME
from ledger.usage.formats import decoding
from ledger.usage.formats.decoding import UnreadableBody

MOST_BYTES: Final = 1024 * 1024
MEDIA_TYPE: Final = "application/json"
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)

Text = Annotated[str, msgspec.Meta(max_length=LONGEST_NAME)]


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mapping as it is sent; a target of null withdraws."""

    kind: Literal["consumer", "deployment"]
    name: Text
    target: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME)] | None
    project: Text = ""
    valid_from: str | None = None
    every_source: bool = False


ITEM: Final = msgspec.json.Decoder(Item)
SCHEMA: Final[dict[str, Any]] = {
    "type": "array",
    "maxItems": MOST_NAMES,
    "items": {
        "type": "object",
        "required": ["kind", "name", "target"],
        "additionalProperties": False,
        "properties": {
            "kind": {"enum": ["consumer", "deployment"]},
            "name": {
                "type": "string",
                "maxLength": LONGEST_NAME,
                "description": "As the source writes it. A deployment that is written "
                "model@region is looked up whole first, and then as the model.",
            },
            "target": {
                "type": ["string", "null"],
                "minLength": 1,
                "maxLength": LONGEST_NAME,
                "description": "A consumer's or a deployment's code; null: it stands for nothing "
                "from then on.",
            },
            "project": {
                "type": "string",
                "maxLength": LONGEST_NAME,
                "description": "Of a consumer: the project of events that name none.",
            },
            "valid_from": {
                "type": ["string", "null"],
                "format": "date-time",
                "description": "A quarter hour. If it is left out: from the beginning for a name "
                "that stood for nothing, else from the next quarter hour.",
            },
            "every_source": {
                "type": "boolean",
                "default": False,
                "description": "Map it for all of the provider's sources.",
            },
        },
    },
}


def read(body: bytes, *, content_type: str) -> list[Wanted]:
    """Return the mappings of a body.

    :raises UnsupportedContentType, UnreadableBody: if it is no JSON array.
    :raises NamesInvalid: naming every item that is no mapping.
    """
    decoding.media_type(content_type, accepted=[MEDIA_TYPE])
    if decoding.more_items_than(body, MOST_NAMES):
        raise NamesInvalid([Fault("#", f"holds more than {MOST_NAMES} mappings; send fewer")])
    try:
        items = msgspec.json.decode(body, type=list[msgspec.Raw])
    except decoding.UNDECODABLE as error:
        raise UnreadableBody(str(error)) from error
    wanted: list[Wanted] = []
    faults: list[Fault] = []
    for index, item in enumerate(items):
        try:
            wanted.append(_wanted(ITEM.decode(item)))
        except decoding.UNDECODABLE as error:
            detail, pointer = decoding.parted(str(error))
            faults.append(Fault(f"#/{index}{pointer}", detail))
        except (ValueError, OverflowError) as error:
            faults.append(Fault(f"#/{index}/valid_from", str(error)))
    if faults:
        raise NamesInvalid(faults)
    return wanted


def _wanted(item: Item) -> Wanted:
    return Wanted(
        kind=item.kind,
        name=item.name,
        target=item.target,
        project=item.project,
        valid_from=None if item.valid_from is None else _moment(item.valid_from),
        every_source=item.every_source,
    )


def _moment(text: str) -> datetime:
    at = decoding.moment(text).astimezone(UTC)
    if not EARLIEST <= at < LATEST:
        raise ValueError(f"{text} is not between 1970 and 9000")
    return at
