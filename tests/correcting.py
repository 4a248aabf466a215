"""Makers of corrections: what somebody asks for, and a worker that applies it."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model

from ledger.parties.models import Party
from ledger.rating.corrections import applying
from ledger.rating.corrections.applying import Applied
from ledger.tokens import TOKEN_CLASSES
from ledger.usage import corrections
from ledger.usage.correction_log import Requester
from ledger.usage.corrections import Asked, Outcome
from ledger.usage.models import Correction
from ledger.usage.stated import Stated
from tests import factories


def stated(*, usage: dict[str, int] | None = None, **values: Any) -> Stated:
    """Return what an amendment states; a class that `usage` leaves out is zero."""
    counts = None if usage is None else tuple(usage.get(name, 0) for name in TOKEN_CLASSES)
    return Stated(counts=counts, **values)


def void(event_id: str = "evt-1", *, reason: str = "posted by mistake") -> Asked:
    """Return that an event is to be voided."""
    return Asked(0, Correction.Act.VOID, event_id, reason, factories.SOURCE)


def amend(
    event_id: str = "evt-1",
    *,
    reason: str = "counted wrongly",
    usage: dict[str, int] | None = None,
    **values: Any,
) -> Asked:
    """Return that an event is to be amended."""
    return Asked(
        0, Correction.Act.AMEND, event_id, reason, factories.SOURCE, stated(usage=usage, **values)
    )


def ask(*asked: Asked, provider: str = "westcloud", now: datetime = factories.NOW) -> list[Outcome]:
    """Record corrections of the provider's events in one request, in the name of a user."""
    user, _ = get_user_model().objects.get_or_create(username="corrector")
    return corrections.record(
        provider_id=Party.objects.get(code=provider).id,
        asked=[replace(one, index=index) for index, one in enumerate(asked)],
        by=Requester(user_id=user.pk),
        now=now,
    )


def apply(*, now: datetime = factories.NOW) -> list[Applied]:
    """Apply what can be applied, claim by claim, and return what each claim did."""
    done = []
    while (applied := applying.apply_pending(now=now)) is not None:
        done.append(applied)
    return done


def correct(*asked: Asked, now: datetime = factories.NOW) -> list[Correction]:
    """Record corrections, apply them, and return them as they are then."""
    ids = [outcome.correction_id for outcome in ask(*asked, now=now)]
    apply(now=now)
    return [Correction.objects.get(id=id_ or 0) for id_ in ids]
