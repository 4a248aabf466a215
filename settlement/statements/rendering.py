"""Statements as files: JSON for programs, CSV for spreadsheets, plain text for people."""

import csv
import json
from collections.abc import Iterator
from dataclasses import asdict, fields
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from ledger.periods import last_day
from ledger.quantities import JOULES_PER_KWH, round_half_even, round_to_minor_unit
from settlement.clearing import working
from settlement.statements.exports.csv import safe
from settlement.statements.statement import (
    Components,
    Section,
    Side,
    Statement,
    StatementRow,
    TrueUpWorking,
    statements,
)

WIDTH: Final = 78
COMPONENTS: Final = tuple(one.name for one in fields(Components))
ROW_FIELDS: Final = tuple(one.name for one in fields(StatementRow) if one.name != "components")
NAMES: Final = {"correction": "corrections", "true_up": "true-ups by volume terms"}


def write_statements(*, settlement_id: int, folder: Path) -> list[Path]:
    """Write each party's statement as text, JSON and CSV; return the files, by party.

    :raises NoSuchSettlement: if there is none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for one in statements(settlement_id=settlement_id):
        stem = f"{one.starts_on:%Y-%m}-{one.currency}-{one.settlement_id}-{one.party}"
        for suffix, content in (
            ("txt", as_text(one)),
            ("json", as_json(one)),
            ("csv", as_csv(one)),
        ):
            path = folder / f"{stem}.{suffix}"
            path.write_text(content, encoding="utf-8", newline="")
            paths.append(path)
    return paths


def as_json(statement: Statement) -> str:
    """Return the statement as JSON; amounts are strings."""
    return json.dumps(asdict(statement), default=_plain, indent=2, ensure_ascii=False) + "\n"


def as_csv(statement: Statement) -> str:
    """Return the statement's rows as CSV: one a deployment and agreement, amounts exact."""
    header = ["month", "currency", "role", "agreement", "counterparty", *ROW_FIELDS, *COMPONENTS]
    lines: list[str] = []
    writer = csv.writer(_Lines(lines))
    writer.writerow(header)
    for section in statement.sections:
        for row in section.rows:
            parts = [
                getattr(row.components, name) if row.components else None for name in COMPONENTS
            ]
            values = [
                f"{statement.starts_on:%Y-%m}",
                statement.currency,
                section.role,
                section.agreement,
                section.counterparty,
                *(getattr(row, name) for name in ROW_FIELDS),
                *parts,
            ]
            writer.writerow([_cell(value) for value in values])
    return "".join(lines)


def as_text(statement: Statement) -> str:
    """Return the statement as a page of plain text, 78 characters wide."""
    return "\n".join(_page(statement)) + "\n"


def _page(statement: Statement) -> Iterator[str]:
    days = f"{statement.starts_on} to {last_day(statement.ends_on)}"
    yield f"Statement for {statement.party_name} ({statement.party})"
    yield f"{days}, in {statement.currency}"
    yield f"Settlement {statement.settlement_id}, {statement.state}"
    for section in statement.sections:
        yield ""
        yield from _section(section, currency=statement.currency)
    yield ""
    yield "Served in all"
    yield _line("events", f"{statement.events:,}")
    yield _line("tokens", f"{statement.tokens:,.0f}")
    kwh = round_half_even(statement.energy_joules / JOULES_PER_KWH, digits=6)
    yield _line("energy, kWh", f"{kwh:,f}")
    yield _line("CO2 by location, g", f"{statement.co2_location_grams:,.6f}")
    yield _line("CO2 by market, g", f"{statement.co2_market_grams:,.6f}")
    for side in statement.sides:
        yield ""
        yield from _side(side, statement.set_offs, currency=statement.currency)
    yield ""
    yield "=" * WIDTH
    said = "to be paid to you" if statement.net >= 0 else "to be paid by you"
    yield _line(
        f"{statement.currency} {said}", _money(abs(statement.net), currency=statement.currency)
    )


def _section(section: Section, *, currency: str) -> Iterator[str]:
    bought = section.role == "consumer"
    yield f"{'Bought from' if bought else 'Sold to'} {section.counterparty_name}"
    yield f"under agreement {section.agreement}"
    yield "-" * WIDTH
    yield _line("carried over from before", f"{section.carried:,f}")
    for row in section.rows:
        name = f"{row.model} ({row.deployment})" if row.deployment else NAMES[row.kind]
        late = ", of an earlier month" if row.prior_period else ""
        if row.kind == "true_up":
            yield f"{name}{late}"
        else:
            yield f"{name}{late}: {row.events:,} events, {row.tokens:,.0f} tokens"
        if row.components and row.kind != "true_up":
            for part in COMPONENTS:
                yield _line(f"    {part}", f"{getattr(row.components, part):,f}")
        yield _line("  price", f"{row.price:,f}")
    for one in section.true_ups:
        yield from _true_up(one)
    yield _line("platform's fee", f"{section.fee if bought else -section.fee:,f}")
    yield _line("due, rounded to the smallest unit", _money(section.due, currency=currency))
    yield _line("carried over to the next month", f"{section.residue:,f}")


def _true_up(one: TrueUpWorking) -> Iterator[str]:
    """Yield how a month's true-up came about: what was measured, at what, to what."""
    yield f"How the true-up of {one.month:%Y-%m} came about (all of the month)"
    for row in one.working:
        yield _line(f"    {working.sentence(row)}", f"{Decimal(row['amount']):,f}")
    yield _line("    of it in this settlement", f"{one.booked:,f}")


def _side(side: Side, set_offs: list[tuple[str, Decimal]], *, currency: str) -> Iterator[str]:
    yield "What you owe" if side.role == "consumer" else "What you are owed"
    yield "-" * WIDTH
    yield _line("open before", _money(side.opening, currency=currency))
    yield _line("due of this month", _money(side.due, currency=currency))
    for party, amount in set_offs:
        yield _line(f"set off against {party}", _money(-amount, currency=currency))
    yield _line("open", _money(side.closing, currency=currency))


def _money(amount: Decimal, *, currency: str) -> str:
    """Return what is due with the currency's digits; it is whole minor units already."""
    return f"{round_to_minor_unit(amount, currency=currency):,}"


def _line(name: str, value: str) -> str:
    return f"{name}{value.rjust(WIDTH - len(name))}"


class _Lines:
    """What csv.writer writes to: a list of lines."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def write(self, line: str) -> None:
        self._lines.append(line)


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return safe(value)
    return "" if value is None else _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
