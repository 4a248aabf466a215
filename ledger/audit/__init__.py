"""Audits: each proves one invariant over the tables, reading rows and nothing else.

They trust no trigger and no code of the main path: what they compare was written separately.
"""

from typing import Final

from ledger.audit import (
    api_keys,
    archives,
    books,
    certificates,
    corrections,
    coverage,
    energy,
    in_force,
    keys,
    names,
    proposals,
    rates,
    recorded,
    reratings,
    sources,
    usage,
)
from ledger.audit.findings import Audit, Finding

AUDITS: Final[tuple[Audit, ...]] = (
    *books.AUDITS,
    *usage.AUDITS,
    *recorded.AUDITS,
    *names.AUDITS,
    *coverage.AUDITS,
    *corrections.AUDITS,
    *reratings.AUDITS,
    *rates.AUDITS,
    *sources.AUDITS,
    *in_force.AUDITS,
    *proposals.AUDITS,
    *keys.AUDITS,
    *archives.AUDITS,
    *api_keys.AUDITS,
    *energy.AUDITS,
    *certificates.AUDITS,
)


def run(audits: tuple[Audit, ...] = AUDITS) -> list[Finding]:
    """Run every audit and return what was found; empty when the books are clean."""
    return [finding for audit in audits for finding in audit.run()]


__all__ = ["AUDITS", "Audit", "Finding", "run"]
