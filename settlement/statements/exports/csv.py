"""A settlement as CSV files for finance, streamed, with control totals that prove them.

RFC 4180 in UTF-8: amounts are exact decimals without exponent, dates are ISO 8601, and a text that
a spreadsheet would take for a formula is preceded by an apostrophe.
"""

import csv
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any, Final

from django.db import connection, transaction

from ledger.errors import LedgerError
from ledger.quantities import EXACT
from settlement.clearing.approvals import NoSuchSettlement
from settlement.clearing.models import Settlement

VERSION: Final = 1
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
CHUNK: Final = 5_000

LINE_AMOUNTS: Final = ("compute", "energy", "green", "scarcity", "margin")
LINES: Final = """
    SELECT settlement.starts_on, settlement.id, settlement.currency, agreement.code,
           provider.code, consumer.code, deployment.code, deployment.model, line.prior_period,
           line.events, line.tokens, line.energy_joules, line.co2_location_grams,
           line.co2_market_grams, line.compute, line.energy, line.green, line.scarcity,
           line.margin,
           line.compute + line.energy + line.green + line.scarcity + line.margin,
           line.fee_consumer, line.fee_provider, line.kind
    FROM settlement_statement_line line
    JOIN settlement_position position ON position.id = line.position_id
    JOIN settlement_settlement settlement ON settlement.id = position.settlement_id
    JOIN ledger_agreement agreement ON agreement.id = position.agreement_id
    JOIN ledger_party provider ON provider.id = agreement.provider_id
    JOIN ledger_party consumer ON consumer.id = agreement.consumer_id
    LEFT JOIN ledger_deployment deployment ON deployment.id = line.deployment_id
    WHERE settlement.id = %(settlement)s
    ORDER BY agreement.code, deployment.code NULLS LAST, line.kind, line.prior_period
"""
POSITIONS: Final = """
    SELECT settlement.starts_on, settlement.id, settlement.currency, agreement.code,
           provider.code, consumer.code, position.price, position.fee_consumer,
           position.fee_provider, position.carried_consumer, position.carried_provider,
           position.consumer_due, position.provider_due, position.platform_fee,
           position.rounding, position.consumer_residue, position.provider_residue,
           position.journal_entry_id
    FROM settlement_position position
    JOIN settlement_settlement settlement ON settlement.id = position.settlement_id
    JOIN ledger_agreement agreement ON agreement.id = position.agreement_id
    JOIN ledger_party provider ON provider.id = agreement.provider_id
    JOIN ledger_party consumer ON consumer.id = agreement.consumer_id
    WHERE settlement.id = %(settlement)s
    ORDER BY agreement.code
"""
JOURNAL: Final = """
    SELECT entry.accounting_date, entry.id, posting.id, entry.kind, agreement.code,
           entry.narrative, entry.reference, entry.prior_period, entry.recorded_at, account.code,
           account.commodity, GREATEST(posting.amount, 0), GREATEST(-posting.amount, 0)
    FROM ledger_journal_entry entry
    JOIN ledger_posting posting ON posting.entry_id = entry.id
    JOIN ledger_account account ON account.id = posting.account_id
    LEFT JOIN ledger_agreement agreement ON agreement.id = entry.agreement_id
    WHERE entry.accounting_date >= %(starts_on)s AND entry.accounting_date < %(ends_on)s
      AND account.commodity = %(currency)s
    ORDER BY entry.accounting_date, entry.id, posting.id
"""
TRIAL_BALANCE: Final = """
    SELECT account.code, sum(balance.debits), sum(balance.credits)
    FROM ledger_balance balance
    JOIN ledger_account account ON account.id = balance.account_id
    WHERE balance.accounting_date >= %(starts_on)s AND balance.accounting_date < %(ends_on)s
      AND account.commodity = %(currency)s
    GROUP BY account.code
    ORDER BY account.code
"""

