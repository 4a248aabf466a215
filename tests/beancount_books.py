"""The general journal in two other programs' languages, so that they may say whether it balances.

beancount tolerates one unit of the last digit that it reads. So it is given two digits more than
the books keep: a single pico-unit is then no rounding to it, but an error.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

from django.db import connection

POSTINGS = """
    SELECT entry.id, entry.accounting_date, entry.kind, entry.narrative, account.code,
           posting.amount
    FROM ledger_posting posting
    JOIN ledger_journal_entry entry ON entry.id = posting.entry_id
    JOIN ledger_account account ON account.id = posting.account_id
    ORDER BY entry.accounting_date, entry.id, posting.id
"""
BALANCES = """
    SELECT account.code, sum(balance.debits - balance.credits)
    FROM ledger_balance balance
    JOIN ledger_account account ON account.id = balance.account_id
    GROUP BY account.code
    ORDER BY account.code
"""
# What a consumer owes is an asset; what a provider is owed is a liability; the rest is income.
ROOTS = {"consumer": "Assets", "provider": "Liabilities", "platform": "Income", "site": "Equity"}
COMMODITIES = {"J": "JOULE", "CO2E_L": "CO2E-L", "CO2E_M": "CO2E-M"}


@dataclass(frozen=True)
class Verdict:
    """What a program said of the books: nothing, if it has no fault to find."""

    code: int
    output: str


def bean_check(folder: Path) -> Verdict:
    """Write the journal with a balance assertion an account, and have bean-check read it."""
    path = folder / "books.beancount"
    path.write_text("\n".join(_beancount()), encoding="utf-8")
    return _run([str(Path(sys.executable).with_name("bean-check")), str(path)])


def hledger_check(folder: Path) -> Verdict:
    """Write the journal with a balance assertion an account, and have hledger read it."""
    path = folder / "books.journal"
    path.write_text("\n".join(_hledger()), encoding="utf-8")
    return _run(["hledger", "-f", str(path), "check", "--strict", "ordereddates"])


def has_hledger() -> bool:
    """Return whether the program is on this machine."""
    return shutil.which("hledger") is not None


def _beancount() -> Iterator[str]:
    rows, balances = _rows(POSTINGS), _rows(BALANCES)
    yield 'option "booking_method" "NONE"'
    for code, _ in balances:
        yield f"1970-01-01 open {_account(code)} {_commodity(code)}"
    for entry_id, day, kind, narrative, postings in _entries(rows):
        yield f'{day} * "{kind} {entry_id}" "{_quoted(narrative)}"'
        for code, amount in postings:
            yield f"  {_account(code)}  {amount:.14f} {_commodity(code)}"
    for code, amount in balances:
        yield f"2100-01-01 balance {_account(code)}  {amount:.14f} {_commodity(code)}"
    yield ""


def _hledger() -> Iterator[str]:
    rows, balances = _rows(POSTINGS), _rows(BALANCES)
    for commodity in sorted({_commodity(code) for code, _ in balances}):
        yield f'commodity 1000.000000000000 "{commodity}"'
    for code, _ in balances:
        yield f"account {code}"
    for entry_id, day, kind, narrative, postings in _entries(rows):
        yield f"{day} * {kind} {entry_id} | {_quoted(narrative)}"
        for code, amount in postings:
            yield f'  {code}  {amount:.12f} "{_commodity(code)}"'
    yield "2100-01-01 * every account as the books have it"
    for code, amount in balances:
        yield f'  {code}  0 "{_commodity(code)}" = {amount:.12f} "{_commodity(code)}"'
    yield ""


def _entries(
    rows: list[tuple[Any, ...]],
) -> Iterator[tuple[int, date, str, str, list[tuple[str, Decimal]]]]:
    for (entry_id, day, kind, narrative), group in groupby(rows, key=lambda row: row[:4]):
        yield entry_id, day, kind, narrative, [(code, amount) for *_, code, amount in group]


def _account(code: str) -> str:
    """Return the account in beancount's form: parts that begin with a capital, under a root."""
    owner, *parts = code.split(":")
    named = [part.replace("_", "-").capitalize() for part in (owner, *parts[:-1])]
    return ":".join([ROOTS[owner], *named, _commodity(code)])


def _commodity(code: str) -> str:
    name = code.rpartition(":")[2]
    return COMMODITIES.get(name, name)


def _quoted(text: str) -> str:
    return text.replace('"', "'").replace("\n", " ")


def _rows(sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _run(command: list[str]) -> Verdict:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return Verdict(done.returncode, (done.stdout + done.stderr).strip())
