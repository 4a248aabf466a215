"""The month or day that a page of totals is asked for."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.http import HttpRequest

from ledger.periods import InvalidMonth, last_day, month_of, parse_month


@dataclass(frozen=True, slots=True)
class Span:
    """A named span of hours in UTC: starts_at <= hour < ends_at, with its neighbours' names."""

    name: str
    starts_at: datetime
    ends_at: datetime
    previous: str
    next: str


def asked_for(request: HttpRequest, *, latest: datetime | None, now: datetime) -> Span:
    """Return the month or day named in the address, else the month of `latest`, else of `now`."""
    name = request.GET.get("span", "")
    for reader in (_day_named, _month_named):
        try:
            return reader(name)
        except (ValueError, OverflowError, InvalidMonth):
            continue  # nothing of this form, or at the end of time
    return month((latest or now).astimezone(UTC).date())


def month(of: date) -> Span:
    """Return the month of a date.

    >>> month(date(2026, 12, 24)).next
    '2027-01'
    """
    starts_on, ends_on = month_of(of)
    return Span(
        name=f"{starts_on:%Y-%m}",
        starts_at=_midnight(starts_on),
        ends_at=_midnight(ends_on),
        previous=f"{last_day(starts_on):%Y-%m}",
        next=f"{ends_on:%Y-%m}",
    )


def day(of: date) -> Span:
    """Return a day.

    >>> day(date(2026, 11, 1)).previous
    '2026-10-31'
    """
    following = of + timedelta(days=1)
    return Span(
        name=of.isoformat(),
        starts_at=_midnight(of),
        ends_at=_midnight(following),
        previous=(of - timedelta(days=1)).isoformat(),
        next=following.isoformat(),
    )


def _day_named(name: str) -> Span:
    return day(date.fromisoformat(name))


def _month_named(name: str) -> Span:
    return month(parse_month(name)[0])


def _midnight(of: date) -> datetime:
    return datetime.combine(of, time(), tzinfo=UTC)
