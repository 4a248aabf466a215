"""Publish documents as a second person wants it: what moves prices is proposed, then approved.

What gives a price where there was none is published at once. What would change a price that is in
force waits as a proposal, until somebody else publishes it or it is refused.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AbstractUser
from django.db import connection, transaction

from ledger.errors import LedgerError
from ledger.pricing import catalogue, published
from ledger.pricing.models import Proposal
from ledger.pricing.publishing import changes, effects
from ledger.pricing.publishing.changes import Change
from ledger.pricing.publishing.effects import Effect

MOST_MOMENTS: Final = 3
"""Days on which prices are compared: from the earliest changes on."""


NOTHING_NEW: Final = "nothing_new"


class NoSuchProposal(LedgerError):
    """There is no proposal with this id."""

    problem = "no-such-proposal"

    def __init__(self, proposal_id: int) -> None:
        self.proposal = proposal_id
        super().__init__(f"there is no proposal {proposal_id}")


class ProposalNotOpen(LedgerError):
    """The proposal is published or refused."""

    problem = "proposal-not-open"

    def __init__(self, proposal_id: int, state: str) -> None:
        self.proposal = proposal_id
        self.state = state
        super().__init__(f"proposal {proposal_id} is {state}: there is nothing to decide")


class ProposerApproves(LedgerError):
    """Who proposed a change of prices does not publish it."""

    problem = "proposer-approves"

    def __init__(self, proposal_id: int, user: str) -> None:
        self.proposal = proposal_id
        self.user = user
        super().__init__(f"{user} made proposal {proposal_id}; another person publishes it")


class ProposalOutdated(LedgerError):
    """The catalogue changed: the document would do something else than when it was proposed."""

    problem = "proposal-outdated"

    def __init__(self, proposal_id: int) -> None:
        self.proposal = proposal_id
        super().__init__(
            f"the catalogue changed since proposal {proposal_id} was made, and it would do"
            " something else by now; refuse it and propose the document again"
        )


class ProposerUnknown(LedgerError):
    """A change of prices needs to be proposed by a person, so that another one can approve it."""

    problem = "proposer-unknown"

    def __init__(self) -> None:
        super().__init__(
            "this moves prices, so a second person approves it: say which user proposes it"
        )


@dataclass(frozen=True, slots=True)
class Preview:
    """What a document would change, and what that does to prices; empty if nothing is new."""

    changes: Sequence[Change]
    effects: Sequence[Effect]

    @property
    def moves_prices(self) -> bool:
        """Return whether a price that is in force may change."""
        return any(change.moves_prices for change in self.changes)

    @property
    def outcome(self) -> str:
        """Return what submitting the document would come to."""
        if not self.changes:
            return NOTHING_NEW
        return "would_propose" if self.moves_prices else "would_publish"

    @property
    def rows(self) -> Mapping[str, int]:
        """Return how many rows are new in each section."""
        return Counter(change.section for change in self.changes)


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of a document: published, or proposed, or neither if nothing in it was new."""

    publication_id: int | None
    proposal_id: int | None
    preview: Preview

    @property
    def outcome(self) -> str:
        """Return what became of it in a word."""
        if self.proposal_id is not None:
            return "proposed"
        return NOTHING_NEW if self.publication_id is None else "published"


@transaction.atomic
def preview(document: Mapping[str, Any], *, now: datetime) -> Preview:
    """Return what publishing the document would do; nothing is published.

    :raises DocumentInvalid: naming every faulty row.
    """
    before = published.load()
    with transaction.atomic():
        written = catalogue.publish(document, now=now, published_by="nobody")
        found = changes.of_rows(written.rows)
        moments = sorted(
            {one.valid_from for one in found if one.moves_prices and one.valid_from is not None}
        )[:MOST_MOMENTS]
        moved = effects.compare(before, published.load(), moments=moments) if moments else []
        transaction.set_rollback(True)
    return Preview(found, moved)


