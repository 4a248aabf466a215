"""Spans of time that coverage is asked for: whole quarter hours, half open. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from ledger.usage.coverage import SLOT
from ledger.usage.identity import EPOCH

LATE_AFTER: Final = timedelta(hours=1)
"""What is received later than this after the end of its quarter hour is late."""


@dataclass(frozen=True, slots=True)
class Span:
    """From `starts_at` to before `ends_at`, both on a quarter hour."""

    starts_at: datetime
    ends_at: datetime


def on_quarter_hour(at: datetime) -> bool:
    """Return whether an instant is where a quarter hour begins.

    >>> on_quarter_hour(datetime(2026, 10, 5, 2, 45, tzinfo=UTC))
    True
    """
    return (at - EPOCH) % SLOT == timedelta(0)


def quarter_hour_after(at: datetime) -> datetime:
    """Return the first beginning of a quarter hour that is not before an instant.

    >>> quarter_hour_after(datetime(2026, 10, 5, 2, 31, tzinfo=UTC)).minute
    45
    """
    return at + (EPOCH - at) % SLOT


def midnight(day: date, *, time_zone: str) -> datetime:
    """Return when a day begins in a time zone, in UTC.

    >>> midnight(date(2026, 10, 5), time_zone="Asia/Kathmandu")
    datetime.datetime(2026, 10, 4, 18, 15, tzinfo=datetime.timezone.utc)
    """
    return datetime.combine(day, time(), tzinfo=ZoneInfo(time_zone)).astimezone(UTC)
