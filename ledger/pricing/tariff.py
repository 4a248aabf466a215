"""Electricity tariffs: which period a quarter hour falls in, and what a kilowatt-hour costs. Pure.

A tariff is read whole before it holds: every quarter hour of every month and kind of day has one
period, and every period a price. A price that the grid company published stands as it is; prices
made from components and ratios fill in where none is published.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, localcontext
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ledger.errors import LedgerError
from ledger.pricing import documents, windows
from ledger.pricing.windows import (
    DAY_TYPES,
    MONTHS,
    QUARTER_MINUTES,
    InvalidTariff,
    QuarterHours,
)
from ledger.quantities import EXACT

SLOT_SECONDS: Final = 900
"""A slot is a quarter hour: the time unit of power markets."""

SLOT_MICROSECONDS: Final = SLOT_SECONDS * 1_000_000
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)

HOURS_PER_MONTH: Final = 730
FIRST_REST_WEEKDAY: Final = 5

FIELDS: Final = {
    "kind",
    "currency",
    "time_zone",
    "holiday_calendar",
    "windows",
    "components",
    "ratios",
    "published",
    "demand_per_kw_month",
    "capacity_per_kva_month",
    "load_factor",
}


class NoCalendarYear(LedgerError):
    """The holidays of a year are not published, so its days cannot be told apart."""

    problem = "no-calendar-year"

    def __init__(self, year: int) -> None:
        self.year = year
        super().__init__(f"the holidays of {year} are not published")


@dataclass(frozen=True, slots=True)
class HolidayCalendar:
    """The days of known years that are not what their weekday says."""

    days: Mapping[date, str]
    years: frozenset[int]

    def day_type(self, day: date) -> str:
        """Return workday, rest_day or public_holiday.

        :raises NoCalendarYear: if the year is not known; a guess would be a wrong price.
        """
        if day.year not in self.years:
            raise NoCalendarYear(day.year)
        default = "rest_day" if day.weekday() >= FIRST_REST_WEEKDAY else "workday"
        return self.days.get(day, default)


class InvalidHolidays(LedgerError):
    """The days of a holiday calendar's year are not dates of that year, or of no known kind."""

    problem = "invalid-holidays"

    def __init__(self, day: object, why: str) -> None:
        self.day = str(day)
        self.why = why
        super().__init__(f"{day!r}: {why}")


def check_holidays(*, year: int, days: object) -> None:
    """Refuse a year's exceptions that are not ISO dates of the year with a known kind of day.

    :raises InvalidHolidays: naming the day.

    >>> check_holidays(year=2026, days={"2026-10-01": "public_holiday"})
    """
    if not isinstance(days, Mapping):
        raise InvalidHolidays(days, "is not a mapping of dates to kinds of day")
    for day, kind in days.items():
        try:
            of_year = isinstance(day, str) and date.fromisoformat(day).isoformat() == day
        except ValueError as error:
            raise InvalidHolidays(day, "is not a date, written 2026-10-01 in quotes") from error
        if not of_year or not day.startswith(f"{year:04d}-"):
            raise InvalidHolidays(day, f"is not a date of {year}, written 2026-10-01 in quotes")
        if kind not in DAY_TYPES:
            raise InvalidHolidays(day, f"{kind!r} is none of {', '.join(DAY_TYPES)}")


@dataclass(frozen=True, slots=True)
class Component:
    """A part of the price per kilowatt-hour; the ratio of the period multiplies what floats."""

    name: str
    per_kwh: Decimal
    floats: bool


