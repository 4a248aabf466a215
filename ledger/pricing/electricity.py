"""Which tariff says what a kilowatt-hour costs at a site in a slot: a calendar, or a market."""

from typing import Any, Final

from ledger.pricing import inputs, market, tariff
from ledger.pricing.market import SeriesTerms
from ledger.pricing.models import Site, SiteTariff, TariffVersion
from ledger.pricing.published import Lack, Published
from ledger.pricing.tariff import TariffTerms

MARKET_PERIOD: Final = "market"
"""What stands for a tariff's period where each interval has a price of its own."""


def of_slot(published: Published, *, site: Site, slot: int) -> dict[str, Any] | Lack:
    """Return what electricity costs from in a slot, or what is not published for it."""
    at = tariff.slot_starts_at(slot)
    supply = published.in_force(SiteTariff, (site.pk,), at)
    if supply is None:
        return Lack("no_tariff", f"tariff:{site.code}")
    version: TariffVersion | None = published.in_force(TariffVersion, (supply.tariff_id,), at)
    if version is None:
        return Lack("no_tariff", f"tariff_version:{supply.tariff.code}")
    terms = published.tariff_terms[version.pk]
    priced = (
        _market(published, terms, slot=slot)
        if isinstance(terms, SeriesTerms)
        else _calendar(published, terms, slot=slot)
    )
    if isinstance(priced, Lack):
        return priced
    return {
        **inputs.values_of(version),
        "tariff": supply.tariff.code,
        "currency": terms.currency,
        **priced,
        "demand_price_per_kwh": inputs.text(tariff.demand_price_per_kwh(terms)),
    }


def _calendar(published: Published, terms: TariffTerms, *, slot: int) -> dict[str, Any] | Lack:
    calendar = published.calendars.get(terms.holiday_calendar) if terms.holiday_calendar else None
    try:
        period = tariff.period_at(terms, slot=slot, calendar=calendar)
    except tariff.NoCalendarYear as error:
        return Lack("no_calendar", f"calendar:{terms.holiday_calendar}/{error.year}")
    month = tariff.local_month(terms, slot=slot)
    price = tariff.price_per_kwh(terms, period=period, month=month)
    priced: dict[str, Any] = {"period": period, "price_per_kwh": inputs.text(price)}
    override = tariff.override_at(terms, slot=slot)
    if override is not None:
        priced["override"] = {"date": override.day.isoformat(), "reason": override.reason}
    return priced


def _market(published: Published, terms: SeriesTerms, *, slot: int) -> dict[str, Any] | Lack:
    day = market.local_day(terms.time_zone, slot=slot)
    missing = f"price_series:{terms.series}/{day.isoformat()}"
    row = published.price_days.get((terms.series, day))
    if row is None:
        return Lack("no_price_series", missing, f"no prices of {day.isoformat()} are published")
    if (row.time_zone, row.currency) != (terms.time_zone, terms.currency):
        detail = f"prices of {day.isoformat()} are stated in {row.currency} and {row.time_zone}"
        return Lack("no_price_series", missing, detail)
    interval = market.interval_at(
        day=day,
        time_zone=row.time_zone,
        resolution_minutes=row.resolution_minutes,
        prices=row.prices,
        slot=slot,
    )
    starts_at, ends_at = interval.starts_at.isoformat(), interval.ends_at.isoformat()
    if interval.price_per_kwh is None:
        return Lack("no_price_series", missing, f"no price from {starts_at} to {ends_at}")
    price = market.price_per_kwh(terms, market_price=interval.price_per_kwh)
    return {
        "period": MARKET_PERIOD,
        "price_per_kwh": inputs.text(price),
        "market": inputs.values_of(row)
        | {
            "series": row.series,
            "starts_at": starts_at,
            "resolution_minutes": row.resolution_minutes,
            "price_per_kwh": inputs.text(interval.price_per_kwh),
        },
    }
