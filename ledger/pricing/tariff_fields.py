"""The fields that tariffs of every kind are read from. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ledger.pricing import documents
from ledger.pricing.windows import InvalidTariff


class Charged(Protocol):
    """What is charged for a connection beside its kilowatt-hours."""

    @property
    def demand_per_kw_month(self) -> Decimal | None:
        """Money for each kilowatt of the highest demand."""

    @property
    def capacity_per_kva_month(self) -> Decimal | None:
        """Money for each kilovolt-ampere of capacity."""

    @property
    def load_factor(self) -> Decimal | None:
        """Average over highest load, above 0 and at most 1."""


@dataclass(frozen=True, slots=True)
class Component:
    """A part of the price per kilowatt-hour; the ratio of the period multiplies what floats."""

    name: str
    per_kwh: Decimal
    floats: bool


def components(rows: object) -> tuple[Component, ...]:
    """Read the parts of the price per kilowatt-hour.

    :raises InvalidTariff: naming the field.
    """
    if not isinstance(rows, list):
        raise InvalidTariff("/terms/components", "is not a list of components")
    parts = []
    for index, row in enumerate(rows):
        pointer = f"/terms/components/{index}"
        part = fields(row, pointer, {"name", "per_kwh", "floats"})
        if not isinstance(part.get("name"), str) or not isinstance(part.get("floats"), bool):
            raise InvalidTariff(pointer, "needs a name, and floats as true or false")
        parts.append(
            Component(
                name=part["name"],
                per_kwh=number(part.get("per_kwh"), f"{pointer}/per_kwh"),
                floats=part["floats"],
            )
        )
    return tuple(parts)


def by_period(rows: object, pointer: str) -> dict[str, Decimal]:
    """Read a figure for each named period.

    :raises InvalidTariff: naming the field.
    """
    if not isinstance(rows, Mapping):
        raise InvalidTariff(pointer, "is not a mapping of periods")
    return {str(period): number(value, f"{pointer}/{period}") for period, value in rows.items()}


def fields(row: object, pointer: str, allowed: set[str]) -> Mapping[str, Any]:
    """Return a mapping that has no field beyond the allowed ones.

    :raises InvalidTariff: naming the field.
    """
    try:
        stated = documents.mapping(row)
        documents.only_fields(stated, allowed)
    except ValueError as error:
        raise InvalidTariff(pointer, str(error)) from error
    return stated


def optional(stated: Mapping[str, Any], name: str) -> Decimal | None:
    """Return a figure that may be absent, zero or more.

    :raises InvalidTariff: naming the field.
    """
    if stated.get(name) is None:
        return None
    try:
        return documents.not_negative(stated[name])
    except ValueError as error:
        raise InvalidTariff(f"/terms/{name}", str(error)) from error


def number(value: object, pointer: str) -> Decimal:
    """Return an exact number.

    :raises InvalidTariff: naming the field.
    """
    try:
        return documents.number(value)
    except ValueError as error:
        raise InvalidTariff(pointer, str(error)) from error


def text(stated: Mapping[str, Any], name: str) -> str:
    """Return text that must be there.

    :raises InvalidTariff: naming the field.
    """
    value = stated.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidTariff(f"/terms/{name}", "is missing")
    return value


def time_zone(stated: Mapping[str, Any]) -> str:
    """Return the name of a time zone that exists.

    :raises InvalidTariff: naming the field.
    """
    name = text(stated, "time_zone")
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InvalidTariff("/terms/time_zone", f"{name!r} is not a time zone") from error
    return name


def check_charge(terms: Charged) -> None:
    """Refuse a demand charge without a load factor that spreads it.

    :raises InvalidTariff: if so.
    """
    charged = terms.demand_per_kw_month is not None or terms.capacity_per_kva_month is not None
    if charged and terms.load_factor is None:
        raise InvalidTariff("/terms/load_factor", "is needed to spread the demand charge")
    if terms.load_factor is not None and not 0 < terms.load_factor <= 1:
        raise InvalidTariff("/terms/load_factor", "is not above 0 and at most 1")
