"""What a catalogue document changes, as tables for a terminal."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from ledger.pricing import inputs
from ledger.pricing.publishing.changes import Change
from ledger.pricing.publishing.proposals import Preview


def tables(preview: Preview) -> Iterator[RenderableType]:
    """Yield what to print: what is added, each field that changes, and the prices that move."""
    added = Counter(one.section for one in preview.changes if not one.moves_prices)
    if added:
        counts = ", ".join(f"{count} {section}" for section, count in added.items())
        yield Text(f"New, moving no price that is in force: {counts}")
    moving = [one for one in preview.changes if one.moves_prices]
    if moving:
        yield _fields(moving)
        yield (
            _prices(preview)
            if preview.effects
            else Text("No price of today's deployments and agreements moves on the days looked at.")
        )


def _fields(moving: list[Change]) -> Table:
    table = Table(title="What changes", box=box.SIMPLE_HEAD, title_justify="left")
    for name in ("section", "of", "from (UTC)", "field", "before", "after"):
        table.add_column(name, overflow="fold")
    for change in moving:
        since = f"{change.valid_from:%Y-%m-%d %H:%M}" if change.valid_from else ""
        what = (change.section, change.name, since)
        for one in change.fields:
            table.add_row(*what, one.field, one.before or "–", one.after or "–")
            what = ("", "", "")
        if change.act == "withdrawn":
            table.add_row(*what, "", "", "withdrawn")
    return table


def _prices(preview: Preview) -> Table:
    table = Table(
        title="What that does to prices: per million tokens, the mean of the first day's hours",
        box=box.SIMPLE_HEAD,
        title_justify="left",
    )
    for name in ("agreement", "deployment", "day from (UTC)", "class"):
        table.add_column(name)
    for name in ("before", "after", "change"):
        table.add_column(name, justify="right")
    for one in preview.effects:
        table.add_row(
            *(one.agreement, one.deployment, f"{one.starts_at:%Y-%m-%d %H:%M}", one.token_class),
            *(_price(one.before, one.currency), _price(one.after, one.currency)),
            one.percent,
        )
    return table


def _price(price: Decimal | None, currency: str) -> str:
    return "no price" if price is None else f"{inputs.text(price)} {currency}"
