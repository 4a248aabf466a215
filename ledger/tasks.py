"""What Celery runs: thin, stateless, and safe to run twice or never. The tables are the queue."""

import logging
import threading
import time
from datetime import timedelta
from typing import Any, Final

from celery import Task, shared_task
from django.conf import settings
from django.utils import timezone

from ledger.parties import signing
from ledger.pricing import ahead
from ledger.rating import partitions, payloads, rate
from ledger.rating.corrections import applying
from ledger.rating.rerating.applying import apply_approved

logger = logging.getLogger(__name__)

CLAIMS_A_RUN: Final = 20
"""A run ends after so many claims, so that a worker that is asked to stop does so in seconds."""

DAYS_AHEAD: Final = 2
"""Rates are compiled every hour for so many days: a beat that is down for a day does not hurt."""

WAKE_EVERY_SECONDS: Final = 0.2
SILENCE_AFTER_FAILURE_SECONDS: Final = 10.0


@shared_task(name="ledger.tasks.rate_pending", ignore_result=True)
def rate_pending(**_kwargs: Any) -> None:
    """Rate what waits, claim by claim."""
    for _ in range(CLAIMS_A_RUN):
        if rate.rate_pending(now=timezone.now()) is None:
            return
    wake()


@shared_task(name="ledger.tasks.retry_set_aside", ignore_result=True)
def retry_set_aside(**_kwargs: Any) -> None:
    """Rate what was set aside and is no longer missing anything, claim by claim."""
    for _ in range(CLAIMS_A_RUN):
        if rate.retry_set_aside(now=timezone.now()) is None:
            return


@shared_task(name="ledger.tasks.apply_corrections", ignore_result=True)
def apply_corrections(**_kwargs: Any) -> None:
    """Apply corrections that wait for nothing, claim by claim."""
    for _ in range(CLAIMS_A_RUN):
        if applying.apply_pending(now=timezone.now()) is None:
            return
    wake_corrections()


@shared_task(name="ledger.tasks.apply_reratings", ignore_result=True)
def apply_reratings(**_kwargs: Any) -> None:
    """Apply re-ratings that were approved, claim by claim."""
    for _ in range(CLAIMS_A_RUN):
        if apply_approved(now=timezone.now()) is None:
            return
    wake_reratings()


@shared_task(name="ledger.tasks.prepare_partitions", ignore_result=True)
def prepare_partitions(**_kwargs: Any) -> None:
    """Make the usage journal's months ahead of time."""
    partitions.prepare_ahead(now=timezone.now())


@shared_task(name="ledger.tasks.compile_rates_ahead", ignore_result=True)
def compile_rates_ahead(**_kwargs: Any) -> None:
    """Compile the rates that the next two days will need."""
    now = timezone.now()
    ahead.compile_rates(starts_at=now, days=DAYS_AHEAD, now=now)


@shared_task(name="ledger.tasks.drop_payloads", ignore_result=True)
def drop_payloads(**_kwargs: Any) -> None:
    """Drop what batches hold of their events, once they are old enough; never if nothing says."""
    days = settings.CLEARWATT_KEEP_PAYLOADS_DAYS
    if days is not None:
        payloads.drop(rated_before=timezone.now() - timedelta(days=days))


@shared_task(name="ledger.tasks.forget_signed_requests", ignore_result=True)
def forget_signed_requests(**_kwargs: Any) -> None:
    """Forget the signed requests that could not be replayed any more."""
    signing.forget(now=timezone.now())


class _Bell:
    """Ring at most once in a while, and keep silent for longer after nobody answered.

    What rings here is only a hint: beat looks into the table every second anyway.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._silent_until = 0.0

    def may_ring(self, *, at: float) -> bool:
        """Return whether it is time, and keep others silent for the next while if so."""
        with self._lock:
            if at < self._silent_until:
                return False
            self._silent_until = at + WAKE_EVERY_SECONDS
            return True

    def keep_silent(self, *, at: float) -> None:
        """Do not try again soon: each try may cost its caller the connection's timeout."""
        with self._lock:
            self._silent_until = at + SILENCE_AFTER_FAILURE_SECONDS


_bell = _Bell()
_bell_of_what_waits = _Bell()
_bell_of_corrections = _Bell()
_bell_of_reratings = _Bell()


def wake() -> None:
    """Tell a worker that events wait; at most one message per 200 ms and process.

    Never fails: a broker that is away is logged, and the beat schedule finds the work.
    """
    _ring(_bell, rate_pending)


def wake_set_aside() -> None:
    """Tell a worker that something was published which set-aside events may have lacked.

    Never fails, like `wake`; beat looks once a minute.
    """
    _ring(_bell_of_what_waits, retry_set_aside)


def wake_corrections() -> None:
    """Tell a worker that corrections wait.

    Never fails, like `wake`; beat looks every second.
    """
    _ring(_bell_of_corrections, apply_corrections)


def wake_reratings() -> None:
    """Tell a worker that a re-rating was approved, or goes on.

    Never fails, like `wake`; beat looks every ten seconds.
    """
    _ring(_bell_of_reratings, apply_reratings)


def _ring(bell: _Bell, task: Task[..., Any]) -> None:
    if not bell.may_ring(at=time.monotonic()):
        return
    try:
        task.apply_async(retry=False, ignore_result=True)
    except Exception as error:  # noqa: BLE001 - each transport raises its own; none may reach intake
        bell.keep_silent(at=time.monotonic())
        logger.warning("worker not woken", extra={"error": repr(error)})
