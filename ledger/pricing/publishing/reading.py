"""Publications and proposals as they are read, newest first."""

from ledger.pricing.models import Proposal, Publication
from ledger.pricing.publishing.proposals import NoSuchProposal


def publications(*, before: int | None, limit: int) -> list[Publication]:
    """Return publications with smaller ids than `before`."""
    rows = Publication.objects.order_by("-id")
    return list((rows if before is None else rows.filter(id__lt=before))[:limit])


def proposals(*, state: str | None, before: int | None, limit: int) -> list[Proposal]:
    """Return proposals with smaller ids than `before`, without their documents."""
    rows = Proposal.objects.select_related("proposed_by", "decided_by").order_by("-id")
    if state is not None:
        rows = rows.filter(state=state)
    if before is not None:
        rows = rows.filter(id__lt=before)
    return list(rows.defer("document")[:limit])


def proposal(proposal_id: int) -> Proposal:
    """Return a proposal.

    :raises NoSuchProposal: if there is none.
    """
    found = (
        Proposal.objects.select_related("proposed_by", "decided_by").filter(pk=proposal_id).first()
    )
    if found is None:
        raise NoSuchProposal(proposal_id)
    return found
