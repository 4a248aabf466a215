"""Single days on which a tariff's calendar does not hold as it stands. Pure.

A hot day may turn peak into sharp, a storm may move a holiday, a notice may set windows of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from ledger.pricing import tariff_fields, windows
from ledger.pricing.windows import DAY_TYPES, InvalidTariff, QuarterHours

WAYS: Final = ("day_type", "periods", "windows")


@dataclass(frozen=True, slots=True)
class Override:
    """What holds on one local day: another kind of day, renamed periods, or windows of its own."""

    day: date
    reason: str
    day_type: str | None
    periods: Mapping[str, str]
    quarter_hours: tuple[str, ...] | None

    def periods_of(self, quarter_hours: QuarterHours) -> frozenset[str]:
        """Return the periods that may occur on the day, whatever kind of day it would be."""
        if self.quarter_hours is not None:
            return frozenset(self.quarter_hours)
        if self.day_type is not None:
            return frozenset(quarter_hours[self.day.month, self.day_type])
        usual = windows.periods_of_month(quarter_hours, month=self.day.month)
        return frozenset(self.periods.get(period, period) for period in usual)


def from_document(rows: object) -> dict[date, Override]:
    """Read the overrides of a tariff version's plain data, by their day.

    :raises InvalidTariff: if one names no day or no reason, a day comes twice, or its windows do
        not cover every quarter hour exactly once.
    """
    if not isinstance(rows, list):
        raise InvalidTariff("/terms/overrides", "is not a list of days")
    overrides: dict[date, Override] = {}
    for index, row in enumerate(rows):
        pointer = f"/terms/overrides/{index}"
        override = _override(row, pointer)
        if override.day in overrides:
            raise InvalidTariff(pointer, f"decides {override.day} a second time")
        overrides[override.day] = override
    return overrides


def _override(row: object, pointer: str) -> Override:
    fields = tariff_fields.fields(row, pointer, {"date", "reason", *WAYS})
    reason = fields.get("reason")
    if not isinstance(reason, str) or not reason.strip():
        raise InvalidTariff(f"{pointer}/reason", "is missing")
    if sum(fields.get(way) is not None for way in WAYS) != 1:
        raise InvalidTariff(pointer, f"needs one of {', '.join(WAYS)}")
    day_type = fields.get("day_type")
    if day_type is not None and day_type not in DAY_TYPES:
        raise InvalidTariff(f"{pointer}/day_type", f"{day_type!r} is none of {DAY_TYPES}")
    return Override(
        day=_day(fields, pointer),
        reason=reason,
        day_type=day_type,
        periods=_periods(fields.get("periods"), f"{pointer}/periods"),
        quarter_hours=_quarter_hours(fields.get("windows"), f"{pointer}/windows"),
    )


def _day(fields: Mapping[str, Any], pointer: str) -> date:
    stated = fields.get("date")
    try:
        return stated if isinstance(stated, date) else date.fromisoformat(str(stated))
    except ValueError as error:
        raise InvalidTariff(
            f"{pointer}/date", f"{stated!r} is not a date, written 2026-07-14 in quotes"
        ) from error


def _periods(stated: object, pointer: str) -> dict[str, str]:
    if stated is None:
        return {}
    if not isinstance(stated, Mapping) or not stated:
        raise InvalidTariff(pointer, "is not a mapping of periods to periods")
    return {str(usual): str(instead) for usual, instead in stated.items()}


def _quarter_hours(stated: object, pointer: str) -> tuple[str, ...] | None:
    if stated is None:
        return None
    try:
        day = windows.windows_from_document(stated)
        return windows.cover(day)[windows.MONTHS[0], DAY_TYPES[0]]
    except InvalidTariff as error:
        raise InvalidTariff(pointer, f"{error.pointer}: {error.detail}") from error
