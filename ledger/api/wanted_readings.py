"""What POST /v1/meter-readings and /v1/energy-bills take, read strictly."""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

from ledger.energy import stated
from ledger.energy.bills import EnergyBillInvalid, StatedBill
from ledger.energy.readings import Fault, ReadingsInvalid
from ledger.energy.stated import StatedReading
from ledger.usage.formats import decoding
from ledger.usage.formats.decoding import UnreadableBody

MOST_BYTES: Final = 8 * 1024 * 1024
MOST_READINGS: Final = 10_000
MEDIA_TYPE: Final = "application/json"
BILL_FIELDS: Final = ("site", "document", "starts_on", "ends_on", "kwh", "amount", "currency")
LONGEST_NUMBER: Final = 40

EXACT: Final = {"type": "string", "pattern": r"^\d{1,12}(\.\d{1,6})?$"}
READING: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["site", "kind", "starts_at", "ends_at", "quantity"],
    "additionalProperties": False,
    "properties": {
        "site": {"type": "string", "description": "The site's code."},
        "kind": {
            "enum": list(stated.KINDS),
            "description": "kWh of the facility or of its machines; hours in which GPUs were busy "
            "or available.",
        },
        "starts_at": {"type": "string", "format": "date-time", "description": "A quarter hour."},
        "ends_at": {
            "type": "string",
            "format": "date-time",
            "description": "The quarter hour after the last one, at most 32 days later, and past.",
        },
        "quantity": {**EXACT, "description": "kWh or hours, in quotes, since it is exact."},
        "grade": {
            "enum": list(stated.GRADES),
            "default": "M",
            "description": "Official, measured, policy, derived or illustrative.",
        },
        "source": {"type": "string", "maxLength": stated.LONGEST_SOURCE},
    },
}
READINGS_SCHEMA: Final[dict[str, Any]] = {
    "type": "array",
    "maxItems": MOST_READINGS,
    "items": READING,
}
SIGNED: Final = {"type": "string", "pattern": r"^-?\d{1,12}(\.\d{1,6})?$"}
BILL_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": list(BILL_FIELDS),
    "additionalProperties": False,
    "properties": {
        "site": {"type": "string", "description": "The site's code."},
        "provider": {
            "type": ["string", "null"],
            "description": "Who runs the site; may be left out where one provider serves.",
        },
        "document": {"type": "string", "minLength": 1, "maxLength": 100},
        "starts_on": {"type": "string", "format": "date"},
        "ends_on": {
            "type": "string",
            "format": "date",
            "description": "The day after the last one billed, within the same month's days.",
        },
        "kwh": SIGNED,
        "amount": {**SIGNED, "description": "Negative for a credit note."},
        "currency": {"type": "string"},
    },
}


def readings(body: bytes, *, content_type: str) -> list[StatedReading]:
    """Return the readings of a body.

    :raises UnsupportedContentType, UnreadableBody: if it is no JSON array.
    :raises ReadingsInvalid: naming every item that is no reading.
    """
    decoding.media_type(content_type, accepted=[MEDIA_TYPE])
    if decoding.more_items_than(body, MOST_READINGS):
        raise ReadingsInvalid([Fault(MOST_READINGS, "this", f"is more than {MOST_READINGS}")])
    try:
        items = msgspec.json.decode(body, type=list[dict[str, Any]])
    except decoding.UNDECODABLE as error:
        raise UnreadableBody(str(error)) from error
    found: list[StatedReading] = []
    faults: list[Fault] = []
    for index, item in enumerate(items):
        try:
            found.append(stated.reading(item))
        except ValueError as error:
            faults.append(Fault(index, "", str(error)))
    if faults:
        raise ReadingsInvalid(faults)
    return found


def bill(body: bytes, *, content_type: str) -> StatedBill:
    """Return the bill of a body.

    :raises UnsupportedContentType, UnreadableBody: if it is no JSON object.
    :raises EnergyBillInvalid: naming the field that is not as it should be.
    """
    decoding.media_type(content_type, accepted=[MEDIA_TYPE])
    try:
        item = msgspec.json.decode(body, type=dict[str, Any])
    except decoding.UNDECODABLE as error:
        raise UnreadableBody(str(error)) from error
    for name in item:
        if name not in (*BILL_FIELDS, "provider"):
            raise EnergyBillInvalid(name[:LONGEST_NUMBER], "left out")
    text = {name: _text(item, name) for name in BILL_FIELDS}
    provider = item.get("provider")
    if provider is not None and not isinstance(provider, str):
        raise EnergyBillInvalid("provider", "the code of a provider")
    return StatedBill(
        site=text["site"],
        provider=provider,
        document=text["document"],
        starts_on=_day(text, "starts_on"),
        ends_on=_day(text, "ends_on"),
        kwh=_number(text, "kwh"),
        amount=_number(text, "amount"),
        currency=text["currency"],
    )


def _text(item: dict[str, Any], name: str) -> str:
    value = item.get(name)
    if not isinstance(value, str) or "\x00" in value:
        raise EnergyBillInvalid(name, "text: write numbers in quotes")
    return value


def _day(text: dict[str, str], name: str) -> date:
    try:
        return date.fromisoformat(text[name])
    except ValueError as error:
        raise EnergyBillInvalid(name, "a date, written YYYY-MM-DD") from error


def _number(text: dict[str, str], name: str) -> Decimal:
    try:
        if len(text[name]) <= LONGEST_NUMBER:
            return Decimal(text[name])
    except InvalidOperation as error:
        raise EnergyBillInvalid(name, "an exact number") from error
    raise EnergyBillInvalid(name, "an exact number")
