"""Audit of proposals: what was approved is what was published, by two people."""

from collections.abc import Iterator
from typing import Final

from ledger.audit.findings import Audit
from ledger.pricing import catalogue
from ledger.pricing.models import Proposal
from ledger.pricing.publishing.proposals import digest_of, signed_by


def _proposals() -> Iterator[str]:
    rows = Proposal.objects.select_related("publication", "proposed_by", "decided_by")
    for one in rows.order_by("id").iterator(chunk_size=100):
        if catalogue.digest(one.document) != one.document_sha256:
            yield f"proposal {one.pk}: its document is not the one that was proposed"
        if digest_of(one.changes) != one.changes_sha256:
            yield f"proposal {one.pk}: its changes are not those that were looked at"
        published = one.publication
        if one.state != Proposal.State.PUBLISHED or one.decided_by is None:
            continue
        if published is None:
            yield f"proposal {one.pk}: there is no publication {one.publication_id}"
            continue
        said = (published.document_sha256, published.published_by, published.note)
        if said != (one.document_sha256, signed_by(one.proposed_by, one.decided_by), one.note):
            yield f"proposal {one.pk}: publication {published.pk} is another document or another's"


AUDITS: Final[tuple[Audit, ...]] = (
    Audit("proposals", "What two people approved is what was published", _proposals),
)
