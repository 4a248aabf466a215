"""Makers of re-rating: dearer catalogues, and people who propose, approve, and a worker's part."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from ledger.pricing import catalogue
from ledger.rating.rerating import approvals, preview, scope
from ledger.rating.rerating.applying import Reapplied, apply_approved
from ledger.rating.rerating.models import Rerating
from ledger.rating.rerating.preview import Preview
from tests import factories
from tests.callers import user

OCTOBER: Final[dict[str, Any]] = {
    "starts_at": datetime(2026, 10, 1, tzinfo=UTC),
    "ends_at": datetime(2026, 11, 1, tzinfo=UTC),
}


def electricity(price: str, *, valid_from: str = factories.VALID_FROM) -> dict[str, Any]:
    """Return a document that corrects what electricity costs, from the beginning of all."""
    terms = factories.tariff_terms() | {"published": {"flat": price}}
    version = factories.version(tariff="flat", terms=terms) | {"valid_from": valid_from}
    return {"tariff_versions": [version]}


def publish(document: dict[str, Any], *, now: datetime = factories.NOW) -> None:
    """Publish a document."""
    catalogue.publish(document, now=now, published_by="tests")


def previewed(**parts: Any) -> Preview:
    """Return the dry run over October, or what is said of it."""
    return preview.of(scope.named(**{**OCTOBER, **parts}), now=factories.NOW)


def propose(*, now: datetime = factories.NOW, **parts: Any) -> Rerating:
    """Propose a run over October, or what is said of it, as the proposer."""
    return approvals.propose(
        scope.named(**{**OCTOBER, **parts}),
        reason="the tariff was wrong",
        user=user("proposer"),
        now=now,
    )


def approve(run: Rerating, *, now: datetime = factories.NOW) -> Rerating:
    """Approve a run as somebody else."""
    return approvals.approve(run.pk, user=user("approver"), now=now)


def apply(*, now: datetime = factories.NOW, limit: int = 50_000) -> list[Reapplied]:
    """Do what workers do until nothing is left to do; return each step."""
    done = []
    while (step := apply_approved(now=now, limit=limit)) is not None:
        done.append(step)
    return done


def rerate(
    *, now: datetime = factories.NOW + timedelta(minutes=1), limit: int = 50_000, **parts: Any
) -> Rerating:
    """Propose, approve and apply a run, and return it as it is then."""
    run = approve(propose(now=now, **parts), now=now)
    apply(now=now, limit=limit)
    return Rerating.objects.get(pk=run.pk)
