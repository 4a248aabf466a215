"""Calendar months as half-open spans of dates, and instants as accounting dates. Pure."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ledger.errors import LedgerError

MONTHS_A_YEAR = 12


class InvalidMonth(LedgerError):
    """A month is written YYYY-MM."""

    problem = "invalid-month"

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(f"{text!r} is not a month; write it as YYYY-MM, such as 2026-10")


def parse_month(text: str) -> tuple[date, date]:
    """Return the month's first day and the first day of the next.

    :raises InvalidMonth: if the text is not YYYY-MM.

    >>> parse_month("2026-12")
    (datetime.date(2026, 12, 1), datetime.date(2027, 1, 1))
    """
    try:
        return month_of(datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date())
    except ValueError as error:
        raise InvalidMonth(text) from error


def month_of(day: date) -> tuple[date, date]:
    """Return the span starts_on <= day < ends_on of the calendar month of `day`.

    >>> month_of(date(2026, 10, 31))
    (datetime.date(2026, 10, 1), datetime.date(2026, 11, 1))
    """
    starts_on = day.replace(day=1)
    if day.month == MONTHS_A_YEAR:
        return starts_on, date(day.year + 1, 1, 1)
    return starts_on, date(day.year, day.month + 1, 1)


def accounting_date(at: datetime, *, time_zone: str) -> date:
    """Return the date that `at` falls on in the time zone of the agreement.

    >>> accounting_date(datetime(2026, 10, 31, 16, 0, tzinfo=UTC), time_zone="Asia/Shanghai")
    datetime.date(2026, 11, 1)
    """
    return at.astimezone(ZoneInfo(time_zone)).date()


def starts_at(day: date, *, time_zone: str) -> datetime:
    """Return the instant, in UTC, at which `day` begins in the time zone.

    >>> starts_at(date(2026, 11, 1), time_zone="Asia/Shanghai").isoformat()
    '2026-10-31T16:00:00+00:00'
    """
    return datetime.combine(day, time(), tzinfo=ZoneInfo(time_zone)).astimezone(UTC)


def begins_with_an_hour(day: date, *, time_zone: str) -> bool:
    """Return whether the months around `day` begin with an hour of UTC in the time zone.

    >>> begins_with_an_hour(date(2026, 11, 1), time_zone="Asia/Shanghai")
    True
    >>> begins_with_an_hour(date(2026, 11, 1), time_zone="Asia/Kolkata")
    False
    """
    starts_on, ends_on = month_of(day)
    return all(starts_at(one, time_zone=time_zone).minute == 0 for one in (starts_on, ends_on))


def last_day(ends_on: date) -> date:
    """Return the last day inside a half-open span."""
    return ends_on - timedelta(days=1)
