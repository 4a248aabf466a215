"""Audit of what rates took for electricity: it follows from the tariff, or from a market."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from ledger.audit.versions import Stated, Versions
from ledger.errors import LedgerError
from ledger.pricing import market, tariff
from ledger.pricing.electricity import MARKET_PERIOD
from ledger.pricing.market import SeriesTerms
from ledger.pricing.models import PriceDay
from ledger.pricing.overrides import Override
from ledger.pricing.tariff import TariffTerms, slot_of

MONTHS: Final = range(1, 13)


def faults(name: str, stated: Stated, document: object, held: Versions) -> Iterator[str]:
    """Compare the electricity of a slot rate with the terms of the version that it names."""
    try:
        terms = market.terms_from_document(document)
        follows = (
            _follows_market(stated.values, terms, held)
            if isinstance(terms, SeriesTerms)
            else _follows_calendar(stated.values, terms)
        )
    except (LedgerError, ValueError, KeyError, IndexError, ArithmeticError):
        follows = False
    if not follows:
        yield f"{name}: its electricity price does not follow from version {stated.id}"


def _follows_calendar(values: Mapping[str, Any], terms: TariffTerms) -> bool:
    """Return whether a tariff has this price in this period of some month, and this override."""
    prices = {
        tariff.price_per_kwh(terms, period=values["period"], month=month)
        for month in MONTHS
        if values["period"] in terms.published or values["period"] in terms.ratios.get(month, {})
    }
    decided = [_override(one) for one in terms.overrides.values()]
    return (
        Decimal(values["price_per_kwh"]) in prices
        and Decimal(values["demand_price_per_kwh"]) == tariff.demand_price_per_kwh(terms)
        and "market" not in values
        and ("override" not in values or values["override"] in decided)
    )


def _override(override: Override) -> dict[str, str]:
    return {"date": override.day.isoformat(), "reason": override.reason}


def _follows_market(values: Mapping[str, Any], terms: SeriesTerms, held: Versions) -> bool:
    """Return whether the market's day that is named has this price in this interval."""
    stated = values["market"]
    row: PriceDay | None = held.price_days.get(stated["id"])
    if row is None or values["period"] != MARKET_PERIOD:
        return False
    market.check_price_day(
        {name: getattr(row, name) for name in ("day", "time_zone", "resolution_minutes", "prices")}
    )
    starts_at = datetime.fromisoformat(stated["starts_at"])
    slot = slot_of(starts_at)
    if market.local_day(row.time_zone, slot=slot) != row.day:
        return False
    interval = market.interval_at(
        day=row.day,
        time_zone=row.time_zone,
        resolution_minutes=row.resolution_minutes,
        prices=row.prices,
        slot=slot,
    )
    price = interval.price_per_kwh
    return (
        price is not None
        and (row.series, row.currency, row.time_zone)
        == (terms.series, terms.currency, terms.time_zone)
        and stated["series"] == row.series
        and stated.get("provenance") == row.provenance.code
        and stated["resolution_minutes"] == row.resolution_minutes
        and stated["starts_at"] == interval.starts_at.isoformat()
        and Decimal(stated["price_per_kwh"]) == price
        and Decimal(values["price_per_kwh"]) == market.price_per_kwh(terms, market_price=price)
        and Decimal(values["demand_price_per_kwh"]) == tariff.demand_price_per_kwh(terms)
    )