PARTIES: Final = ("month", "settlement", "currency", "agreement", "provider", "consumer")
LINE_HEADER: Final = (
    *PARTIES,
    *("deployment", "model", "prior_period", "events", "tokens", "energy_joules"),
    *("co2_location_grams", "co2_market_grams", *LINE_AMOUNTS, "price"),
    *("fee_consumer", "fee_provider", "kind"),
)
POSITION_HEADER: Final = (
    *PARTIES,
    *("price", "fee_consumer", "fee_provider", "carried_consumer", "carried_provider"),
    *("consumer_due", "provider_due", "platform_fee", "rounding"),
    *("consumer_residue", "provider_residue", "journal_entry"),
)
JOURNAL_HEADER: Final = (
    *("accounting_date", "entry", "posting", "kind", "agreement", "narrative", "reference"),
    *("prior_period", "recorded_at", "account", "commodity", "debit", "credit"),
)


class ControlTotalsDiffer(LedgerError):
    """What was exported does not sum to what the books say."""

    problem = "control-totals-differ"

    def __init__(self, what: str, exported: str, books: str) -> None:
        self.what = what
        self.exported = exported
        self.books = books
        super().__init__(f"{what}: exported {exported}, in the books {books}")


@dataclass(frozen=True, slots=True)
class Export:
    """The files of an export, the manifest last, and the control totals that it states."""

    files: list[Path]
    control_totals: dict[str, Any]


