"""The end of a month: its periods are closed, and then the energy books brought up to it."""

from dataclasses import dataclass
from datetime import date, datetime

from django.contrib.auth.models import AbstractUser

from ledger.energy import month_end
from ledger.energy.month_end import Done
from settlement.clearing import calendars
from settlement.clearing.calendars import ClosedMonth


@dataclass(frozen=True, slots=True)
class MonthEnd:
    """A month that was closed, and what came of the energy books of each site."""

    closed: ClosedMonth
    energy: list[Done]


def close(
    *, starts_on: date, user: AbstractUser, now: datetime, despite_waiting: bool = False
) -> MonthEnd:
    """Close a month, true up what has complete readings, and cancel certificates.

    The closing is committed first, and each site is by itself: what is missing of one, it says,
    and nothing is held up.

    :raises: as `calendars.close_month` does.
    """
    closed = calendars.close_month(
        starts_on=starts_on, user=user, now=now, despite_waiting=despite_waiting
    )
    by = user.get_username()
    return MonthEnd(
        closed,
        [
            *month_end.true_up(starts_on=closed.starts_on, site=None, by=by, now=now),
            *month_end.cancel(starts_on=closed.starts_on, site=None, by=by, now=now),
        ],
    )
