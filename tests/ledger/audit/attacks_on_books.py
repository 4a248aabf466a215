"""Attacks on journal entries, postings, balances, accounts, periods, and on settlements."""

from typing import Final

from tests.ledger.audit.attacks import attack

OF_LATE: Final = "(SELECT journal_entry_id FROM ledger_usage_entry WHERE event_id = 'late')"
MANUAL: Final = "(SELECT max(id) FROM ledger_journal_entry WHERE kind = 'manual')"
RECEIVABLE: Final = "(SELECT id FROM ledger_account WHERE code = 'consumer:acme:receivable:CNY')"
PAYABLE: Final = (
    "(SELECT id FROM ledger_account WHERE code = 'provider:westcloud:payable:margin:CNY')"
)
BOOKS: Final = (
    attack(
        "a posting's last digit",
        f"""UPDATE ledger_posting SET amount = amount + 0.000000000001
            WHERE entry_id = {OF_LATE} AND account_id = {RECEIVABLE}""",
        seen_by="entries-balance balances usage-postings",
    ),
    attack(
        "two postings that cancel out, and their balances",
        f"""UPDATE ledger_posting SET amount = amount + 0.5
            WHERE entry_id = {OF_LATE} AND account_id = {RECEIVABLE}""",
        f"""UPDATE ledger_posting SET amount = amount - 0.5
            WHERE entry_id = {OF_LATE} AND account_id = {PAYABLE}""",
        f"""UPDATE ledger_balance SET debits = debits + 0.5
            WHERE accounting_date = '2026-11-01' AND account_id = {RECEIVABLE}""",
        f"""UPDATE ledger_balance SET credits = credits + 0.5
            WHERE accounting_date = '2026-11-01' AND account_id = {PAYABLE}""",
        seen_by="usage-postings",
    ),
    attack(
        "a posting deleted",
        f"DELETE FROM ledger_posting WHERE entry_id = {OF_LATE} AND account_id = {PAYABLE}",
        seen_by="entries-balance balances usage-postings",
    ),
    attack(
        "a posting moved to another account",
        f"""UPDATE ledger_posting SET account_id =
                (SELECT id FROM ledger_account WHERE code = 'consumer:globex:receivable:USD')
            WHERE entry_id = {OF_LATE} AND account_id = {RECEIVABLE}""",
        seen_by="entries-balance balances usage-postings",
    ),
    attack(
        "all postings of an entry deleted",
        f"DELETE FROM ledger_posting WHERE entry_id = {MANUAL}",
        """UPDATE ledger_balance SET debits = 0, credits = 0
            WHERE account_id IN (SELECT id FROM ledger_account WHERE commodity = 'USD')
              AND accounting_date = '2026-10-05'""",
        seen_by="entries-post balances residues",
    ),
    attack(
        "an entry added without postings",
        """INSERT INTO ledger_journal_entry
               (kind, accounting_date, prior_period, recorded_at, narrative)
           VALUES ('manual', '2026-10-05', false, now(), 'Nothing')""",
        seen_by="entries-post",
    ),
    attack(
        "an entry deleted and its postings left",
        f"DELETE FROM ledger_journal_entry WHERE id = {OF_LATE}",
        seen_by="foreign-keys balances references usage-postings",
    ),
    attack(
        "an account's commodity",
        f"""UPDATE ledger_account SET commodity = 'USD', component = 'premium',
                code = 'provider:westcloud:payable:premium:USD' WHERE id = {PAYABLE}""",
        seen_by="entries-balance trial-balance usage-postings",
    ),
    attack(
        "a balance's counter",
        f"""UPDATE ledger_balance SET debits = debits + 1
            WHERE account_id = {RECEIVABLE} AND accounting_date = '2026-10-05'""",
        seen_by="balances trial-balance",
    ),
    attack(
        "both counters of a balance",
        f"""UPDATE ledger_balance SET debits = debits + 1, credits = credits + 1
            WHERE account_id = {RECEIVABLE} AND accounting_date = '2026-10-05'""",
        seen_by="balances",
    ),
    attack(
        "a balance deleted",
        f"""DELETE FROM ledger_balance
            WHERE account_id = {RECEIVABLE} AND accounting_date = '2026-11-01'""",
        seen_by="balances trial-balance",
    ),
    attack(
        "money left in transit",
        """INSERT INTO ledger_account (code, purpose, component, commodity)
           VALUES ('platform:in_transit:stripe:CNY', 'in_transit', 'stripe', 'CNY')""",
        f"""UPDATE ledger_balance
            SET account_id = (SELECT id FROM ledger_account WHERE purpose = 'in_transit')
            WHERE account_id = {RECEIVABLE} AND accounting_date = '2026-11-01'""",
        seen_by="balances in-transit",
    ),
    attack(
        "an entry's accounting date",
        f"UPDATE ledger_journal_entry SET accounting_date = '2026-11-02' WHERE id = {OF_LATE}",
        seen_by="balances accounting-dates",
    ),
    attack(
        "an entry's accounting date, out of its period",
        f"UPDATE ledger_journal_entry SET accounting_date = '2026-12-02' WHERE id = {MANUAL}",
        seen_by="balances periods settlement-months",
    ),
    attack(
        "an entry called late that was not",
        """UPDATE ledger_journal_entry SET prior_period = true
           WHERE kind = 'usage' AND accounting_date = '2026-10-06'""",
        seen_by="accounting-dates settlement-usage",
    ),
    attack(
        "a period's span",
        "UPDATE ledger_period SET starts_on = '2026-10-06' WHERE starts_on = '2026-10-01'",
        seen_by="periods months accounting-dates settlement-months true-ups true-up-sums",
    ),
    attack(
        "a closed period opened again",
        """UPDATE ledger_period SET state = 'open', closed_at = NULL, closed_by_id = NULL
           WHERE starts_on = '2026-10-01'""",
        seen_by="accounting-dates settlement-months true-up-postings",
    ),
    attack(
        "an entry put into a month that was closed long before it",
        f"UPDATE ledger_journal_entry SET recorded_at = recorded_at + '1 year' WHERE id = {MANUAL}",
        seen_by="months",
    ),
    attack(
        "an entry's agreement",
        f"""UPDATE ledger_journal_entry SET agreement_id =
                (SELECT id FROM ledger_agreement WHERE code = 'westcloud-acme')
            WHERE id = {MANUAL}""",
        seen_by="periods residues settlement-months",
    ),
    attack(
        "a reversal turned into an entry of its own",
        "UPDATE ledger_journal_entry SET reverses_id = NULL WHERE kind = 'reversal'",
        seen_by="reversals",
    ),
    attack(
        "half of what was reversed",
        """UPDATE ledger_posting SET amount = amount / 2 WHERE entry_id IN
               (SELECT id FROM ledger_journal_entry WHERE kind = 'reversal')""",
        seen_by="balances reversals residues",
    ),
    attack(
        "an account handed to another party",
        f"""UPDATE ledger_account SET party_id =
                (SELECT id FROM ledger_party WHERE code = 'globex') WHERE id = {RECEIVABLE}""",
        seen_by="accounts usage-postings",
    ),
    attack(
        "two accounts' codes exchanged",
        f"UPDATE ledger_account SET code = 'x:CNY' WHERE id = {RECEIVABLE}",
        f"""UPDATE ledger_account SET code = 'consumer:acme:receivable:CNY' WHERE id = {PAYABLE}""",
        seen_by="accounts usage-postings",
    ),
)
SETTLEMENT: Final = (
    attack(
        "a statement's line",
        "UPDATE settlement_statement_line SET margin = margin + 0.000000000001",
        seen_by="settlement-lines settlement-usage settlement-true-ups",
    ),
    attack(
        "a statement line's tokens",
        "UPDATE settlement_statement_line SET tokens = tokens + 1 WHERE deployment_id IS NOT NULL",
        seen_by="settlement-usage settlement-in-kind",
    ),
    attack(
        "what was set off",
        "UPDATE settlement_netting SET amount = amount + 0.01",
        seen_by="set-offs",
    ),
    attack(
        "what is due",
        """UPDATE ledger_posting SET amount = amount + 0.01 WHERE account_id IN
               (SELECT id FROM ledger_account WHERE code = 'consumer:acme:due:CNY')""",
        seen_by="settlement-postings entries-balance balances",
    ),
    attack(
        "the marks of what is settled",
        "DELETE FROM settlement_settled_entry",
        seen_by="settled-once settlement-usage residues settlement-true-ups",
    ),
    attack(
        "what was approved",
        "UPDATE settlement_approval SET input_hash = 'another'",
        seen_by="approvals",
    ),
    attack(
        "who approved",
        """UPDATE settlement_approval
           SET checker_id = (SELECT made_by_id FROM settlement_settlement LIMIT 1)""",
        seen_by="approvals",
    ),
    attack(
        "a residue",
        """UPDATE settlement_position SET consumer_residue = consumer_residue + 0.000000000001,
               price = price + 0.000000000001, fee_provider = fee_provider + 0.000000000001""",
        seen_by="settlement-lines residues",
    ),
)