@dataclass(frozen=True, slots=True)
class TariffTerms:
    """A calendar tariff, checked; a market's price series will be terms of another class.

    `ratios[month][period]`; `published[period]` per kilowatt-hour wins over components and ratios.
    """

    currency: str
    time_zone: str
    holiday_calendar: str | None
    quarter_hours: QuarterHours
    uses_day_types: bool
    components: tuple[Component, ...]
    ratios: Mapping[int, Mapping[str, Decimal]]
    published: Mapping[str, Decimal]
    demand_per_kw_month: Decimal | None
    capacity_per_kva_month: Decimal | None
    load_factor: Decimal | None

    @classmethod
    def from_document(cls, document: object) -> "TariffTerms":
        """Read a tariff version's plain data.

        :raises InvalidTariff: naming the field.
        """
        fields = _fields(document, "/terms", FIELDS)
        if fields.get("kind") != "calendar":
            raise InvalidTariff("/terms/kind", f"{fields.get('kind')!r} is not calendar")
        quarter_hours = windows.cover(windows.windows_from_document(fields.get("windows")))
        terms = cls(
            currency=_text(fields, "currency"),
            time_zone=_time_zone(fields),
            holiday_calendar=_text(fields, "holiday_calendar")
            if fields.get("holiday_calendar") is not None
            else None,
            quarter_hours=quarter_hours,
            uses_day_types=windows.uses_day_types(quarter_hours),
            components=_components(fields.get("components") or []),
            ratios=_ratios(fields.get("ratios") or []),
            published=_by_period(fields.get("published") or {}, "/terms/published"),
            demand_per_kw_month=_optional(fields, "demand_per_kw_month"),
            capacity_per_kva_month=_optional(fields, "capacity_per_kva_month"),
            load_factor=_optional(fields, "load_factor"),
        )
        _check(terms)
        return terms


def slot_of(at: datetime) -> int:
    """Return the slot of an instant: quarter hours since 1970, from whole microseconds.

    Never through a float, nor through seconds: both would round an instant into the next slot.

    >>> slot_of(datetime(2026, 11, 24, 2, 44, 59, 999_999, tzinfo=UTC))
    1994986
    """
    return (at - EPOCH) // MICROSECOND // SLOT_MICROSECONDS


def slot_starts_at(slot: int) -> datetime:
    """Return the instant at which a slot starts.

    >>> slot_starts_at(1994986).isoformat()
    '2026-11-24T02:30:00+00:00'
    """
    return EPOCH + slot * timedelta(seconds=SLOT_SECONDS)


def slots_of_day(day: date, *, time_zone: str) -> range:
    """Return the slots of a local day: 96 of them, or 92 and 100 when clocks change."""
    zone = ZoneInfo(time_zone)
    midnight = datetime.combine(day, time(), tzinfo=zone)
    next_midnight = datetime.combine(day + timedelta(days=1), time(), tzinfo=zone)
    return range(slot_of(midnight), slot_of(next_midnight))


def local_month(terms: TariffTerms, *, slot: int) -> int:
    """Return the month, 1 to 12, in which a slot starts where the tariff holds."""
    return slot_starts_at(slot).astimezone(ZoneInfo(terms.time_zone)).month


def period_at(terms: TariffTerms, *, slot: int, calendar: HolidayCalendar | None) -> str:
    """Return the tariff period of a slot. A tariff that treats all days alike needs no calendar.

    :raises NoCalendarYear: if the kind of day decides and its year is not known.
    """
    local = slot_starts_at(slot).astimezone(ZoneInfo(terms.time_zone))
    quarter = (local.hour * 60 + local.minute) // QUARTER_MINUTES
    if not terms.uses_day_types:
        return terms.quarter_hours[local.month, DAY_TYPES[0]][quarter]
    if calendar is None:
        raise NoCalendarYear(local.year)
    return terms.quarter_hours[local.month, calendar.day_type(local.date())][quarter]


def periods_of(
    terms: TariffTerms, *, slots: Sequence[int], calendar: HolidayCalendar | None
) -> list[str]:
    """Return the tariff period of each slot.

    :raises NoCalendarYear: as `period_at`.
    """
    return [period_at(terms, slot=slot, calendar=calendar) for slot in slots]


def price_per_kwh(terms: TariffTerms, *, period: str, month: int) -> Decimal:
    """Return the energy price of a period: as published, else from components and its ratio.

    The demand charge is not in it.
    """
    if period in terms.published:
        return terms.published[period]
    ratio = terms.ratios[month][period]
    with localcontext(EXACT):
        return sum(
            (part.per_kwh * (ratio if part.floats else 1) for part in terms.components),
            start=Decimal(0),
        )


