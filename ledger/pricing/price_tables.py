"""A market's table of prices as days of a price series. Pure.

Timestamps carry their offset, for the hour that comes twice in autumn; intervals that the table
leaves out are gaps, and stated as null.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, localcontext
from typing import Any, Final
from zoneinfo import ZoneInfo

from ledger.errors import LedgerError
from ledger.pricing import documents, market, tariff
from ledger.pricing.windows import QUARTER_MINUTES
from ledger.quantities import EXACT

KWH_PER: Final = {"kwh": 1, "mwh": 1_000}


class PriceTableInvalid(LedgerError):
    """A table of market prices has a line that cannot be read, or one interval twice."""

    problem = "price-table-invalid"

    def __init__(self, line: int, detail: str) -> None:
        self.line = line
        self.detail = detail
        super().__init__(f"line {line}: {detail}")


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table is to be read: what its prices are of, and which columns hold them."""

    series: str
    currency: str
    time_zone: str
    resolution_minutes: int
    per: str
    provenance: str
    time_column: str = "time"
    price_column: str = "price"


def days_from_csv(lines: Iterable[str], layout: Layout) -> list[dict[str, Any]]:
    """Return the rows of the section `price_days` that a table holds, a local day each.

    :raises PriceTableInvalid: if a column is missing, a timestamp has no offset or is not the
        start of an interval, a price is no number, or an interval comes twice.

    >>> layout = Layout("de", "EUR", "Europe/Berlin", 60, "mwh", "smard")
    >>> (day,) = days_from_csv(["time,price", "2026-01-01T01:00+01:00,-12.5"], layout)
    >>> day["day"], len(day["prices"]), day["prices"][:3]
    ('2026-01-01', 24, [None, '-0.0125', None])
    """
    days: dict[date, list[str | None]] = {}
    first: dict[date, int] = {}
    zone = ZoneInfo(layout.time_zone)
    for line, at, price in _read(lines, layout):
        day = at.astimezone(zone).date()
        if day not in days:
            days[day] = _empty(day, layout, line)
            first[day] = tariff.slots_of_day(day, time_zone=layout.time_zone).start
        prices = days[day]
        minutes = (tariff.slot_of(at) - first[day]) * QUARTER_MINUTES
        index, beside = divmod(minutes, layout.resolution_minutes)
        if beside or at != tariff.slot_starts_at(tariff.slot_of(at)):
            raise PriceTableInvalid(line, f"{at.isoformat()} starts no interval")
        if prices[index] is not None:
            raise PriceTableInvalid(line, f"{at.isoformat()} comes a second time")
        prices[index] = price
    return [
        {
            "series": layout.series,
            "day": day.isoformat(),
            "time_zone": layout.time_zone,
            "currency": layout.currency,
            "resolution_minutes": layout.resolution_minutes,
            "prices": prices,
            "provenance": layout.provenance,
        }
        for day, prices in sorted(days.items())
    ]


def _read(lines: Iterable[str], layout: Layout) -> Iterable[tuple[int, datetime, str]]:
    """Yield line number, start of the interval in UTC, and price per kilowatt-hour as text."""
    table = csv.DictReader(lines)
    for column in (layout.time_column, layout.price_column):
        if column not in (table.fieldnames or []):
            raise PriceTableInvalid(1, f"there is no column {column!r}")
    for row in table:
        stated = row[layout.price_column]
        if stated is None or not stated.strip():
            continue  # no price: a gap like a missing line
        yield (
            table.line_num,
            _instant(row[layout.time_column], table.line_num),
            _price(stated.strip(), layout, table.line_num),
        )


def _instant(text: str, line: int) -> datetime:
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise PriceTableInvalid(line, f"{text!r} is not a time, as ISO 8601 writes it") from error
    if at.tzinfo is None:
        raise PriceTableInvalid(line, f"{text!r} has no offset, such as +01:00 or Z")
    return at.astimezone(UTC)


def _price(text: str, layout: Layout, line: int) -> str:
    try:
        price = documents.number(text)
    except ValueError as error:
        raise PriceTableInvalid(line, str(error)) from error
    with localcontext(EXACT):
        per_kwh = price / KWH_PER[layout.per]
    return _plain(per_kwh)


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _empty(day: date, layout: Layout, line: int) -> list[str | None]:
    count = market.intervals_of_day(
        day, time_zone=layout.time_zone, resolution_minutes=layout.resolution_minutes
    )
    if count == 0:
        raise PriceTableInvalid(line, f"{day} has no interval")
    return [None] * count
