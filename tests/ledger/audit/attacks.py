"""What somebody with a superuser's hands may do to the tables, and which audits must notice.

The statements change the books of `books.keep`. Each names all the audits that see it: one more
or one less is a change in what the audits prove.
"""

from dataclasses import dataclass
from typing import Final

LATE: Final = "(SELECT id FROM ledger_usage_entry WHERE event_id = 'late')"
OF_LATE: Final = "(SELECT journal_entry_id FROM ledger_usage_entry WHERE event_id = 'late')"
MANUAL: Final = "(SELECT max(id) FROM ledger_journal_entry WHERE kind = 'manual')"
RECEIVABLE: Final = "(SELECT id FROM ledger_account WHERE code = 'consumer:acme:receivable:CNY')"
PAYABLE: Final = (
    "(SELECT id FROM ledger_account WHERE code = 'provider:westcloud:payable:margin:CNY')"
)


@dataclass(frozen=True, slots=True)
class Attack:
    """Statements that change tables behind the program's back, and the audits that see it."""

    name: str
    statements: tuple[str, ...]
    seen_by: frozenset[str]


def attack(name: str, *statements: str, seen_by: str) -> Attack:
    """Return an attack; `seen_by` names the audits, apart by spaces."""
    return Attack(name, statements, frozenset(seen_by.split()))


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
        f"""UPDATE ledger_balance SET debits = 0, credits = 0
            WHERE account_id IN (SELECT id FROM ledger_account WHERE commodity = 'USD')
              AND accounting_date = '2026-10-05'""",
        seen_by="entries-post balances usage-postings",
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
        seen_by="entries-post balances references usage-postings",
    ),
    attack(
        "an account's commodity",
        f"UPDATE ledger_account SET commodity = 'USD' WHERE id = {PAYABLE}",
        seen_by="entries-balance usage-postings",
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
        seen_by="balances periods",
    ),
    attack(
        "an entry called late that was not",
        """UPDATE ledger_journal_entry SET prior_period = true
           WHERE kind = 'usage' AND accounting_date = '2026-10-06'""",
        seen_by="accounting-dates",
    ),
    attack(
        "a period's span",
        "UPDATE ledger_period SET starts_on = '2026-10-06' WHERE starts_on = '2026-10-01'",
        seen_by="periods accounting-dates",
    ),
    attack(
        "a closed period opened again",
        """UPDATE ledger_period SET state = 'open', closed_at = NULL, closed_by_id = NULL
           WHERE starts_on = '2026-10-01'""",
        seen_by="accounting-dates",
    ),
    attack(
        "an entry's agreement",
        f"""UPDATE ledger_journal_entry SET agreement_id =
                (SELECT id FROM ledger_agreement WHERE code = 'westcloud-acme')
            WHERE id = {MANUAL}""",
        seen_by="periods residues",
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
