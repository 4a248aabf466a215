"""What an agreement gives for volume: tiers, discounts, a minimum. Settled at period close. Pure.

The charged price is that of the rate cards, event by event. These terms say what a whole period is
to come to instead; the difference is the period's true-up. They are applied in this order:

1. **tiers** turn the charged price into the tiered price, by a measured quantity;
2. a **discount** takes a percentage off the tiered price;
3. a **minimum** charges what is missing to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

from ledger.errors import LedgerError
from ledger.pricing import documents
from ledger.tokens import TOKEN_CLASSES

HUNDRED: Final = Decimal(100)

Kind = Literal["graduated", "volume", "package"]
Measure = Literal["tokens", "charged"]
KINDS: Final[tuple[Kind, ...]] = ("graduated", "volume", "package")
MEASURES: Final[tuple[Measure, ...]] = ("tokens", "charged")


class InvalidVolumeTerms(LedgerError):
    """The volume terms of an agreement do not say what a period is to come to."""

    problem = "invalid-volume-terms"

    def __init__(self, pointer: str, detail: str) -> None:
        self.pointer = pointer
        self.detail = detail
        super().__init__(f"{pointer}: {detail}")


@dataclass(frozen=True, slots=True)
class Tier:
    """One step: up to and including `up_to` of the measure, without an end if it is None.

    Either a price per million tokens, or a percentage of the charged price.
    """

    up_to: Decimal | None
    per_million_tokens: Decimal | None
    percent: Decimal | None


@dataclass(frozen=True, slots=True)
class Tiers:
    """Steps over tokens of named classes, or over the money charged.

    *graduated*: each part of the quantity at the price of the step that it lies in. *volume*: all
    of it at the price of the step that it reaches. *package*: as volume, each started block of
    `block_tokens` counted in full.
    """

    kind: Kind
    measure: Measure
    classes: tuple[str, ...]
    block_tokens: Decimal | None
    steps: tuple[Tier, ...]


@dataclass(frozen=True, slots=True)
class Threshold:
    """A percentage off the whole tiered price, once that lies above `above`."""

    above: Decimal
    percent: Decimal


@dataclass(frozen=True, slots=True)
class VolumeTerms:
    """What a period is to come to; parts that are not agreed are None or empty."""

    tiers: Tiers | None
    discount: tuple[Threshold, ...]
    minimum: Decimal | None


def from_document(document: object) -> VolumeTerms:
    """Return volume terms from their plain data.

    :raises InvalidVolumeTerms: if a field is missing, misspelt or out of range, or nothing is said.

    >>> from_document({"minimum": "50000", "discount": {"percent": "5"}}).discount
    (Threshold(above=Decimal('0'), percent=Decimal('5')),)
    """
    terms = _mapping(document, "/volume_terms", {"tiers", "discount", "minimum"})
    if not terms:
        raise InvalidVolumeTerms("/volume_terms", "says nothing; leave it out")
    return VolumeTerms(
        tiers=_tiers(terms["tiers"]) if "tiers" in terms else None,
        discount=_discount(terms["discount"]) if "discount" in terms else (),
        minimum=_amount(terms["minimum"], "/volume_terms/minimum") if "minimum" in terms else None,
    )


def _tiers(document: object) -> Tiers:
    at = "/volume_terms/tiers"
    fields = _mapping(document, at, {"kind", "measure", "classes", "block_tokens", "steps"})
    kind, measure = fields.get("kind"), fields.get("measure")
    if kind not in KINDS:
        raise InvalidVolumeTerms(f"{at}/kind", f"{kind!r} is none of {', '.join(KINDS)}")
    if measure not in MEASURES:
        raise InvalidVolumeTerms(f"{at}/measure", f"{measure!r} is none of {', '.join(MEASURES)}")
    if kind == "package" and measure != "tokens":
        raise InvalidVolumeTerms(f"{at}/measure", "is tokens where blocks are counted")
    if (kind == "package") != ("block_tokens" in fields):
        raise InvalidVolumeTerms(f"{at}/block_tokens", "belongs to package, and only there")
    if "classes" in fields and measure != "tokens":
        raise InvalidVolumeTerms(f"{at}/classes", "are for the measure tokens")
    block = fields.get("block_tokens")
    return Tiers(
        kind=kind,
        measure=measure,
        classes=_classes(fields.get("classes"), f"{at}/classes") if measure == "tokens" else (),
        block_tokens=_whole(block, f"{at}/block_tokens") if kind == "package" else None,
        steps=_steps(fields.get("steps"), kind=kind, measure=measure),
    )


def _steps(document: object, *, kind: Kind, measure: Measure) -> tuple[Tier, ...]:
    at = "/volume_terms/tiers/steps"
    if not isinstance(document, list) or not document:
        raise InvalidVolumeTerms(at, "is a list of at least one step")
    steps: list[Tier] = []
    reached = Decimal(0)
    for number, one in enumerate(document):
        here = f"{at}/{number}"
        fields = _mapping(one, here, {"up_to", "per_million_tokens", "percent"})
        prices = fields.keys() & {"per_million_tokens", "percent"}
        if len(prices) != 1:
            raise InvalidVolumeTerms(here, "states either per_million_tokens or percent")
        if measure == "charged" and "percent" not in prices:
            raise InvalidVolumeTerms(here, "states percent where money is measured")
        if kind == "package" and "per_million_tokens" not in prices:
            raise InvalidVolumeTerms(here, "states per_million_tokens where blocks are counted")
        last = number == len(document) - 1
        if last == ("up_to" in fields):
            raise InvalidVolumeTerms(f"{here}/up_to", "ends every step but the last")
        price = {name: _amount(fields[name], f"{here}/{name}") for name in prices}
        up_to = None if last else _amount(fields["up_to"], f"{here}/up_to")
        if up_to is not None and up_to <= reached:
            raise InvalidVolumeTerms(f"{here}/up_to", "lies above the step before")
        reached = up_to or reached
        steps.append(Tier(up_to, price.get("per_million_tokens"), price.get("percent")))
    return tuple(steps)


def _discount(document: object) -> tuple[Threshold, ...]:
    at = "/volume_terms/discount"
    fields = _mapping(document, at, {"percent", "thresholds"})
    if len(fields) != 1:
        raise InvalidVolumeTerms(at, "states either percent or thresholds")
    if "percent" in fields:
        return (Threshold(Decimal(0), _percent(fields["percent"], f"{at}/percent")),)
    listed = fields["thresholds"]
    if not isinstance(listed, list) or not listed:
        raise InvalidVolumeTerms(f"{at}/thresholds", "is a list of at least one threshold")
    thresholds: list[Threshold] = []
    for number, one in enumerate(listed):
        here = f"{at}/thresholds/{number}"
        parts = _mapping(one, here, {"above", "percent"})
        above = _amount(parts.get("above"), f"{here}/above")
        if thresholds and above <= thresholds[-1].above:
            raise InvalidVolumeTerms(f"{here}/above", "lies above the threshold before")
        thresholds.append(Threshold(above, _percent(parts.get("percent"), f"{here}/percent")))
    return tuple(thresholds)


def _classes(document: object, at: str) -> tuple[str, ...]:
    """Return the named token classes in the order of the tables; every one if none is named."""
    if document is None:
        return TOKEN_CLASSES
    if (
        not isinstance(document, list)
        or not document
        or len(set(map(str, document))) < len(document)
    ):
        raise InvalidVolumeTerms(at, "is a list of token classes, each once")
    for name in document:
        if name not in TOKEN_CLASSES:
            raise InvalidVolumeTerms(at, f"{name!r} is none of {', '.join(TOKEN_CLASSES)}")
    return tuple(name for name in TOKEN_CLASSES if name in document)


def _mapping(document: object, at: str, allowed: set[str]) -> Mapping[str, Any]:
    try:
        fields = documents.mapping(document)
        documents.only_fields(fields, allowed)
    except ValueError as error:
        raise InvalidVolumeTerms(at, str(error)) from error
    return fields


def _amount(value: object, at: str) -> Decimal:
    try:
        return documents.not_negative(value)
    except ValueError as error:
        raise InvalidVolumeTerms(at, str(error)) from error


def _percent(value: object, at: str) -> Decimal:
    percent = _amount(value, at)
    if percent > HUNDRED:
        raise InvalidVolumeTerms(at, "takes off more than everything")
    return percent


def _whole(value: object, at: str) -> Decimal:
    number = _amount(value, at)
    if number < 1 or number != number.to_integral_value():
        raise InvalidVolumeTerms(at, "is a whole number of tokens")
    return number
