"""Attacks on what volume terms made of a month."""

from typing import Final

from tests.ledger.audit.attacks import attack

TRUE_UPS: Final = (
    attack(
        "a true-up of another amount",
        "UPDATE settlement_true_up SET volume = volume + 1",
        seen_by="true-ups true-up-postings",
    ),
    attack(
        "a true-up of other sums",
        """UPDATE settlement_true_up SET inputs = jsonb_set(inputs, '{charged}', '"1"')""",
        seen_by="true-ups true-up-sums",
    ),
    attack(
        "a true-up by other terms",
        """UPDATE ledger_agreement_version SET volume_terms = '{"minimum": "1"}'
           WHERE volume_terms IS NOT NULL""",
        seen_by="true-ups",
    ),
    attack(
        "a true-up forgotten",
        """DELETE FROM settlement_true_up
           WHERE id = (SELECT max(id) FROM settlement_true_up
                       WHERE journal_entry_id IS NOT NULL)""",
        seen_by="true-up-postings",
    ),
)
