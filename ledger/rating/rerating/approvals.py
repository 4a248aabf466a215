"""Runs of re-rating on their way: proposed by one person, approved by another, or withdrawn."""

from datetime import datetime
from typing import Final

from django.contrib.auth.models import AbstractUser
from django.db import transaction

from ledger.errors import LedgerError
from ledger.rating.preparation import prepared
from ledger.rating.rate import current_rates
from ledger.rating.rerating import preview
from ledger.rating.rerating.models import Rerating
from ledger.rating.rerating.preview import Preview
from ledger.rating.rerating.scope import ReratingScopeInvalid, Scope

MOST_OF_REASON: Final = 1_000
State = Rerating.State


class NoSuchRerating(LedgerError):
    """There is no re-rating with this id."""

    problem = "no-such-rerating"

    def __init__(self, rerating: str) -> None:
        self.rerating = rerating
        super().__init__(f"there is no re-rating {rerating!r}")


class NothingToRerate(LedgerError):
    """All usage of the scope is priced as the catalogue says."""

    problem = "nothing-to-rerate"

    def __init__(self, *, standing: int) -> None:
        self.standing = standing
        super().__init__(f"none of {standing} usage entries would be priced otherwise today")


class ReratingNotOpen(LedgerError):
    """The re-rating is not in a state in which that can be done to it."""

    problem = "rerating-not-open"

    def __init__(self, rerating_id: int, state: str) -> None:
        self.rerating = str(rerating_id)
        self.state = state
        super().__init__(f"re-rating {rerating_id} is {state}")


class ReratingApproverProposed(LedgerError):
    """Who proposed a re-rating does not approve it."""

    problem = "rerating-approver-proposed"

    def __init__(self, rerating_id: int, user: str) -> None:
        self.rerating = str(rerating_id)
        self.user = user
        super().__init__(f"{user} proposed re-rating {rerating_id}; another person approves it")


class ReratingStale(LedgerError):
    """The catalogue or the usage changed, and the re-rating would change something else."""

    problem = "rerating-stale"

    def __init__(self, rerating_id: int, *, proposed: int, entries: int) -> None:
        self.rerating = str(rerating_id)
        self.proposed_entries = proposed
        self.current_entries = entries
        super().__init__(
            f"re-rating {rerating_id} would no longer do what it was proposed for: withdraw it,"
            " propose it again, and look at the difference"
        )


def propose(scope: Scope, *, reason: str, user: AbstractUser, now: datetime) -> Rerating:
    """Record that usage of the scope is to be re-rated, with what that would change.

    :raises ReratingScopeInvalid: if no reason is given, or one that is too long.
    :raises NothingToRerate: if it would change nothing.
    """
    said = reason.strip()
    if not said or len(said) > MOST_OF_REASON:
        raise ReratingScopeInvalid("reason", f"say why, in at most {MOST_OF_REASON} characters")
    found = preview.of(scope, now=now)
    if not found.entries:
        raise NothingToRerate(standing=found.standing)
    return Rerating.objects.create(
        starts_at=scope.starts_at,
        ends_at=scope.ends_at,
        provider_id=scope.provider_id,
        consumer_id=scope.consumer_id,
        deployment_id=scope.deployment_id,
        reason=said,
        revision=found.revision,
        preview=found.document,
        digest=found.digest,
        asked_by_id=user.pk,
        asked_at=now,
    )


def approve(rerating_id: int, *, user: AbstractUser, now: datetime) -> Rerating:
    """Approve a proposed run, if it would still do what was proposed; a worker applies it soon.

    :raises NoSuchRerating, ReratingNotOpen: if there is none that is proposed.
    :raises ReratingApproverProposed: if the user proposed it.
    :raises ReratingStale: if it would change something else by now; it stays proposed.
    """
    return prepared(lambda: _approve(rerating_id, user=user, now=now), now=now)


def _approve(rerating_id: int, *, user: AbstractUser, now: datetime) -> Rerating:
    run = locked(rerating_id)
    if run.state != State.PROPOSED:
        raise ReratingNotOpen(rerating_id, run.state)
    if run.asked_by_id == user.pk:
        raise ReratingApproverProposed(rerating_id, user.get_username())
    still = preview.computed(scope_of(run), book=current_rates())
    if not agrees(run, still):
        raise ReratingStale(rerating_id, proposed=run.preview["entries"], entries=still.entries)
    changed = Rerating.objects.filter(id=rerating_id, state=State.PROPOSED).update(
        state=State.APPROVED, approved_by_id=user.pk, approved_at=now
    )
    assert changed == 1, "a locked run cannot change under us"
    return Rerating.objects.get(id=rerating_id)


@transaction.atomic
def withdraw(rerating_id: int, *, user: AbstractUser, now: datetime) -> Rerating:
    """Give up a run that has not begun.

    :raises NoSuchRerating, ReratingNotOpen: if there is none that could still be withdrawn.
    """
    run = locked(rerating_id)
    if run.state not in {State.PROPOSED, State.APPROVED}:
        raise ReratingNotOpen(rerating_id, run.state)
    Rerating.objects.filter(id=rerating_id, state=run.state).update(
        state=State.WITHDRAWN, ended_at=now, outcome=f"withdrawn by {user.get_username()}"
    )
    return Rerating.objects.get(id=rerating_id)


def locked(rerating_id: int) -> Rerating:
    """Lock a run.

    :raises NoSuchRerating: if there is none with this id.
    """
    run = Rerating.objects.select_for_update(of=("self",)).filter(id=rerating_id).first()
    if run is None:
        raise NoSuchRerating(str(rerating_id))
    return run


def scope_of(run: Rerating) -> Scope:
    """Return the scope of a run."""
    return Scope(run.starts_at, run.ends_at, run.provider_id, run.consumer_id, run.deployment_id)


def agrees(run: Rerating, found: Preview) -> bool:
    """Return whether a dry run comes to what was proposed."""
    return found.digest == bytes(run.digest)
