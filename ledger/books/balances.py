"""Balances: two counters per account and accounting date, and what is read from them."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from django.db import connection

MOVE = """
    INSERT INTO ledger_balance (account_id, accounting_date, debits, credits)
    SELECT account_id, accounting_date, debits, credits
    FROM unnest(%(accounts)s::bigint[], %(dates)s::date[], %(debits)s::numeric[],
                %(credits)s::numeric[]) AS moved (account_id, accounting_date, debits, credits)
    ORDER BY account_id, accounting_date
    ON CONFLICT (account_id, accounting_date) DO UPDATE
    SET debits = ledger_balance.debits + excluded.debits,
        credits = ledger_balance.credits + excluded.credits
"""
TURNOVER = """
    SELECT COALESCE(sum(debits), 0), COALESCE(sum(credits), 0)
    FROM ledger_balance
    WHERE account_id = %(account)s
      AND (%(starts_on)s::date IS NULL OR accounting_date >= %(starts_on)s)
      AND (%(ends_on)s::date IS NULL OR accounting_date < %(ends_on)s)
"""
AS_OF = """
    SELECT COALESCE(sum(debits), 0), COALESCE(sum(credits), 0)
    FROM ledger_balance
    WHERE account_id = %(account)s
      AND (%(as_of)s::date IS NULL OR accounting_date <= %(as_of)s)
"""
TRIAL_BALANCE = """
    SELECT account.commodity, sum(balance.debits), sum(balance.credits)
    FROM ledger_balance balance
    JOIN ledger_account account ON account.id = balance.account_id
    WHERE %(as_of)s::date IS NULL OR balance.accounting_date <= %(as_of)s
    GROUP BY account.commodity
    ORDER BY account.commodity
"""

Move = tuple[int, date, Decimal]
"""(account id, accounting date, signed amount)"""


def move(moves: Iterable[Move]) -> None:
    """Add signed amounts to the counters: one row an account and date, in ascending order.

    Balances are the last thing that a transaction locks, and every transaction locks them in
    this order: so writers queue for a moment but never wait for each other in a ring.
    """
    debits: dict[tuple[int, date], Decimal] = defaultdict(Decimal)
    credits_: dict[tuple[int, date], Decimal] = defaultdict(Decimal)
    for account_id, day, amount in moves:
        if amount > 0:
            debits[account_id, day] += amount
        else:
            credits_[account_id, day] -= amount
    keys = sorted(debits.keys() | credits_.keys())
    if not keys:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            MOVE,
            {
                "accounts": [account_id for account_id, _ in keys],
                "dates": [day for _, day in keys],
                "debits": [debits[key] for key in keys],
                "credits": [credits_[key] for key in keys],
            },
        )


def counters(account_id: int, *, as_of: date | None = None) -> tuple[Decimal, Decimal]:
    """Return (debits, credits) up to and including `as_of`, or of all time."""
    with connection.cursor() as cursor:
        cursor.execute(AS_OF, {"account": account_id, "as_of": as_of})
        debits, credits_ = cursor.fetchone()
    return debits, credits_


def balance(account_id: int, *, as_of: date | None = None) -> Decimal:
    """Return the balance, debit positive, up to and including `as_of`, or of all time."""
    debits, credits_ = counters(account_id, as_of=as_of)
    return debits - credits_


def turnover(
    account_id: int, *, starts_on: date | None, ends_on: date | None
) -> tuple[Decimal, Decimal]:
    """Return (debits, credits) of the half-open span of accounting dates."""
    with connection.cursor() as cursor:
        cursor.execute(
            TURNOVER, {"account": account_id, "starts_on": starts_on, "ends_on": ends_on}
        )
        debits, credits_ = cursor.fetchone()
    return debits, credits_


def trial_balance(*, as_of: date | None = None) -> dict[str, tuple[Decimal, Decimal]]:
    """Return (debits, credits) per commodity over all accounts: equal when the books balance."""
    with connection.cursor() as cursor:
        cursor.execute(TRIAL_BALANCE, {"as_of": as_of})
        return {commodity: (debits, credits_) for commodity, debits, credits_ in cursor.fetchall()}