@transaction.atomic
def submit(
    document: Mapping[str, Any],
    *,
    user: AbstractUser | None,
    name: str = "",
    note: str = "",
    now: datetime,
) -> Submitted:
    """Publish the document, or propose it if it moves prices; proposed twice, it is one proposal.

    `name` is who publishes, where that is no user.

    :raises DocumentInvalid: naming every faulty row; nothing is published.
    :raises ProposerUnknown: if it moves prices and there is no user to propose it.
    """
    seen = preview(document, now=now)
    if not seen.changes:
        return Submitted(None, None, seen)
    if not seen.moves_prices:
        publisher = user.get_username() if user else name
        done = catalogue.publish(document, now=now, published_by=publisher, note=note)
        return Submitted(done.publication_id, None, seen)
    if user is None:
        raise ProposerUnknown
    stated = [change.as_data() for change in seen.changes]
    proposal, _ = Proposal.objects.get_or_create(
        document_sha256=catalogue.digest(document),
        state=Proposal.State.OPEN,
        defaults={
            "document": catalogue.plain(document),
            "note": note,
            "changes": stated,
            "changes_sha256": digest_of(stated),
            "effects": [effect.as_data() for effect in seen.effects],
            "proposed_at": now,
            "proposed_by_id": user.pk,
        },
    )
    return Submitted(None, proposal.pk, seen)


@transaction.atomic
def approve(*, proposal_id: int, user: AbstractUser, now: datetime) -> Proposal:
    """Publish what another person proposed, and return the proposal as it then is.

    :raises NoSuchProposal: if there is none.
    :raises ProposalNotOpen: if it is decided.
    :raises ProposerApproves: if the user proposed it.
    :raises ProposalOutdated: if the document would do something else by now.
    :raises DocumentInvalid: if the document cannot be published any more.
    """
    proposal = _locked(proposal_id)
    if proposal.proposed_by_id == user.pk:
        raise ProposerApproves(proposal_id, user.get_username())
    written = catalogue.publish(
        proposal.document,
        now=now,
        published_by=signed_by(proposal.proposed_by, user),
        note=proposal.note,
    )
    stated = [change.as_data() for change in changes.of_rows(written.rows)]
    if written.publication_id is None or digest_of(stated) != proposal.changes_sha256:
        raise ProposalOutdated(proposal_id)
    return _decide(
        proposal, Proposal.State.PUBLISHED, user=user, now=now, publication=written.publication_id
    )


@transaction.atomic
def refuse(*, proposal_id: int, user: AbstractUser, now: datetime) -> Proposal:
    """Refuse a proposal, one's own or another's, and return it as it then is.

    :raises NoSuchProposal: if there is none.
    :raises ProposalNotOpen: if it is decided.
    """
    return _decide(_locked(proposal_id), Proposal.State.REFUSED, user=user, now=now)


def _locked(proposal_id: int) -> Proposal:
    """Lock the proposal behind every publication under way, as `submit` does."""
    with connection.cursor() as cursor:
        cursor.execute(catalogue.SERIALISE_PUBLICATIONS)
    proposal = (
        Proposal.objects.select_related("proposed_by")
        .select_for_update(of=("self",))
        .filter(pk=proposal_id)
        .first()
    )
    if proposal is None:
        raise NoSuchProposal(proposal_id)
    if proposal.state != Proposal.State.OPEN:
        raise ProposalNotOpen(proposal_id, proposal.state)
    return proposal


def _decide(
    proposal: Proposal,
    state: str,
    *,
    user: AbstractUser,
    now: datetime,
    publication: int | None = None,
) -> Proposal:
    decided = Proposal.objects.filter(pk=proposal.pk, state=Proposal.State.OPEN).update(
        state=state, decided_at=now, decided_by_id=user.pk, publication_id=publication
    )
    assert decided == 1, "a locked proposal cannot change under us"
    return Proposal.objects.select_related("proposed_by", "decided_by").get(pk=proposal.pk)


def signed_by(proposer: AbstractBaseUser, checker: AbstractBaseUser) -> str:
    """Return who published, of a document that two people saw."""
    return f"{proposer.get_username()}, approved by {checker.get_username()}"


def digest_of(stated: Sequence[Mapping[str, Any]]) -> str:
    """Return the SHA-256 of changes as plain data."""
    text = json.dumps(stated, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
