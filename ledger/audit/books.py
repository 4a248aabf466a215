"""Audits of the general journal and its balances."""

from typing import Final

from ledger.audit.findings import Audit
from ledger.audit.queries import audit

WITHIN: Final = "1 hour"
"""A claim looks at the clock when it begins, and closing waits for it: not longer than this."""

ENTRIES_BALANCE: Final = """
    SELECT format('journal entry %s is out of balance by %s %s',
                  posting.entry_id, sum(posting.amount), account.commodity)
    FROM ledger_posting posting
    JOIN ledger_account account ON account.id = posting.account_id
    GROUP BY posting.entry_id, account.commodity
    HAVING sum(posting.amount) <> 0
    ORDER BY posting.entry_id
"""
ENTRIES_POST: Final = """
    SELECT format('journal entry %s of kind %s posts nothing', entry.id, entry.kind)
    FROM ledger_journal_entry entry
    WHERE entry.kind <> 'usage'
      AND NOT EXISTS (SELECT FROM ledger_posting posting WHERE posting.entry_id = entry.id)
    ORDER BY entry.id
"""
BALANCES_EQUAL_POSTINGS: Final = """
    WITH posted AS (
        SELECT posting.account_id, entry.accounting_date,
               COALESCE(sum(posting.amount) FILTER (WHERE posting.amount > 0), 0) AS debits,
               COALESCE(-sum(posting.amount) FILTER (WHERE posting.amount < 0), 0) AS credits
        FROM ledger_posting posting
        JOIN ledger_journal_entry entry ON entry.id = posting.entry_id
        GROUP BY posting.account_id, entry.accounting_date
    )
    SELECT format('balance of %s on %s: debits %s, credits %s; its postings: %s, %s',
                  account.code, accounting_date, balance.debits, balance.credits,
                  posted.debits, posted.credits)
    FROM posted
    FULL JOIN ledger_balance balance USING (account_id, accounting_date)
    JOIN ledger_account account ON account.id = account_id
    WHERE balance.debits IS DISTINCT FROM posted.debits
       OR balance.credits IS DISTINCT FROM posted.credits
    ORDER BY account.code, accounting_date
"""
TRIAL_BALANCE: Final = """
    SELECT format('%s: debits %s, credits %s', account.commodity,
                  sum(balance.debits), sum(balance.credits))
    FROM ledger_balance balance
    JOIN ledger_account account ON account.id = balance.account_id
    GROUP BY account.commodity
    HAVING sum(balance.debits) <> sum(balance.credits)
    ORDER BY account.commodity
"""
IN_TRANSIT: Final = """
    SELECT format('%s holds %s', account.code, sum(balance.debits - balance.credits))
    FROM ledger_balance balance
    JOIN ledger_account account ON account.id = balance.account_id
    WHERE account.purpose = 'in_transit'
    GROUP BY account.code
    HAVING sum(balance.debits - balance.credits) <> 0
    ORDER BY account.code
"""
PERIODS: Final = """
    SELECT format('journal entry %s of %s is in the period from %s to %s',
                  entry.id, entry.accounting_date, period.starts_on, period.ends_on)
    FROM ledger_journal_entry entry
    JOIN ledger_period period ON period.id = entry.period_id
    WHERE entry.accounting_date < period.starts_on
       OR entry.accounting_date >= period.ends_on
       OR entry.agreement_id IS DISTINCT FROM period.agreement_id
    ORDER BY entry.id
"""
MONTHS: Final = f"""
    SELECT format('period %s from %s to %s is not a month', id, starts_on, ends_on)
    FROM ledger_period
    WHERE starts_on <> date_trunc('month', starts_on)
       OR ends_on <> starts_on + '1 month'::interval
    UNION ALL
    SELECT format('period %s is %s, closed at %s', id, state, closed_at)
    FROM ledger_period
    WHERE (state = 'closed') <> (closed_at IS NOT NULL)
    UNION ALL
    SELECT format('journal entry %s was recorded at %s in a period closed at %s',
                  entry.id, entry.recorded_at, period.closed_at)
    FROM ledger_journal_entry entry
    JOIN ledger_period period ON period.id = entry.period_id
    WHERE entry.kind <> 'settlement'
      AND entry.recorded_at > period.closed_at + '{WITHIN}'::interval
"""
"""What settles a month is written after it is closed."""

REVERSALS: Final = """
    WITH posted AS (
        SELECT reversal.id, posting.account_id, sum(posting.amount) AS amount
        FROM ledger_journal_entry reversal
        JOIN ledger_posting posting ON posting.entry_id IN (reversal.id, reversal.reverses_id)
        WHERE reversal.reverses_id IS NOT NULL
        GROUP BY reversal.id, posting.account_id
    )
    SELECT format('journal entry %s of kind %s, reversing %s, is not its mirror image',
                  entry.id, entry.kind, entry.reverses_id)
    FROM ledger_journal_entry entry
    LEFT JOIN ledger_journal_entry reversed ON reversed.id = entry.reverses_id
    WHERE (entry.kind = 'reversal') <> (reversed.id IS NOT NULL)
       OR (entry.reverses_id IS NOT NULL
           AND reversed.agreement_id IS DISTINCT FROM entry.agreement_id)
       OR entry.id IN (SELECT id FROM posted WHERE amount <> 0)
    ORDER BY entry.id
"""
ACCOUNTS: Final = """
    SELECT format('account %s: its code is not that of its party, purpose or commodity',
                  account.code)
    FROM ledger_account account
    LEFT JOIN ledger_party party ON party.id = account.party_id
    WHERE regexp_replace(account.code, '^(platform|site:[^:]+|(consumer|provider):[^:]+):', '')
          <> concat_ws(':', account.purpose, NULLIF(account.component, ''), account.commodity)
       OR substring(account.code FROM '^(?:consumer|provider):([^:]+):') IS DISTINCT FROM party.code
    ORDER BY account.code
"""

AUDITS: Final[tuple[Audit, ...]] = (
    audit("entries-balance", "Every entry sums to zero per commodity", ENTRIES_BALANCE),
    audit("entries-post", "Entries other than of usage post something", ENTRIES_POST),
    audit("balances", "Balances equal the postings of their day", BALANCES_EQUAL_POSTINGS),
    audit("trial-balance", "Debits equal credits per commodity", TRIAL_BALANCE),
    audit("in-transit", "Accounts in transit stand at zero", IN_TRANSIT),
    audit("periods", "Entries lie in the period that they name", PERIODS),
    audit("months", "Periods are months; nothing joins a closed one", MONTHS),
    audit("reversals", "Reversals are mirror images", REVERSALS),
    audit("accounts", "Account codes say whose they are and of what", ACCOUNTS),
)
