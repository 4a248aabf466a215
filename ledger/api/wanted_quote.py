"""What POST /v1/quotes takes, read strictly."""

from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final

import msgspec

from ledger import service_tiers
from ledger.pricing.quoting.wanted import (
    DEFAULT_SAVING,
    MOST_DEPLOYMENTS,
    MOST_LINES,
    Fault,
    Line,
    QuoteInvalid,
    Wanted,
)
from ledger.tokens import LARGEST_COUNT, TOKEN_CLASSES
from ledger.usage.formats import decoding
from ledger.usage.formats.cloudevents import Usage
from ledger.usage.formats.decoding import LONGEST_NAME, Name, UnreadableBody

MOST_BYTES: Final = 256 * 1024
MOST_REQUESTS: Final = 10**9
MOST_SITES: Final = 200
MEDIA_TYPE: Final = "application/json"
EARLIEST: Final = datetime(1970, 1, 2, tzinfo=UTC)
LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)
HUNDRED: Final = 100
NUL: Final = "\x00"

Requests = Annotated[int, msgspec.Meta(ge=1, le=MOST_REQUESTS)]
Names = Annotated[list[Name], msgspec.Meta(min_length=1)]
Saving = Annotated[str, msgspec.Meta(max_length=16)]


class WantedLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Equal requests: the tokens of each, and how many there are."""

    tokens: Usage
    requests: Requests = 1


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole question."""

    lines: Annotated[list[WantedLine], msgspec.Meta(min_length=1, max_length=MOST_LINES)]
    deployments: Annotated[Names, msgspec.Meta(max_length=MOST_DEPLOYMENTS)] | None = None
    model: Name | None = None
    agreement: Name | None = None
    consumer: Name | None = None
    rate_card: Name | None = None
    at: str | None = None
    day: str | None = None
    sites: Annotated[Names, msgspec.Meta(max_length=MOST_SITES)] | None = None
    save_percent: Saving | None = None
    service_tier: Annotated[str, msgspec.Meta(max_length=service_tiers.LONGEST)] | None = None


DECODER: Final = msgspec.json.Decoder(Body)
NAME: Final = {"type": ["string", "null"], "minLength": 1, "maxLength": LONGEST_NAME}
COUNT: Final = {"type": "integer", "minimum": 0, "maximum": LARGEST_COUNT}


def _names(most: int, description: str) -> dict[str, Any]:
    item = {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME}
    return {
        "type": ["array", "null"],
        "minItems": 1,
        "maxItems": most,
        "items": item,
        "description": description,
    }


SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["lines"],
    "additionalProperties": False,
    "properties": {
        "lines": {
            "type": "array",
            "minItems": 1,
            "maxItems": MOST_LINES,
            "description": "The usage: equal requests on each line.",
            "items": {
                "type": "object",
                "required": ["tokens"],
                "additionalProperties": False,
                "properties": {
                    "tokens": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": dict.fromkeys(TOKEN_CLASSES, COUNT),
                        "description": "Tokens of one request by class; what is left out is 0.",
                    },
                    "requests": {
                        "type": "integer",
                        "minimum": 1,
                        "maximum": MOST_REQUESTS,
                        "default": 1,
                    },
                },
            },
        },
        "deployments": _names(
            MOST_DEPLOYMENTS, "Codes, or provider/code where several providers have one."
        ),
        "model": {**NAME, "description": "Instead of deployments: all of this model."},
        "agreement": {**NAME, "description": "The agreement's code."},
        "consumer": {**NAME, "description": "Instead: the consumer that there is one with."},
        "rate_card": {
            **NAME,
            "description": "Instead: a rate card of the provider, without a fee.",
        },
        "at": {
            "type": ["string", "null"],
            "format": "date-time",
            "description": "The moment; now, if neither it nor `day` is named.",
        },
        "day": {
            "type": ["string", "null"],
            "format": "date",
            "description": "Instead: each hour of this day at the deployment's own site.",
        },
        "sites": _names(MOST_SITES, "Only these sites; every one, if left out."),
        "service_tier": {
            "type": ["string", "null"],
            "maxLength": service_tiers.LONGEST,
            "default": service_tiers.STANDARD,
            "description": "In what class of service: standard, batch, flex, priority, or another.",
        },
        "save_percent": {
            "type": ["string", "null"],
            "maxLength": 16,
            "default": str(DEFAULT_SAVING),
            "description": "The share of the cost that a move should save, for the break-even "
            "price of a GPU-hour: above 0, below 100.",
        },
    },
}


