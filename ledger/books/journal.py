"""The general journal: the only writer of entries and postings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import IntegrityError, connection

from ledger.books import accounts, balances
from ledger.books.balances import Move
from ledger.books.entries import Draft, check, reversed_postings
from ledger.constraints import refusal
from ledger.errors import LedgerError

ENTRY_IDS = """
    SELECT nextval(pg_get_serial_sequence('ledger_journal_entry', 'id'))
    FROM generate_series(1, %(count)s)
"""
INSERT_ENTRIES = """
    INSERT INTO ledger_journal_entry
        (id, kind, agreement_id, period_id, accounting_date, prior_period, recorded_at,
         narrative, reference, reverses_id)
    SELECT id, kind, agreement_id, period_id, accounting_date, prior_period, %(now)s,
           narrative, reference, reverses_id
    FROM unnest(%(ids)s::bigint[], %(kinds)s::text[], %(agreements)s::bigint[],
                %(periods)s::bigint[], %(dates)s::date[], %(prior)s::boolean[],
                %(narratives)s::text[], %(references)s::text[], %(reverses)s::bigint[])
         AS drafted (id, kind, agreement_id, period_id, accounting_date, prior_period,
                     narrative, reference, reverses_id)
"""
INSERT_POSTINGS = """
    INSERT INTO ledger_posting (entry_id, account_id, amount)
    SELECT entry_id, account_id, amount
    FROM unnest(%(entries)s::bigint[], %(accounts)s::bigint[], %(amounts)s::numeric[])
         AS drafted (entry_id, account_id, amount)
"""
ENTRY_TO_REVERSE = """
    SELECT entry.kind, entry.agreement_id, account.code, posting.amount
    FROM ledger_journal_entry entry
    JOIN ledger_posting posting ON posting.entry_id = entry.id
    JOIN ledger_account account ON account.id = posting.account_id
    WHERE entry.id = %(entry)s
    ORDER BY posting.id
"""
REFERENCE_UNIQUE = "ledger_journal_entry_reference"


class AlreadyPosted(LedgerError):
    """An entry with this reference, or a reversal of this entry, is in the journal."""

    problem = "already-posted"

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"already in the journal: {what}")


class NoSuchEntry(LedgerError):
    """The journal has no entry with this id."""

    problem = "no-such-entry"

    def __init__(self, entry_id: int) -> None:
        self.entry_id = entry_id
        super().__init__(f"there is no journal entry {entry_id}")


@dataclass(frozen=True, slots=True)
class Recorded:
    """Entries and postings that are written, and the balance moves still to be made."""

    entry_ids: list[int]
    moves: list[Move]


def post(drafts: Sequence[Draft], *, now: datetime) -> list[int]:
    """Write balanced entries with their postings and move the balances; return the entry ids.

    Runs inside the caller's transaction.

    :raises DraftOutOfBalance, DraftInvalid: if a draft is wrong; nothing is written.
    :raises AlreadyPosted: if a reference or a reversal is in the journal already.
    """
    recorded = record(drafts, now=now)
    balances.move(recorded.moves)
    return recorded.entry_ids


def record(drafts: Sequence[Draft], *, now: datetime) -> Recorded:
    """Write entries and postings, and leave the balances to the caller's last statement.

    A rating claim has more to write between the two, and locks balances as late as it can.

    :raises: as `post` does.
    """
    assert connection.in_atomic_block, "entries are written inside the caller's transaction"
    for draft in drafts:
        check(draft)
    if not drafts:
        return Recorded(entry_ids=[], moves=[])
    account_ids = accounts.ensure(code for draft in drafts for code, _ in draft.postings)
    entry_ids = _allocate(len(drafts))
    try:
        _insert_entries(drafts, entry_ids=entry_ids, now=now)
        _insert_postings(drafts, entry_ids=entry_ids, account_ids=account_ids)
    except IntegrityError as error:
        raise _explained(error, drafts) from error
    moves = [
        (account_ids[code], draft.accounting_date, amount)
        for draft in drafts
        for code, amount in draft.postings
    ]
    return Recorded(entry_ids=entry_ids, moves=moves)


def reverse(
    entry_id: int, *, accounting_date: date, narrative: str, period_id: int | None, now: datetime
) -> int:
    """Post the mirror image of an entry and return its id.

    :raises NoSuchEntry: if there is none with this id.
    :raises AlreadyPosted: if it is reversed already.
    """
    with connection.cursor() as cursor:
        cursor.execute(ENTRY_TO_REVERSE, {"entry": entry_id})
        rows: list[tuple[str, int | None, str, Decimal]] = cursor.fetchall()
    if not rows:
        raise NoSuchEntry(entry_id)
    draft = Draft(
        kind="reversal",
        accounting_date=accounting_date,
        narrative=narrative,
        postings=reversed_postings(tuple((code, amount) for _, _, code, amount in rows)),
        agreement_id=rows[0][1],
        period_id=period_id,
        reverses_id=entry_id,
    )
    return post([draft], now=now)[0]


def _allocate(count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(ENTRY_IDS, {"count": count})
        return [entry_id for (entry_id,) in cursor.fetchall()]


def _insert_entries(drafts: Sequence[Draft], *, entry_ids: list[int], now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT_ENTRIES,
            {
                "now": now,
                "ids": entry_ids,
                "kinds": [draft.kind for draft in drafts],
                "agreements": [draft.agreement_id for draft in drafts],
                "periods": [draft.period_id for draft in drafts],
                "dates": [draft.accounting_date for draft in drafts],
                "prior": [draft.prior_period for draft in drafts],
                "narratives": [draft.narrative for draft in drafts],
                "references": [draft.reference for draft in drafts],
                "reverses": [draft.reverses_id for draft in drafts],
            },
        )


def _insert_postings(
    drafts: Sequence[Draft], *, entry_ids: list[int], account_ids: dict[str, int]
) -> None:
    rows = [
        (entry_id, account_ids[code], amount)
        for entry_id, draft in zip(entry_ids, drafts, strict=True)
        for code, amount in draft.postings
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT_POSTINGS,
            {
                "entries": [entry_id for entry_id, _, _ in rows],
                "accounts": [account_id for _, account_id, _ in rows],
                "amounts": [amount for _, _, amount in rows],
            },
        )


def _explained(error: IntegrityError, drafts: Sequence[Draft]) -> Exception:
    """Return the domain error behind a refusal, or the refusal itself."""
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""
    if name.startswith(REFERENCE_UNIQUE):
        return AlreadyPosted(", ".join(draft.reference for draft in drafts if draft.reference))
    if name.startswith("ledger_journal_entry_reverses"):
        return AlreadyPosted(
            ", ".join(f"reversal of {draft.reverses_id}" for draft in drafts if draft.reverses_id)
        )
    return refusal(error) or error
