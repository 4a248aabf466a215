"""Audits of settlements: each is one statement whose rows are what is wrong."""

from typing import Final

from ledger.audit.findings import Audit
from ledger.audit.queries import audit
from ledger.quantities import MINOR_UNIT_DIGITS

MINOR_UNITS: Final = ", ".join(
    f"('{currency}', 1e-{digits}::numeric)" for currency, digits in MINOR_UNIT_DIGITS.items()
)

LINES: Final = """
    SELECT format('position %s: its lines do not sum to its price and fees', position.id)
    FROM settlement_position position
    LEFT JOIN settlement_statement_line line ON line.position_id = position.id
    GROUP BY position.id
    HAVING (COALESCE(sum(line.compute + line.energy + line.green + line.scarcity + line.margin), 0),
            COALESCE(sum(line.fee_consumer), 0), COALESCE(sum(line.fee_provider), 0))
           IS DISTINCT FROM (position.price, position.fee_consumer, position.fee_provider)
    ORDER BY position.id
"""
POSTINGS: Final = """
    WITH posted AS (
        SELECT posting.entry_id, account.commodity,
               COALESCE(sum(posting.amount) FILTER (
                   WHERE account.purpose = 'due' AND starts_with(account.code, 'consumer:')), 0)
                   AS consumer_due,
               COALESCE(-sum(posting.amount) FILTER (
                   WHERE account.purpose = 'due' AND starts_with(account.code, 'provider:')), 0)
                   AS provider_due,
               COALESCE(-sum(posting.amount) FILTER (
                   WHERE account.purpose = 'fees' AND account.component = 'settled'), 0) AS fee,
               COALESCE(-sum(posting.amount) FILTER (WHERE account.purpose = 'rounding'), 0)
                   AS rounding
        FROM ledger_posting posting
        JOIN ledger_account account ON account.id = posting.account_id
        WHERE posting.entry_id IN (SELECT journal_entry_id FROM settlement_position)
        GROUP BY posting.entry_id, account.commodity
    )
    SELECT format('position %s: its journal entry %s posts other amounts',
                  position.id, position.journal_entry_id)
    FROM settlement_position position
    JOIN settlement_settlement settlement ON settlement.id = position.settlement_id
    LEFT JOIN posted
        ON posted.entry_id = position.journal_entry_id AND posted.commodity = settlement.currency
    WHERE settlement.state = 'approved'
      AND (COALESCE(posted.consumer_due, 0), COALESCE(posted.provider_due, 0),
           COALESCE(posted.fee, 0), COALESCE(posted.rounding, 0))
          IS DISTINCT FROM (position.consumer_due, position.provider_due,
                            position.platform_fee, position.rounding)
    ORDER BY position.id
"""
SETTLED_ONCE: Final = """
    SELECT format('position %s took in %s entries, and %s are marked',
                  position.id, position.entries, count(settled.id))
    FROM settlement_position position
    JOIN settlement_settlement settlement ON settlement.id = position.settlement_id
    LEFT JOIN settlement_settled_entry settled ON settled.position_id = position.id
    GROUP BY position.id, settlement.state
    HAVING count(settled.id)
           <> CASE settlement.state WHEN 'approved' THEN position.entries ELSE 0 END
    ORDER BY position.id
"""
APPROVALS: Final = """
    SELECT format('settlement %s is %s, made by %s, approved by %s',
                  settlement.id, settlement.state, settlement.made_by_id, approval.checker_id)
    FROM settlement_settlement settlement
    LEFT JOIN settlement_approval approval ON approval.settlement_id = settlement.id
    WHERE (settlement.state = 'approved') <> (approval.id IS NOT NULL)
       OR approval.checker_id = settlement.made_by_id
       OR approval.input_hash <> settlement.input_hash
    ORDER BY settlement.id
"""
RESIDUES: Final = f"""
    WITH minor_unit (currency, amount) AS (VALUES {MINOR_UNITS}),
    latest AS (
        SELECT DISTINCT ON (position.agreement_id, settlement.currency)
               position.agreement_id, settlement.currency, position.id AS position_id,
               position.consumer_residue, position.provider_residue
        FROM settlement_position position
        JOIN settlement_settlement settlement ON settlement.id = position.settlement_id
        JOIN settlement_approval approval ON approval.settlement_id = settlement.id
        ORDER BY position.agreement_id, settlement.currency, approval.id DESC
    ), settled AS (
        SELECT settled.entry_id, settled.currency FROM settlement_settled_entry settled
        UNION
        SELECT position.journal_entry_id, settlement.currency
        FROM settlement_position position
        JOIN settlement_settlement settlement ON settlement.id = position.settlement_id
        WHERE position.journal_entry_id IS NOT NULL
    ), stands AS (
        SELECT entry.agreement_id, settled.currency,
               COALESCE(sum(posting.amount) FILTER (WHERE account.purpose = 'receivable'), 0)
                   AS receivable,
               COALESCE(-sum(posting.amount) FILTER (WHERE account.purpose = 'payable'), 0)
                   AS payable
        FROM settled
        JOIN ledger_journal_entry entry ON entry.id = settled.entry_id
        JOIN ledger_posting posting ON posting.entry_id = entry.id
        JOIN ledger_account account
            ON account.id = posting.account_id AND account.commodity = settled.currency
        GROUP BY entry.agreement_id, settled.currency
    )
    SELECT format('position %s left %s and %s; the accounts keep %s and %s of what was settled',
                  latest.position_id, latest.consumer_residue, latest.provider_residue,
                  stands.receivable, stands.payable)
    FROM latest
    LEFT JOIN stands USING (agreement_id, currency)
    LEFT JOIN minor_unit USING (currency)
    WHERE COALESCE(stands.receivable, 0) <> latest.consumer_residue
       OR COALESCE(stands.payable, 0) <> latest.provider_residue
       OR (abs(latest.consumer_residue) <= minor_unit.amount / 2
           AND abs(latest.provider_residue) <= minor_unit.amount / 2) IS NOT TRUE
    ORDER BY latest.position_id
"""

AUDITS: Final[tuple[Audit, ...]] = (
    audit("settlement-lines", "Lines sum to their position", LINES),
    audit("settlement-postings", "Entries post what positions say", POSTINGS),
    audit("settled-once", "Entries of a position are marked as settled", SETTLED_ONCE),
    audit("approvals", "Another person approved the calculated hash", APPROVALS),
    audit("residues", "What stays on accounts is at most half a minor unit", RESIDUES),
)
"""Beside those of the ledger; `ledger.audit.run(AUDITS)` runs them."""
