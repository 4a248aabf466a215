"""Closing a month: from then on its usage is settled, and what comes late goes to the next."""

from dataclasses import dataclass
from datetime import date, datetime

from django.contrib.auth.models import AbstractUser
from django.db import transaction

from ledger.books import periods
from ledger.books.models import Period
from ledger.errors import LedgerError
from ledger.periods import month_of, starts_at
from ledger.pricing.models import Agreement
from ledger.rating.waiting import Waiting, waiting
from settlement.clearing import true_ups


class MonthNotOver(LedgerError):
    """The month still runs in the time zone of some agreement."""

    problem = "month-not-over"

    def __init__(self, month: str, ends_at: datetime) -> None:
        self.month = month
        self.ends_at = ends_at
        super().__init__(
            f"{month} is over at {ends_at:%Y-%m-%d %H:%M} UTC and is not closed before"
        )


class PeriodNotReady(LedgerError):
    """Events that belong to the month, or may, are not in the books yet."""

    problem = "period-not-ready"

    def __init__(self, month: str, waiting: Waiting) -> None:
        self.month = month
        self.batches = waiting.batches
        self.set_aside = waiting.set_aside
        self.corrections = waiting.corrections
        super().__init__(
            f"{month} is not ready: {self.batches} batches wait to be rated, {self.set_aside}"
            f" events are set aside and {self.corrections} corrections wait; closed despite that,"
            " they would go to a later month"
        )


@dataclass(frozen=True, slots=True)
class ClosedMonth:
    """A month that was closed: how many agreements' periods, what waits, true-ups posted."""

    starts_on: date
    ends_on: date
    periods: int
    waiting: Waiting
    true_ups: int = 0


@transaction.atomic
def close_month(
    *, starts_on: date, user: AbstractUser, now: datetime, despite_waiting: bool = False
) -> ClosedMonth:
    """Close the open period of every agreement in the month in which `starts_on` lies.

    An agreement without usage in the month gets a closed period too, so that usage which is
    reported late cannot open it. Waits for the rating claims that hold one of the periods, and
    books true-ups last: nothing that counts towards them comes between them and the close.

    :raises MonthNotOver: if it still runs somewhere.
    :raises PeriodNotReady: if events wait or are set aside, unless `despite_waiting`.
    :raises PeriodAlreadyClosed: if no agreement's period is open.
    :raises InvalidVolumeTerms: if months of an agreement with such terms begin off an hour.
    """
    starts_on, ends_on = month_of(starts_on)
    agreements = list(Agreement.objects.order_by("id"))
    zones = {agreement.time_zone for agreement in agreements}
    if zones:
        over_at = max(starts_at(ends_on, time_zone=zone) for zone in zones)
        if now < over_at:
            raise MonthNotOver(f"{starts_on:%Y-%m}", over_at)
    periods.ensure((agreement.id, starts_on) for agreement in agreements)
    agreement_ids = _with_open_period(agreements, starts_on=starts_on)
    periods.lock(agreement_ids=agreement_ids, starts_on=starts_on)
    # Counted after the lock: claims that were under way have ended, and none begins.
    left = Waiting(batches=0, set_aside=0)
    if zones:
        left = waiting(
            provider_ids={agreement.provider_id for agreement in agreements},
            starts_at=min(starts_at(starts_on, time_zone=zone) for zone in zones),
            ends_at=over_at,
        )
    if left and not despite_waiting:
        raise PeriodNotReady(f"{starts_on:%Y-%m}", left)
    booked = true_ups.book(starts_on=starts_on, now=now)
    closed = periods.close(
        agreement_ids=agreement_ids, starts_on=starts_on, user_id=user.pk, now=now
    )
    return ClosedMonth(
        starts_on=starts_on,
        ends_on=ends_on,
        periods=len(closed),
        waiting=left,
        true_ups=sum(one.journal_entry_id is not None for one in booked),
    )


def _with_open_period(agreements: list[Agreement], *, starts_on: date) -> list[int]:
    """Return the agreements whose period of the month is open.

    :raises PeriodAlreadyClosed: if there are agreements and none has.
    """
    found = list(
        Period.objects.filter(starts_on=starts_on, state=Period.State.OPEN)
        .order_by("agreement_id")
        .values_list("agreement_id", flat=True)
    )
    if agreements and not found:
        raise periods.PeriodAlreadyClosed(starts_on, [agreement.id for agreement in agreements])
    return found