def export(*, settlement_id: int, folder: Path) -> Export:
    """Write lines, positions and the month's journal of the settlement's currency, and a manifest.

    The journal's totals by account must equal the balances that the books keep, and the lines'
    those of the positions. Rows are streamed: memory does not grow with them.

    :raises NoSuchSettlement: if there is none.
    :raises ControlTotalsDiffer: if something does not add up; no manifest is written then.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _one_look():
        settlement = _settlement(settlement_id)
        stem = f"{settlement.starts_on:%Y-%m}-{settlement.currency}-{settlement.pk}"
        scope = _scope(settlement)
        line_totals = _Totals(LINE_HEADER, ("price", "fee_consumer", "fee_provider"))
        position_totals = _Totals(POSITION_HEADER, POSITION_HEADER[6:-1])
        by_account = _Accounts()
        written = [
            _write(folder / f"{stem}-{name}.csv", header, _rows(sql, scope), watch)
            for name, header, sql, watch in (
                ("lines", LINE_HEADER, LINES, line_totals.add),
                ("positions", POSITION_HEADER, POSITIONS, position_totals.add),
                ("journal", JOURNAL_HEADER, JOURNAL, by_account.add),
            )
        ]
        totals = _control_totals(line_totals.sums, position_totals.sums)
        totals["trial_balance"] = _trial_balance(by_account.sums, scope)
    manifest = folder / f"{stem}-manifest.json"
    manifest.write_text(
        json.dumps(_manifest(settlement, written, totals), indent=2) + "\n", encoding="utf-8"
    )
    return Export([*(folder / one["file"] for one in written), manifest], totals)


def lines(*, settlement_id: int) -> Iterator[str]:
    """Yield the settlement's lines as CSV, header first; for an answer that is streamed.

    :raises NoSuchSettlement: if there is none.
    """
    scope = _scope(_settlement(settlement_id))
    return _csv(LINE_HEADER, _rows(LINES, scope))


def safe(text: str) -> str:
    """Return a text that a spreadsheet does not take for a formula.

    >>> safe("=HYPERLINK(1)"), safe("qwen")
    ("'=HYPERLINK(1)", 'qwen')
    """
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


class _Totals:
    """Sums of some columns, added up while the rows go by."""

    def __init__(self, header: Sequence[str], names: Sequence[str]) -> None:
        self._columns = [(name, header.index(name)) for name in names]
        self.sums = dict.fromkeys(names, Decimal(0))

    def add(self, row: tuple[Any, ...]) -> None:
        for name, column in self._columns:
            self.sums[name] += row[column]


class _Accounts:
    """Debits and credits by account, added up while the postings go by."""

    def __init__(self) -> None:
        self.sums: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])

    def add(self, row: tuple[Any, ...]) -> None:
        account, _, debit, credit = row[-4:]
        both = self.sums[account]
        both[0] += debit
        both[1] += credit


def _settlement(settlement_id: int) -> Settlement:
    settlement = Settlement.objects.filter(id=settlement_id).first()
    if settlement is None:
        raise NoSuchSettlement(settlement_id)
    return settlement


def _scope(settlement: Settlement) -> dict[str, Any]:
    return {
        "settlement": settlement.pk,
        "starts_on": settlement.starts_on,
        "ends_on": settlement.ends_on,
        "currency": settlement.currency,
    }


@contextmanager
def _one_look() -> Iterator[None]:
    """See the books at one instant, so that totals and rows are of the same."""
    nested = connection.in_atomic_block
    with transaction.atomic(), localcontext(EXACT):
        if not nested:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _rows(sql: str, parameters: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Yield rows from a cursor on the server, chunk by chunk."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, parameters)
        while rows := cursor.fetchmany(CHUNK):
            yield from rows


def _write(
    path: Path,
    header: Sequence[str],
    rows: Iterable[tuple[Any, ...]],
    watch: Callable[[tuple[Any, ...]], None],
) -> dict[str, Any]:
    """Write a CSV file, show each row to `watch`, and return what the manifest says of the file."""
    digest = hashlib.sha256()
    count = 0

    def watched() -> Iterator[tuple[Any, ...]]:
        nonlocal count
        for row in rows:
            watch(row)
            count += 1
            yield row

    with path.open("wb") as file:
        for line in _csv(header, watched()):
            data = line.encode()
            digest.update(data)
            file.write(data)
    return {"file": path.name, "rows": count, "sha256": digest.hexdigest()}


class _Line:
    """What csv.writer writes to, so that it returns the line."""

    def write(self, line: str) -> str:
        return line


def _csv(header: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield str(writer.writerow(header))
    month = header[0] == "month"
    for row in rows:
        cells = [_cell(value) for value in row]
        if month:
            cells[0] = f"{row[0]:%Y-%m}"
        yield str(writer.writerow(cells))


def _cell(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, str):
        return safe(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime | date):
        return value.isoformat()
    return "" if value is None else str(value)


def _control_totals(lines: dict[str, Decimal], positions: dict[str, Decimal]) -> dict[str, Any]:
    """Return the positions' sums.

    :raises ControlTotalsDiffer: if lines sum to something else, or the settled side does not
        balance.
    """
    for name, total in lines.items():
        _equal(f"lines and positions, {name}", total, positions[name])
    settled = positions["provider_due"] + positions["platform_fee"] + positions["rounding"]
    _equal("consumers' dues and what they are for", settled, positions["consumer_due"])
    return {name: f"{total:f}" for name, total in positions.items()}


def _trial_balance(by_account: dict[str, list[Decimal]], scope: dict[str, Any]) -> dict[str, Any]:
    """Return debits and credits by account as the balances have them.

    :raises ControlTotalsDiffer: if the exported postings sum to something else.
    """
    with connection.cursor() as cursor:
        cursor.execute(TRIAL_BALANCE, scope)
        kept = {code: (debits, credits_) for code, debits, credits_ in cursor.fetchall()}
    for code in sorted(kept.keys() | by_account.keys()):
        exported = tuple(by_account.get(code, (Decimal(0), Decimal(0))))
        for side, mine, books in zip(
            ("debits", "credits"), exported, kept.get(code, (Decimal(0), Decimal(0))), strict=True
        ):
            _equal(f"{side} of {code}", mine, books)
    debits = sum((one for one, _ in kept.values()), Decimal(0))
    credits_ = sum((one for _, one in kept.values()), Decimal(0))
    _equal("debits and credits", debits, credits_)
    return {
        "debits": f"{debits:f}",
        "credits": f"{credits_:f}",
        "accounts": {
            code: {"debits": f"{one:f}", "credits": f"{other:f}"}
            for code, (one, other) in kept.items()
        },
    }


def _equal(what: str, exported: Decimal, books: Decimal) -> None:
    if exported != books:
        raise ControlTotalsDiffer(what, f"{exported:f}", f"{books:f}")


def _manifest(
    settlement: Settlement, written: list[dict[str, Any]], totals: dict[str, Any]
) -> dict[str, Any]:
    return {
        "version": VERSION,
        "settlement": settlement.pk,
        "month": f"{settlement.starts_on:%Y-%m}",
        "currency": settlement.currency,
        "state": settlement.state,
        "input_hash": settlement.input_hash,
        "files": written,
        "control_totals": totals,
    }