def read(body: bytes, *, content_type: str) -> Wanted:
    """Return what a body asks.

    :raises UnsupportedContentType, UnreadableBody: if it is no JSON.
    :raises QuoteInvalid: naming every part that is no question.
    """
    decoding.media_type(content_type, accepted=[MEDIA_TYPE])
    try:
        said = DECODER.decode(body)
    except msgspec.ValidationError as error:
        detail, pointer = decoding.parted(str(error))
        raise QuoteInvalid([Fault(f"#{pointer}", detail)]) from error
    except decoding.UNDECODABLE as error:
        raise UnreadableBody(str(error)) from error
    faults: list[Fault] = []
    _choose(said, faults)
    wanted = Wanted(
        lines=[
            Line([getattr(line.tokens, name) for name in TOKEN_CLASSES], line.requests)
            for line in said.lines
        ],
        deployments=said.deployments or (),
        model=said.model,
        agreement=said.agreement,
        consumer=said.consumer,
        rate_card=said.rate_card,
        at=_moment(said.at, faults),
        day=_day(said.day, faults),
        sites=said.sites,
        save_percent=_saving(said.save_percent, faults),
        service_tier=service_tiers.named(said.service_tier),
    )
    if faults:
        raise QuoteInvalid(faults)
    return wanted


def _choose(said: Body, faults: list[Fault]) -> None:
    """Find fault where two things are said of which one is enough, or none where one must be."""
    if (said.deployments is None) == (said.model is None):
        faults.append(Fault("#/deployments", "name either deployments or a model"))
    if sum(one is not None for one in (said.agreement, said.consumer, said.rate_card)) > 1:
        faults.append(Fault("#/agreement", "name one of agreement, consumer and rate_card"))
    if said.at is not None and said.day is not None:
        faults.append(Fault("#/at", "name a moment or a day, not both"))
    if not any(getattr(line.tokens, name) for line in said.lines for name in TOKEN_CLASSES):
        faults.append(Fault("#/lines", "hold no tokens"))
    named = [said.model, said.agreement, said.consumer, said.rate_card]
    if any(
        NUL in name for name in (*named, *(said.deployments or ()), *(said.sites or ())) if name
    ):
        faults.append(Fault("#", "holds the character U+0000; leave it out"))


def _moment(text: str | None, faults: list[Fault]) -> datetime | None:
    if text is None:
        return None
    try:
        at = decoding.moment(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        faults.append(Fault("#/at", str(error)))
        return None
    if not EARLIEST <= at < LATEST:
        faults.append(Fault("#/at", f"{text} is not between 1970 and 9000"))
    return at


def _day(text: str | None, faults: list[Fault]) -> date | None:
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text or not EARLIEST.date() <= day < LATEST.date():
        faults.append(Fault("#/day", "is not a date from 1970 to 9000, written YYYY-MM-DD"))
        return None
    return day


def _saving(text: str | None, faults: list[Fault]) -> Decimal:
    if text is None:
        return DEFAULT_SAVING
    try:
        percent = Decimal(text)
    except InvalidOperation:
        percent = Decimal("NaN")
    if not percent.is_finite() or not 0 < percent < HUNDRED:
        faults.append(Fault("#/save_percent", "is not a number above 0 and below 100"))
        return DEFAULT_SAVING
    return percent
