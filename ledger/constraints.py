"""What the database refuses, in the domain's words: constraint name -> error.

Pure: it reads names, not connections. tests/test_tidy.py compares the table with the schema.
"""

from typing import Any, Final

from ledger.errors import LedgerError


def is_storable(text: str) -> bool:
    r"""Return whether PostgreSQL could hold the text: no NUL, no half of a surrogate pair.

    >>> is_storable("模型"), is_storable("a\0b"), is_storable("\ud800")
    (True, False, False)
    """
    return "\0" not in text and text.encode(errors="ignore").decode() == text


class RefusedByTheBooks(LedgerError):
    """The database kept an invariant that the code should have kept before it."""

    problem = "refused-by-the-books"

    def __init__(self, constraint: str, detail: str) -> None:
        self.constraint = constraint
        self.detail = detail
        super().__init__(detail)


class AppendOnly(RefusedByTheBooks):
    """Rows of the journals, the register and the catalogue are never edited or deleted."""

    problem = "append-only"


class EntryOutOfBalance(RefusedByTheBooks):
    """An entry does not sum to zero in every commodity."""

    problem = "entry-out-of-balance"


class EntryAlreadyRecorded(RefusedByTheBooks):
    """Postings were to be added to an entry of an earlier transaction."""

    problem = "entry-already-recorded"


class PostingAmountInvalid(RefusedByTheBooks):
    """A posting's amount is zero or not a number."""

    problem = "posting-amount-invalid"


class PeriodClosed(RefusedByTheBooks):
    """The period takes no more entries of this kind."""

    problem = "period-closed"


class MonthNotArchivable(RefusedByTheBooks):
    """The month may not leave the usage journal, or what would take its place differs from it."""

    problem = "month-not-archivable"


class MonthNotRestorable(RefusedByTheBooks):
    """The month may not come back into the usage journal, or what would is not what left it."""

    problem = "month-not-restorable"


class VersionNotOnQuarterHour(RefusedByTheBooks):
    """A catalogue version starts between two slots."""

    problem = "version-not-on-quarter-hour"


REFUSALS: Final[dict[str, type[RefusedByTheBooks]]] = {
    "ledger_posting_entry_balances": EntryOutOfBalance,
    "ledger_posting_entry_same_transaction": EntryAlreadyRecorded,
    "ledger_posting_amount_nonzero": PostingAmountInvalid,
    "ledger_posting_amount_number": PostingAmountInvalid,
    "ledger_journal_entry_period_open": PeriodClosed,
    "ledger_journal_entry_date_in_period": PeriodClosed,
    "ledger_period_state_forward": PeriodClosed,
    "ledger_usage_batch_content_fixed": AppendOnly,
    "ledger_usage_batch_payload_needed": AppendOnly,
    "ledger_correction_content_fixed": AppendOnly,
    "ledger_archived_month_month_over": MonthNotArchivable,
    "ledger_archived_month_month_once": MonthNotArchivable,
    "ledger_archived_month_month_present": MonthNotArchivable,
    "ledger_archived_month_nothing_aside": MonthNotArchivable,
    "ledger_archived_month_columns_equal": MonthNotArchivable,
    "ledger_archived_month_facts_equal": MonthNotArchivable,
    "ledger_archived_month_rows_named": MonthNotArchivable,
    "ledger_archived_month_rows_once": MonthNotArchivable,
    "ledger_archived_month_rollup_equal": MonthNotArchivable,
    "ledger_archived_month_periods_closed": MonthNotArchivable,
    "ledger_archived_month_stays_away": MonthNotRestorable,
    "ledger_archived_month_is_away": MonthNotRestorable,
    "ledger_archived_month_facts_kept": MonthNotRestorable,
}

APPEND_ONLY_SUFFIXES: Final = ("_append_only", "_append_only_truncate")
QUARTER_HOUR_SUFFIX: Final = "_valid_from_quarter_hour"


def refusal(error: BaseException) -> LedgerError | None:
    """Return the domain error behind a database error, or None if it is not one of ours."""
    diagnosis: Any = getattr(error.__cause__ or error, "diag", None)
    name: str | None = getattr(diagnosis, "constraint_name", None)
    if name is None:
        return None
    detail = getattr(diagnosis, "message_primary", None) or str(error)
    if name.endswith(APPEND_ONLY_SUFFIXES):
        return AppendOnly(name, detail)
    if name.endswith(QUARTER_HOUR_SUFFIX):
        return VersionNotOnQuarterHour(name, detail)
    if name in REFUSALS:
        return REFUSALS[name](name, detail)
    if name.startswith(("ledger_", "settlement_")):
        return RefusedByTheBooks(name, detail)
    return None
