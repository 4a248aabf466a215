"""Where a kilowatt-hour's price comes from: the window, components and ratio. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Any, Final
from zoneinfo import ZoneInfo

from ledger.pricing.derivation import Step, written
from ledger.pricing.tariff import HOURS_PER_MONTH, slot_starts_at
from ledger.quantities import EXACT

CALENDAR: Final = "calendar"
MINUTES_PER_HOUR: Final = 60
EVERY_MONTH: Final = 12


@dataclass(frozen=True, slots=True)
class Window:
    """A window of a tariff that holds at the local time of a slot; `spans` as they are written."""

    period: str
    spans: str
    months: str
    day_types: str
    rank: int


def windows_at(document: Mapping[str, Any], *, period: str, slot: int) -> list[Window]:
    """Return the windows of the period that hold at the local time of the slot, highest first."""
    if document.get("kind") != CALENDAR:
        return []
    local = slot_starts_at(slot).astimezone(ZoneInfo(document["time_zone"]))
    minute = local.hour * MINUTES_PER_HOUR + local.minute
    found = [
        Window(
            period=period,
            spans=", ".join("–".join(span) for span in one["spans"]),
            months=_listed(one.get("months"), most=EVERY_MONTH, every="every month"),
            day_types=", ".join(str(kind).replace("_", " ") for kind in one.get("day_types") or [])
            or "any",
            rank=one.get("rank", 0),
        )
        for one in document.get("windows") or []
        if one["period"] == period
        and local.month in (one.get("months") or [local.month])
        and any(_minute(begins) <= minute < _minute(ends) for begins, ends in one["spans"])
    ]
    return sorted(found, key=lambda one: -one.rank)


def electricity_steps(
    document: Mapping[str, Any], *, electricity: Mapping[str, Any], slot: int
) -> list[Step]:
    """Return how the tariff makes its price: by components and a ratio, or as it was published.

    `electricity` are a rate's inputs. A price that the tariff's terms do not lead to, since it
    comes from elsewhere, has no steps here.
    """
    if document.get("kind") != CALENDAR:
        return _from_market(document, electricity)
    local = slot_starts_at(slot).astimezone(ZoneInfo(document["time_zone"]))
    price = Decimal(electricity["price_per_kwh"])
    currency, period = str(document["currency"]), str(electricity.get("period"))
    published = (document.get("published") or {}).get(period)
    made = _from_components(document, period=period, month=local.month, currency=currency)
    steps = []
    if published is not None and Decimal(published) == price:
        steps.append(
            _step(f"{period} price, as published", "as published", written(price), price, currency)
        )
        if made is not None:
            steps.append(made)
    elif made is not None and made.result == price:
        steps.append(made)
    demand = document.get("demand_per_kw_month") or document.get("capacity_per_kva_month")
    if demand is not None and document.get("load_factor"):
        load = Decimal(document["load_factor"])
        steps.append(
            _step(
                "demand price",
                "charge a kW and month / (730 h × load factor)",
                f"{written(Decimal(demand))} / ({HOURS_PER_MONTH} × {written(load)})",
                Decimal(electricity["demand_price_per_kwh"]),
                currency,
            )
        )
    return steps


def _from_market(document: Mapping[str, Any], electricity: Mapping[str, Any]) -> list[Step]:
    """Return how a market's price of an interval, and what is added to it, make the price."""
    market = electricity.get("market")
    if market is None:
        return []
    parts = [
        ("market price", Decimal(market["price_per_kwh"])),
        *(
            (str(one["name"]).replace("_", " "), Decimal(one["per_kwh"]))
            for one in document.get("components") or []
        ),
    ]
    price = Decimal(electricity["price_per_kwh"])
    with localcontext(EXACT):
        if sum((value for _, value in parts), start=Decimal(0)) != price:
            return []
    return [
        _step(
            f"price from {market['starts_at']} on, of {market['series']}",
            " + ".join(name for name, _ in parts),
            " + ".join(written(value) for _, value in parts),
            price,
            str(document["currency"]),
        )
    ]


def _from_components(
    document: Mapping[str, Any], *, period: str, month: int, currency: str
) -> Step | None:
    components = document.get("components") or []
    ratio = next(
        (
            Decimal(row["by_period"][period])
            for row in document.get("ratios") or []
            if month in (row.get("months") or [month]) and period in row["by_period"]
        ),
        None,
    )
    if not components or ratio is None:
        return None
    with localcontext(EXACT):
        result = sum(
            (Decimal(one["per_kwh"]) * (ratio if one["floats"] else 1) for one in components),
            start=Decimal(0),
        )
    return _step(
        f"{period} price, from components",
        " + ".join(
            f"{str(one['name']).replace('_', ' ')}{' × ratio' if one['floats'] else ''}"
            for one in components
        ),
        " + ".join(
            f"{written(Decimal(one['per_kwh']))}{f' × {written(ratio)}' if one['floats'] else ''}"
            for one in components
        ),
        result,
        currency,
    )


def _step(name: str, formula: str, filled: str, result: Decimal, currency: str) -> Step:
    return Step("a kilowatt-hour", name, formula, filled, result, currency, ("electricity",))


def _listed(numbers: list[int] | None, *, most: int, every: str) -> str:
    if not numbers or len(numbers) == most:
        return every
    return "months " + ", ".join(map(str, numbers))


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * MINUTES_PER_HOUR + int(minutes)