def demand_price_per_kwh(terms: TariffTerms) -> Decimal:
    """Return the demand charge, spread over the kilowatt-hours of an average month.

    Where a tariff charges capacity instead, a kilovolt-ampere counts as a kilowatt. Zero only if
    the tariff has neither.
    """
    per_month = (
        terms.capacity_per_kva_month
        if terms.demand_per_kw_month is None
        else terms.demand_per_kw_month
    )
    if per_month is None:
        return Decimal(0)
    assert terms.load_factor is not None
    with localcontext(EXACT):
        return per_month / (HOURS_PER_MONTH * terms.load_factor)


def _check(terms: TariffTerms) -> None:
    """Refuse terms that leave a period without a price or a demand charge without a load factor."""
    charged = terms.demand_per_kw_month is not None or terms.capacity_per_kva_month is not None
    if charged and terms.load_factor is None:
        raise InvalidTariff("/terms/load_factor", "is needed to spread the demand charge")
    if terms.load_factor is not None and not 0 < terms.load_factor <= 1:
        raise InvalidTariff("/terms/load_factor", "is not above 0 and at most 1")
    if terms.uses_day_types and terms.holiday_calendar is None:
        raise InvalidTariff("/terms/holiday_calendar", "is needed: periods depend on the day")
    for month in MONTHS:
        for period in sorted(windows.periods_of_month(terms.quarter_hours, month=month)):
            computable = terms.components and period in terms.ratios.get(month, {})
            if period not in terms.published and not computable:
                raise InvalidTariff(
                    "/terms/ratios",
                    f"{period} in month {month} has no ratio and no published price",
                )


def _components(rows: object) -> tuple[Component, ...]:
    if not isinstance(rows, list):
        raise InvalidTariff("/terms/components", "is not a list of components")
    components = []
    for index, row in enumerate(rows):
        pointer = f"/terms/components/{index}"
        fields = _fields(row, pointer, {"name", "per_kwh", "floats"})
        if not isinstance(fields.get("name"), str) or not isinstance(fields.get("floats"), bool):
            raise InvalidTariff(pointer, "needs a name, and floats as true or false")
        components.append(
            Component(
                name=fields["name"],
                per_kwh=_number(fields.get("per_kwh"), f"{pointer}/per_kwh"),
                floats=fields["floats"],
            )
        )
    return tuple(components)


def _ratios(rows: object) -> dict[int, dict[str, Decimal]]:
    if not isinstance(rows, list):
        raise InvalidTariff("/terms/ratios", "is not a list of ratios by months")
    ratios: dict[int, dict[str, Decimal]] = {}
    for index, row in enumerate(rows):
        pointer = f"/terms/ratios/{index}"
        fields = _fields(row, pointer, {"months", "by_period"})
        by_period = _by_period(fields.get("by_period"), f"{pointer}/by_period")
        months = windows.months_from_document(fields.get("months"), pointer=f"{pointer}/months")
        for month in sorted(months):
            if month in ratios:
                raise InvalidTariff(pointer, f"gives month {month} its ratios a second time")
            ratios[month] = by_period
    return ratios


def _by_period(rows: object, pointer: str) -> dict[str, Decimal]:
    if not isinstance(rows, Mapping):
        raise InvalidTariff(pointer, "is not a mapping of periods")
    return {str(period): _number(value, f"{pointer}/{period}") for period, value in rows.items()}


def _fields(row: object, pointer: str, allowed: set[str]) -> Mapping[str, Any]:
    try:
        fields = documents.mapping(row)
        documents.only_fields(fields, allowed)
    except ValueError as error:
        raise InvalidTariff(pointer, str(error)) from error
    return fields


def _optional(fields: Mapping[str, Any], name: str) -> Decimal | None:
    if fields.get(name) is None:
        return None
    try:
        return documents.not_negative(fields[name])
    except ValueError as error:
        raise InvalidTariff(f"/terms/{name}", str(error)) from error


def _number(value: object, pointer: str) -> Decimal:
    try:
        return documents.number(value)
    except ValueError as error:
        raise InvalidTariff(pointer, str(error)) from error


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidTariff(f"/terms/{name}", "is missing")
    return value


def _time_zone(fields: Mapping[str, Any]) -> str:
    name = _text(fields, "time_zone")
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InvalidTariff("/terms/time_zone", f"{name!r} is not a time zone") from error
    return name
