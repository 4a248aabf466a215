"""The demo's summary: what was used, what it cost, who owes whom, and that the books balance.

Everything but the speed is the same every time; amounts are rounded for reading only.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from rich import box
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table

from ledger.quantities import MINOR_UNIT_DIGITS, round_half_even
from settlement.demo.figures import COMPONENTS, DueLine, Figures
from settlement.demo.run import Outcome

WIDTH: Final = 80
PROMPT: Final = ("input", "cache_read")
GRAMS_PER_KILOGRAM: Final = 1_000
ZERO: Final = Decimal(0)


def show(outcome: Outcome, console: Console) -> None:
    """Print the summary, speed last, and leave a copy beside the exported files."""
    parts = [*_parts(outcome), _speed(outcome)]
    for part in parts:
        console.print(part)
    outcome.folder.mkdir(parents=True, exist_ok=True)
    path = outcome.folder / "summary.txt"
    with path.open("w", encoding="utf-8") as file:
        copy = Console(file=file, width=WIDTH, color_system=None)
        for part in parts:
            copy.print(part)
    console.print(f"[dim]This summary is also in {path}[/dim]", soft_wrap=True)


def _parts(outcome: Outcome) -> Iterator[RenderableType]:
    books = outcome.books
    yield Panel(f"[bold]Clearwatt demo[/bold]  {outcome.plan.title}", width=WIDTH)
    yield _usage(outcome)
    yield _served(books)
    yield _oddities(outcome)
    yield _money(books)
    yield _dues(books)
    yield _net(books)
    yield _trial_balance(outcome)
    yield _files(outcome)


def _usage(outcome: Outcome) -> RenderableType:
    books = outcome.books
    table = _table("Usage in the books", "", "tokens")
    for name, count in books.tokens.items():
        table.add_row(name, f"{count:,}")
    table.add_section()
    table.add_row(f"{books.events:,} events", f"{sum(books.tokens.values()):,}")
    told = outcome.plan.trace
    if told is None:
        return table
    prompt = sum(books.tokens.get(name, 0) for name in PROMPT)
    answers = books.tokens.get("output", 0)
    compared = _table("The trace and the books", "", "trace", "books", "")
    for name, said, booked in (
        ("events", told.events, books.events),
        ("context tokens", told.context_tokens, prompt),
        ("generated tokens", told.generated_tokens, answers),
    ):
        same = "equal" if said == booked else f"differs by {booked - said:,}"
        compared.add_row(name, f"{said:,}", f"{booked:,}", same)
    return Group(table, compared)


def _served(books: Figures) -> Table:
    table = _table(
        "Where it was served", "deployment", "site", "events", "kWh", "kg CO2", "market", text=2
    )
    for one in books.served:
        table.add_row(
            one.deployment,
            one.site.partition(",")[0],
            f"{one.events:,}",
            _number(one.kwh, 3),
            _number(one.co2_location_grams / GRAMS_PER_KILOGRAM, 3),
            _number(one.co2_market_grams / GRAMS_PER_KILOGRAM, 3),
        )
    table.add_section()
    table.add_row(
        "",
        "",
        f"{sum(one.events for one in books.served):,}",
        _number(sum((one.kwh for one in books.served), ZERO), 3),
        *(
            _number(sum(grams, ZERO) / GRAMS_PER_KILOGRAM, 3)
            for grams in (
                [one.co2_location_grams for one in books.served],
                [one.co2_market_grams for one in books.served],
            )
        ),
    )
    return table


def _oddities(outcome: Outcome) -> Table:
    odd = outcome.oddities
    table = _table("What went wrong, as it does", "sent", "events", "became of it", text=1)
    table.columns[2].justify = "left"
    table.add_row("a batch, twice", f"{odd.again.sent:,}", f"{odd.again.duplicates:,} duplicates")
    table.add_row("an id, with another count", "1", f"{odd.odd.conflicts} conflict, not booked")
    table.add_row("an unknown token class", "1", f"{odd.odd.rejected} rejected, the rest recorded")
    table.add_row(
        "a deployment not yet known", "1", f"{odd.set_aside} set aside, rated once published"
    )
    return table


def _money(books: Figures) -> Table:
    currencies = sorted(books.money)
    table = _table("Money by component", "", *currencies)
    for name in COMPONENTS[:-2]:
        table.add_row(name, *(_number(books.money[unit][name], 6) for unit in currencies))
    table.add_section()
    prices = {
        unit: sum((books.money[unit][name] for name in COMPONENTS[:-2]), ZERO)
        for unit in currencies
    }
    table.add_row("price", *(_number(prices[unit], 6) for unit in currencies))
    for name, said in (
        ("fee_provider", "platform's fee, borne by providers"),
        ("fee_consumer", "platform's fee, borne by consumers"),
    ):
        table.add_row(said, *(_number(books.money[unit][name], 6) for unit in currencies))
    return table


def _dues(books: Figures) -> Table:
    table = _table(
        "Settlement", "consumer", "provider", "consumer owes", "provider gets", "platform", text=2
    )
    for line in books.dues:
        table.add_row(
            line.consumer,
            line.provider,
            _amount(line.consumer_due, line.currency),
            _amount(line.provider_due, line.currency),
            _amount(_platform(line), line.currency),
        )
    for currency, first, second, amount in books.set_offs:
        table.add_section()
        table.add_row(first, second, _amount(-amount, currency), "set off, each way", "")
    return table


def _net(books: Figures) -> Table:
    table = _table("In the end", "party", "pays", "is paid", text=1)
    for currency, _, name, net in books.net:
        paid = _amount(abs(net), currency)
        table.add_row(name, *(("", paid) if net >= 0 else (paid, "")))
    by_currency: dict[str, Decimal] = {}
    for line in books.dues:
        by_currency[line.currency] = by_currency.get(line.currency, ZERO) + _platform(line)
    for currency, amount in by_currency.items():
        table.add_row("Clearwatt (fees and rounding)", "", _amount(amount, currency))
    return table


def _platform(line: DueLine) -> Decimal:
    return line.platform_fee + line.rounding


def _trial_balance(outcome: Outcome) -> Table:
    table = _table("Trial balance", "commodity", "debits", "credits", "difference", text=1)
    for commodity, (debits, credits_) in outcome.books.trial_balance.items():
        digits = 0 if commodity == "TOK" else 6
        table.add_row(
            commodity,
            _number(debits, digits),
            _number(credits_, digits),
            f"{debits - credits_:f}" if debits != credits_ else "0",
        )
    table.add_section()
    table.add_row(f"{outcome.audits} audits", "", "", "clean")
    return table


def _files(outcome: Outcome) -> RenderableType:
    statements = sum(path.parent.name == "statements" for path in outcome.files)
    return (
        f"\n{len(outcome.files) - statements} files for finance in {outcome.folder}\n"
        f"{statements} statements in {outcome.folder / 'statements'}\n"
    )


def _speed(outcome: Outcome) -> Table:
    table = _table("Speed here", "", "events", "seconds", "events/s", "measured", text=1)
    table.columns[4].justify = "left"
    for name, events, seconds, how in (
        ("intake", outcome.posted_events, outcome.posting_seconds, "first request to last answer"),
        ("rating", outcome.books.events, outcome.booking_seconds, "first request to last posting"),
    ):
        table.add_row(name, f"{events:,}", f"{seconds:.2f}", f"{events / seconds:,.0f}", how)
    return table


def _table(title: str, *columns: str, text: int = 1) -> Table:
    """Return a table as wide as the page; the first `text` columns are words, the rest numbers."""
    table = Table(
        title=title, title_justify="left", title_style="bold", width=WIDTH, box=box.SIMPLE_HEAD
    )
    for position, name in enumerate(columns):
        table.add_column(name, justify="left" if position < text else "right", no_wrap=True)
    return table


def _amount(amount: Decimal, currency: str) -> str:
    return f"{_number(amount, MINOR_UNIT_DIGITS[currency])} {currency}"


def _number(value: Decimal, digits: int) -> str:
    return f"{round_half_even(value, digits=digits):,f}"
