"""Prices and loads by the clock: a calendar of windows that says which period a slot is in. Pure.

The windows are those of tariffs (`windows.py`). A calendar whose periods depend on the kind of day
is closed in a year whose holidays nobody published: no period is guessed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ledger.pricing import windows
from ledger.pricing.tariff import HolidayCalendar, NoCalendarYear, slot_starts_at
from ledger.pricing.windows import DAY_TYPES, MONTHS, QUARTER_MINUTES, InvalidTariff, QuarterHours

FIELDS: Final = {"time_zone", "holiday_calendar", "windows", "periods"}


@dataclass(frozen=True, slots=True)
class DayPeriods:
    """Which period every quarter hour is in, by local month and kind of day."""

    time_zone: str
    holiday_calendar: str | None
    quarter_hours: QuarterHours
    uses_day_types: bool

    @property
    def names(self) -> frozenset[str]:
        """Return every period that occurs."""
        return frozenset(
            name
            for month in MONTHS
            for name in windows.periods_of_month(self.quarter_hours, month=month)
        )


def from_document(document: Mapping[str, Any]) -> DayPeriods:
    """Return the calendar that a document's `time_zone`, `windows` and `holiday_calendar` say.

    :raises ValueError: as `pointer: what to do`, if one is missing or a quarter hour has no window.
    """
    zone, holidays = document.get("time_zone"), document.get("holiday_calendar")
    try:
        ZoneInfo(str(zone))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"time_zone: {zone!r} is not a time zone") from error
    if holidays is not None and not isinstance(holidays, str):
        raise ValueError(f"holiday_calendar: {holidays!r} is not the name of a calendar")
    try:
        quarter_hours = windows.cover(windows.windows_from_document(document.get("windows")))
    except InvalidTariff as error:
        raise ValueError(f"{error.pointer.removeprefix('/terms/')}: {error.detail}") from error
    uses_day_types = windows.uses_day_types(quarter_hours)
    if uses_day_types and holidays is None:
        raise ValueError("holiday_calendar: is needed: periods depend on the day")
    return DayPeriods(str(zone), holidays, quarter_hours, uses_day_types)


def period_at(periods: DayPeriods, *, slot: int, calendars: Mapping[str, HolidayCalendar]) -> str:
    """Return the period of a slot.

    :raises NoCalendarYear: if the kind of day decides and its year is not known.
    """
    local = slot_starts_at(slot).astimezone(ZoneInfo(periods.time_zone))
    quarter = (local.hour * 60 + local.minute) // QUARTER_MINUTES
    if not periods.uses_day_types:
        return periods.quarter_hours[local.month, DAY_TYPES[0]][quarter]
    calendar = calendars.get(periods.holiday_calendar or "")
    if calendar is None:
        raise NoCalendarYear(local.year)
    return periods.quarter_hours[local.month, calendar.day_type(local.date())][quarter]
