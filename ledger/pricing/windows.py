"""The windows of a time-of-use tariff: every quarter hour in exactly one period. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ledger.errors import LedgerError
from ledger.pricing import documents

MONTHS: Final = range(1, 13)
ALL_MONTHS: Final = frozenset(MONTHS)

DAY_TYPES: Final = ("workday", "rest_day", "public_holiday")
ANY_DAY: Final = "any"

QUARTER_MINUTES: Final = 15
QUARTERS_PER_DAY: Final = 96
MINUTES_PER_DAY: Final = 1_440
HOUR_TEXT_LENGTH: Final = 5

QuarterHours = Mapping[tuple[int, str], tuple[str, ...]]
"""The period of each of a day's 96 quarter hours, by month and day type."""


class InvalidTariff(LedgerError):
    """A tariff version is not as a tariff must be."""

    problem = "invalid-tariff"

    def __init__(self, pointer: str, detail: str) -> None:
        self.pointer = pointer
        self.detail = detail
        super().__init__(f"{pointer}: {detail}")


@dataclass(frozen=True, slots=True)
class Window:
    """When a period holds; the window of the highest rank decides.

    `spans` are half-open, in minutes of the local day.
    """

    period: str
    spans: tuple[tuple[int, int], ...]
    months: frozenset[int]
    day_types: frozenset[str]
    rank: int


def windows_from_document(rows: object) -> tuple[Window, ...]:
    """Read windows from a tariff version's plain data.

    :raises InvalidTariff: naming the field.
    """
    if not isinstance(rows, list) or not rows:
        raise InvalidTariff("/terms/windows", "is not a list of windows")
    return tuple(_window(row, pointer=f"/terms/windows/{index}") for index, row in enumerate(rows))


def cover(windows: Sequence[Window]) -> QuarterHours:
    """Return the period of every quarter hour of every month and day type.

    :raises InvalidTariff: if a quarter hour has no window, or two of the highest rank.
    """
    return {
        (month, day_type): tuple(
            _period(windows, month, day_type, quarter * QUARTER_MINUTES)
            for quarter in range(QUARTERS_PER_DAY)
        )
        for month in MONTHS
        for day_type in DAY_TYPES
    }


def uses_day_types(quarter_hours: QuarterHours) -> bool:
    """Say whether some month's periods depend on the kind of day."""
    return any(
        quarter_hours[month, day_type] != quarter_hours[month, DAY_TYPES[0]]
        for month in MONTHS
        for day_type in DAY_TYPES
    )


def periods_of_month(quarter_hours: QuarterHours, *, month: int) -> frozenset[str]:
    """Return the periods that occur in a month."""
    return frozenset(period for day_type in DAY_TYPES for period in quarter_hours[month, day_type])


def months_from_document(months: object, *, pointer: str) -> frozenset[int]:
    """Return the named months; all of them where none are named.

    :raises InvalidTariff: if one is not a month.
    """
    if months is None:
        return ALL_MONTHS
    if not isinstance(months, list) or not months:
        raise InvalidTariff(pointer, "is not a list of months")
    for month in months:
        if isinstance(month, bool) or month not in ALL_MONTHS:
            raise InvalidTariff(pointer, f"{month!r} is not a month from 1 to 12")
    return frozenset(months)


def _window(row: object, *, pointer: str) -> Window:
    try:
        fields = documents.mapping(row)
        documents.only_fields(fields, {"period", "spans", "months", "day_types", "rank"})
    except ValueError as error:
        raise InvalidTariff(pointer, str(error)) from error
    period, rank = fields.get("period"), fields.get("rank", 0)
    if not isinstance(period, str) or not period:
        raise InvalidTariff(f"{pointer}/period", "is not a name")
    if isinstance(rank, bool) or not isinstance(rank, int):
        raise InvalidTariff(f"{pointer}/rank", f"{rank!r} is not a whole number")
    spans = fields.get("spans")
    if not isinstance(spans, list) or not spans:
        raise InvalidTariff(f"{pointer}/spans", "is not a list of spans")
    return Window(
        period=period,
        spans=tuple(
            _span(span, pointer=f"{pointer}/spans/{index}") for index, span in enumerate(spans)
        ),
        months=months_from_document(fields.get("months"), pointer=f"{pointer}/months"),
        day_types=_day_types(fields.get("day_types"), pointer=f"{pointer}/day_types"),
        rank=rank,
    )


def _span(span: object, *, pointer: str) -> tuple[int, int]:
    match span:
        case [str(begins), str(ends)]:
            from_minute, to_minute = _minute(begins, pointer), _minute(ends, pointer)
        case _:
            raise InvalidTariff(pointer, 'is not a span: write ["07:00", "09:00"], in quotes')
    if from_minute >= to_minute:
        raise InvalidTariff(pointer, "ends before it begins: cut a span in two at midnight")
    return from_minute, to_minute


def _minute(text: str, pointer: str) -> int:
    """Return the minute of the day; midnight at its end is 24:00."""
    hours, colon, minutes = text.partition(":")
    is_time = len(text) == HOUR_TEXT_LENGTH and colon and hours.isdecimal() and minutes.isdecimal()
    minute = int(hours) * 60 + int(minutes) if is_time else -1
    if not 0 <= minute <= MINUTES_PER_DAY or int(minutes) % QUARTER_MINUTES:
        raise InvalidTariff(pointer, f"{text!r} is not a quarter hour from 00:00 to 24:00")
    return minute


def _day_types(day_types: object, *, pointer: str) -> frozenset[str]:
    if day_types is None or day_types == [ANY_DAY]:
        return frozenset(DAY_TYPES)
    if not isinstance(day_types, list) or not day_types:
        raise InvalidTariff(pointer, "is not a list of day types")
    for day_type in day_types:
        if day_type not in DAY_TYPES:
            raise InvalidTariff(pointer, f"{day_type!r} is none of {', '.join(DAY_TYPES)}")
    return frozenset(day_types)


def _period(windows: Sequence[Window], month: int, day_type: str, minute: int) -> str:
    holding = [
        window
        for window in windows
        if month in window.months
        and day_type in window.day_types
        and any(begins <= minute < ends for begins, ends in window.spans)
    ]
    at = f"{minute // 60:02d}:{minute % 60:02d} on a {day_type} of month {month}"
    if not holding:
        raise InvalidTariff("/terms/windows", f"no window holds at {at}")
    highest = max(window.rank for window in holding)
    deciding = [window.period for window in holding if window.rank == highest]
    if len(deciding) > 1:
        raise InvalidTariff("/terms/windows", f"{' and '.join(deciding)} both hold at {at}")
    return deciding[0]
