"""What a viewer may read of the books: accounts, balances, postings, entries.

A party sees the accounts that it owns and what is posted on them; the platform sees everything.
What exists but is another's is answered like what does not exist.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, localcontext
from typing import Any, Final

from django.db import connection

from ledger.books import balances
from ledger.books.journal import NoSuchEntry
from ledger.errors import LedgerError
from ledger.parties.viewers import Viewer
from ledger.quantities import EXACT

ACCOUNTS: Final = """
    SELECT account.id, account.code, party.code, account.purpose, account.component,
           account.commodity
    FROM ledger_account account
    LEFT JOIN ledger_party party ON party.id = account.party_id
    WHERE (%(sees_all)s OR account.party_id = %(party)s)
      AND (%(after)s::text IS NULL OR account.code > %(after)s)
      AND (%(prefix)s::text IS NULL OR starts_with(account.code, %(prefix)s))
      AND (%(commodity)s::text IS NULL OR account.commodity = %(commodity)s)
    ORDER BY account.code
    LIMIT %(limit)s
"""
ACCOUNT: Final = """
    SELECT account.id, account.code, party.code, account.purpose, account.component,
           account.commodity
    FROM ledger_account account
    LEFT JOIN ledger_party party ON party.id = account.party_id
    WHERE account.code = %(code)s AND (%(sees_all)s OR account.party_id = %(party)s)
"""
POSTINGS: Final = """
    SELECT posting.id, posting.amount, entry.id, entry.kind, entry.accounting_date,
           entry.recorded_at, entry.narrative
    FROM ledger_posting posting
    JOIN ledger_journal_entry entry ON entry.id = posting.entry_id
    WHERE posting.account_id = %(account)s
      AND (%(before)s::bigint IS NULL OR posting.id < %(before)s)
    ORDER BY posting.id DESC
    LIMIT %(limit)s
"""
ENTRY: Final = """
    SELECT entry.kind, entry.accounting_date, entry.recorded_at, entry.narrative,
           entry.prior_period, agreement.code, period.starts_on, entry.reference,
           entry.reverses_id, reversal.id,
           account.code, account.commodity, posting.amount
    FROM ledger_journal_entry entry
    LEFT JOIN ledger_posting posting ON posting.entry_id = entry.id
    LEFT JOIN ledger_account account ON account.id = posting.account_id
    LEFT JOIN ledger_agreement agreement ON agreement.id = entry.agreement_id
    LEFT JOIN ledger_period period ON period.id = entry.period_id
    LEFT JOIN ledger_journal_entry reversal ON reversal.reverses_id = entry.id
    WHERE entry.id = %(entry)s
      AND (%(sees_all)s OR account.party_id = %(party)s
           OR (account.id IS NULL AND %(party)s IN (agreement.provider_id, agreement.consumer_id)))
    ORDER BY account.code
"""


class NoSuchAccount(LedgerError):
    """There is no account with this code, or it is not the viewer's."""

    problem = "no-such-account"

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(f"there is no account {code!r}")


@dataclass(frozen=True, slots=True)
class AccountLine:
    """An account as its owner reads it; `party` is None for the platform's and the sites'."""

    id: int
    code: str
    party: str | None
    purpose: str
    component: str
    commodity: str


@dataclass(frozen=True, slots=True)
class AccountBalance:
    """Both counters of an account up to and including a date, or of all time."""

    account: AccountLine
    as_of: date | None
    debits: Decimal
    credits: Decimal

    @property
    def balance(self) -> Decimal:
        """Return debits less credits: debit positive, as the books keep it."""
        with localcontext(EXACT):
            return self.debits - self.credits


@dataclass(frozen=True, slots=True)
class PostingLine:
    """A posting on a known account, with the entry that it belongs to."""

    id: int
    amount: Decimal
    entry_id: int
    kind: str
    accounting_date: date
    recorded_at: datetime
    narrative: str


@dataclass(frozen=True, slots=True)
class EntryPosting:
    """A posting of a known entry; debit positive."""

    account: str
    commodity: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class EntryLines:
    """A journal entry, and those of its postings that are the viewer's."""

    id: int
    kind: str
    accounting_date: date
    recorded_at: datetime
    narrative: str
    prior_period: bool
    agreement: str | None
    period_starts_on: date | None
    reference: str | None
    reverses_id: int | None
    reversed_by_id: int | None
    postings: Sequence[EntryPosting]


def accounts(
    viewer: Viewer,
    *,
    prefix: str | None,
    commodity: str | None,
    after: str | None,
    limit: int,
) -> list[AccountLine]:
    """Return the viewer's accounts, by code, that follow the code `after`."""
    rows = _rows(
        ACCOUNTS,
        viewer,
        {"prefix": prefix, "commodity": commodity, "after": after, "limit": limit},
    )
    return [AccountLine(*row) for row in rows]


def account(viewer: Viewer, *, code: str) -> AccountLine:
    """Return an account of the viewer.

    :raises NoSuchAccount: if there is none, or it is another's.
    """
    rows = _rows(ACCOUNT, viewer, {"code": code})
    if not rows:
        raise NoSuchAccount(code)
    return AccountLine(*rows[0])


def balance(viewer: Viewer, *, code: str, as_of: date | None) -> AccountBalance:
    """Return the balance of an account of the viewer, up to and including `as_of`.

    :raises NoSuchAccount: if there is none, or it is another's.
    """
    line = account(viewer, code=code)
    debits, credits_ = balances.counters(line.id, as_of=as_of)
    return AccountBalance(account=line, as_of=as_of, debits=debits, credits=credits_)


def postings(
    viewer: Viewer, *, code: str, before: int | None, limit: int
) -> tuple[AccountLine, list[PostingLine]]:
    """Return an account of the viewer and its postings, newest first, older than `before`.

    :raises NoSuchAccount: if there is none, or it is another's.
    """
    line = account(viewer, code=code)
    rows = _rows(POSTINGS, viewer, {"account": line.id, "before": before, "limit": limit})
    return line, [PostingLine(*row) for row in rows]


def entry(viewer: Viewer, *, entry_id: int) -> EntryLines:
    """Return a journal entry with the postings that are the viewer's, by account code.

    :raises NoSuchEntry: if there is none, or none of its postings is the viewer's.
    """
    rows = _rows(ENTRY, viewer, {"entry": entry_id})
    if not rows:
        raise NoSuchEntry(entry_id)
    (kind, accounting_date, recorded_at, narrative, prior_period) = rows[0][:5]
    (agreement, period_starts_on, reference, reverses_id, reversed_by_id) = rows[0][5:10]
    return EntryLines(
        id=entry_id,
        kind=kind,
        accounting_date=accounting_date,
        recorded_at=recorded_at,
        narrative=narrative,
        prior_period=prior_period,
        agreement=agreement,
        period_starts_on=period_starts_on,
        reference=reference,
        reverses_id=reverses_id,
        reversed_by_id=reversed_by_id,
        postings=[EntryPosting(*row[10:]) for row in rows if row[10] is not None],
    )


def _rows(sql: str, viewer: Viewer, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    scope = {"party": viewer.party_id, "sees_all": viewer.sees_all}
    with connection.cursor() as cursor:
        cursor.execute(sql, {**scope, **parameters})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
