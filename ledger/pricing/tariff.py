"""Electricity tariffs: which period a quarter hour falls in, and what a kilowatt-hour costs. Pure.

A tariff is read whole before it holds: every quarter hour of every month and kind of day has one
period, and every period a price. A price that the grid company published stands as it is; prices
made from components and ratios fill in where none is published.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, localcontext
from typing import Final
from zoneinfo import ZoneInfo

from ledger.errors import LedgerError
from ledger.pricing import overrides, tariff_fields, windows
from ledger.pricing.overrides import Override
from ledger.pricing.tariff_fields import Component
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
    "overrides",
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
class TariffTerms:
    """A calendar tariff, checked; a market's price series are terms of another class, `market.py`.

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
    overrides: Mapping[date, Override]

    @classmethod
    def from_document(cls, document: object) -> "TariffTerms":
        """Read a tariff version's plain data.

        :raises InvalidTariff: naming the field.
        """
        fields = tariff_fields.fields(document, "/terms", FIELDS)
        if fields.get("kind") != "calendar":
            raise InvalidTariff("/terms/kind", f"{fields.get('kind')!r} is not calendar")
        quarter_hours = windows.cover(windows.windows_from_document(fields.get("windows")))
        terms = cls(
            currency=tariff_fields.text(fields, "currency"),
            time_zone=tariff_fields.time_zone(fields),
            holiday_calendar=tariff_fields.text(fields, "holiday_calendar")
            if fields.get("holiday_calendar") is not None
            else None,
            quarter_hours=quarter_hours,
            uses_day_types=windows.uses_day_types(quarter_hours),
            components=tariff_fields.components(fields.get("components") or []),
            ratios=_ratios(fields.get("ratios") or []),
            published=tariff_fields.by_period(fields.get("published") or {}, "/terms/published"),
            demand_per_kw_month=tariff_fields.optional(fields, "demand_per_kw_month"),
            capacity_per_kva_month=tariff_fields.optional(fields, "capacity_per_kva_month"),
            load_factor=tariff_fields.optional(fields, "load_factor"),
            overrides=overrides.from_document(fields.get("overrides") or []),
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
    override = terms.overrides.get(local.date())
    if override is not None and override.quarter_hours is not None:
        return override.quarter_hours[quarter]
    if override is not None and override.day_type is not None:
        day_type = override.day_type
    elif not terms.uses_day_types:
        day_type = DAY_TYPES[0]
    elif calendar is None:
        raise NoCalendarYear(local.year)
    else:
        day_type = calendar.day_type(local.date())
    period = terms.quarter_hours[local.month, day_type][quarter]
    return override.periods.get(period, period) if override is not None else period


def override_at(terms: TariffTerms, *, slot: int) -> Override | None:
    """Return what was decided for the local day of a slot alone, if anything was."""
    return terms.overrides.get(slot_starts_at(slot).astimezone(ZoneInfo(terms.time_zone)).date())


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


def demand_price_per_kwh(terms: tariff_fields.Charged) -> Decimal:
    """Return the demand charge, spread over the kilowatt-hours of an average month.

    Where a tariff charges capacity instead, a kilovolt-ampere counts as a kilowatt; where a
    customer may choose and both are stated, demand is what it chose. Zero only if the tariff has
    neither.
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
    tariff_fields.check_charge(terms)
    if terms.uses_day_types and terms.holiday_calendar is None:
        raise InvalidTariff("/terms/holiday_calendar", "is needed: periods depend on the day")
    for month in MONTHS:
        for period in sorted(windows.periods_of_month(terms.quarter_hours, month=month)):
            if not _has_price(terms, period, month):
                raise InvalidTariff(
                    "/terms/ratios",
                    f"{period} in month {month} has no ratio and no published price",
                )
    for index, override in enumerate(terms.overrides.values()):
        month = override.day.month
        for period in sorted(override.periods_of(terms.quarter_hours)):
            if not _has_price(terms, period, month):
                raise InvalidTariff(
                    f"/terms/overrides/{index}",
                    f"{period} in month {month} has no ratio and no published price",
                )


def _has_price(terms: TariffTerms, period: str, month: int) -> bool:
    computable = bool(terms.components) and period in terms.ratios.get(month, {})
    return period in terms.published or computable


def _ratios(rows: object) -> dict[int, dict[str, Decimal]]:
    if not isinstance(rows, list):
        raise InvalidTariff("/terms/ratios", "is not a list of ratios by months")
    ratios: dict[int, dict[str, Decimal]] = {}
    for index, row in enumerate(rows):
        pointer = f"/terms/ratios/{index}"
        fields = tariff_fields.fields(row, pointer, {"months", "by_period"})
        by_period = tariff_fields.by_period(fields.get("by_period"), f"{pointer}/by_period")
        months = windows.months_from_document(fields.get("months"), pointer=f"{pointer}/months")
        for month in sorted(months):
            if month in ratios:
                raise InvalidTariff(pointer, f"gives month {month} its ratios a second time")
            ratios[month] = by_period
    return ratios
