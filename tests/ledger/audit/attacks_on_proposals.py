"""Attacks on what two people published."""

from typing import Final

from tests.ledger.audit.attacks import attack

PROPOSALS: Final = (
    attack(
        "another document than the one that was approved",
        """
        UPDATE ledger_proposal
        SET document = jsonb_set(document, '{fx_rates,0,rate}', '"0.16"')
        """,
        seen_by="proposals",
    ),
    attack(
        "other changes than those that were looked at",
        "UPDATE ledger_proposal SET changes = '[]'",
        seen_by="proposals",
    ),
    attack(
        "a publication in another name than that of who approved it",
        """
        UPDATE ledger_publication SET published_by = 'maker'
        WHERE id = (SELECT max(publication_id) FROM ledger_proposal)
        """,
        seen_by="proposals",
    ),
)
