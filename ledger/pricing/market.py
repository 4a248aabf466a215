"""Electricity bought at a market's prices: one for every interval, of either sign. Pure.

A day of prices is stated by local day, so that it has 92 or 100 quarter hours when clocks change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, localcontext
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ledger.errors import LedgerError
from ledger.pricing import documents, tariff, tariff_fields
from ledger.pricing.tariff import TariffTerms
from ledger.pricing.tariff_fields import Component
from ledger.pricing.windows import QUARTER_MINUTES, InvalidTariff
from ledger.quantities import EXACT

RESOLUTIONS: Final = (15, 30, 60)
"""Minutes of an interval; each is a whole number of slots."""

FIELDS: Final = {
    "kind",
    "currency",
    "time_zone",
    "series",
    "components",
    "demand_per_kw_month",
    "capacity_per_kva_month",
    "load_factor",
}


class InvalidPriceDay(LedgerError):
    """A day of market prices does not state one exact price, or null, for each interval."""

    problem = "invalid-price-day"

    def __init__(self, pointer: str, detail: str) -> None:
        self.pointer = pointer
        self.detail = detail
        super().__init__(f"{pointer}: {detail}")


@dataclass(frozen=True, slots=True)
class SeriesTerms:
    """A tariff that follows a price series; fixed components and the demand charge come on top."""

    currency: str
    time_zone: str
    series: str
    components: tuple[Component, ...]
    demand_per_kw_month: Decimal | None
    capacity_per_kva_month: Decimal | None
    load_factor: Decimal | None

    @classmethod
    def from_document(cls, document: object) -> "SeriesTerms":
        """Read a tariff version's plain data.

        :raises InvalidTariff: naming the field.
        """
        fields = tariff_fields.fields(document, "/terms", FIELDS)
        terms = cls(
            currency=tariff_fields.text(fields, "currency"),
            time_zone=tariff_fields.time_zone(fields),
            series=tariff_fields.text(fields, "series"),
            components=tariff_fields.components(fields.get("components") or []),
            demand_per_kw_month=tariff_fields.optional(fields, "demand_per_kw_month"),
            capacity_per_kva_month=tariff_fields.optional(fields, "capacity_per_kva_month"),
            load_factor=tariff_fields.optional(fields, "load_factor"),
        )
        for index, part in enumerate(terms.components):
            if part.floats:
                raise InvalidTariff(
                    f"/terms/components/{index}/floats", "is true, but a market has no periods"
                )
        tariff_fields.check_charge(terms)
        return terms


AnyTerms = TariffTerms | SeriesTerms


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval of a market, half-open, and its price per kilowatt-hour if it has one."""

    starts_at: datetime
    ends_at: datetime
    price_per_kwh: Decimal | None


def terms_from_document(document: object) -> AnyTerms:
    """Read a tariff version's plain data, of whichever kind.

    :raises InvalidTariff: naming the field.
    """
    if isinstance(document, Mapping) and document.get("kind") == "series":
        return SeriesTerms.from_document(document)
    return TariffTerms.from_document(document)


def price_per_kwh(terms: SeriesTerms, *, market_price: Decimal) -> Decimal:
    """Return a market price with the fixed components on top; below zero it stays below zero."""
    with localcontext(EXACT):
        return sum((part.per_kwh for part in terms.components), start=market_price)


def local_day(time_zone: str, *, slot: int) -> date:
    """Return the local date on which a slot starts."""
    return tariff.slot_starts_at(slot).astimezone(ZoneInfo(time_zone)).date()


def intervals_of_day(day: date, *, time_zone: str, resolution_minutes: int) -> int:
    """Return how many intervals a local day has.

    >>> intervals_of_day(date(2026, 10, 25), time_zone="Europe/Berlin", resolution_minutes=15)
    100
    """
    slots = len(tariff.slots_of_day(day, time_zone=time_zone))
    return slots * QUARTER_MINUTES // resolution_minutes


def interval_at(
    *, day: date, time_zone: str, resolution_minutes: int, prices: Sequence[str | None], slot: int
) -> Interval:
    """Return the interval of a local day in which a slot lies, with what is stated for it."""
    first = tariff.slots_of_day(day, time_zone=time_zone).start
    slots = resolution_minutes // QUARTER_MINUTES
    index = (slot - first) // slots
    starts_at = tariff.slot_starts_at(first + index * slots).astimezone(ZoneInfo(time_zone))
    ends_at = tariff.slot_starts_at(first + (index + 1) * slots).astimezone(ZoneInfo(time_zone))
    stated = prices[index]
    return Interval(starts_at, ends_at, None if stated is None else Decimal(stated))


def check_price_day(row: Mapping[str, Any]) -> None:
    """Refuse a day whose prices are not one for each of its intervals.

    :raises InvalidPriceDay: naming the field.
    """
    resolution = row.get("resolution_minutes")
    if resolution not in RESOLUTIONS or isinstance(resolution, bool):
        raise InvalidPriceDay("/resolution_minutes", f"{resolution!r} is none of {RESOLUTIONS}")
    stated_day, zone = row["day"], str(row["time_zone"])
    day = stated_day if isinstance(stated_day, date) else date.fromisoformat(str(stated_day))
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InvalidPriceDay("/time_zone", f"{zone!r} is not a time zone") from error
    if len(tariff.slots_of_day(day, time_zone=zone)) * QUARTER_MINUTES % resolution:
        detail = f"{day} is no whole number of {resolution} minutes in {zone}"
        raise InvalidPriceDay("/resolution_minutes", detail)
    prices = row.get("prices")
    count = intervals_of_day(day, time_zone=zone, resolution_minutes=resolution)
    if not isinstance(prices, list) or len(prices) != count:
        held = len(prices) if isinstance(prices, list) else "no list of"
        detail = f"{day} has {count} intervals of {resolution} minutes in {zone}, and {held} prices"
        raise InvalidPriceDay("/prices", detail)
    for index, price in enumerate(prices):
        if price is None:
            continue
        try:
            documents.number(price)
        except ValueError as error:
            raise InvalidPriceDay(f"/prices/{index}", str(error)) from error
        if not isinstance(price, str):
            raise InvalidPriceDay(f"/prices/{index}", f"{price!r}: write it in quotes")
