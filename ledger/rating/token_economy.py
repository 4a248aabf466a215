"""The token economy as an operator looks at it: read from the rollup, never from usage entries."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import connection

from ledger.errors import LedgerError
from ledger.periods import starts_at
from ledger.quantities import EXACT, round_half_even
from ledger.rating import economy, fleet, rollups
from ledger.rating.economy import LOOK_BACK_DAYS, MONEY_DIGITS, Money, Sums
from ledger.tokens import TOKEN_CLASSES

LONGEST_DAYS: Final = 400
DAYS_SHOWN: Final = 30
FIRST_DAY: Final = date(1971, 1, 1)
LAST_DAY: Final = date(9000, 1, 1)

NAMES: Final[Mapping[str, str]] = {
    "zone": "site.grid_zone",
    "site": "site.code",
    "model": "deployment.model",
    "provider": "provider.code",
}
"""By what tokens are shared out, and where its name stands."""

MEASURES: Final = (
    *("gpu_nanoseconds", "energy_microjoules"),
    *("co2_location_nanograms", "co2_market_nanograms"),
    *("compute", "energy", "green", "scarcity", "margin"),
)
TOKENS: Final = " + ".join(f"rollup.{name}" for name in TOKEN_CLASSES)
USED: Final = f"""
    WITH counted AS ({fleet.COUNTED})
    SELECT (by_hour.hour AT TIME ZONE %(time_zone)s)::date, {{name}}, by_hour.currency,
           sum(by_hour.events), sum(by_hour.tokens),
           coalesce(sum(by_hour.gpu_nanoseconds) FILTER (WHERE counted.gpu_count > 0), 0),
           {", ".join(f"sum(by_hour.{name})" for name in MEASURES)}
    FROM (SELECT rollup.hour, rollup.deployment_id, rollup.currency,
                 sum(rollup.events) AS events, sum({TOKENS}) AS tokens,
                 {", ".join(f"sum(rollup.{name}) AS {name}" for name in MEASURES)}
          FROM ledger_usage_rollup rollup
          WHERE rollup.hour >= %(starts_at)s AND rollup.hour < %(ends_at)s
          GROUP BY rollup.hour, rollup.deployment_id, rollup.currency) by_hour
    JOIN ledger_deployment deployment ON deployment.id = by_hour.deployment_id
    JOIN ledger_site site ON site.id = deployment.site_id
    JOIN ledger_party provider ON provider.id = deployment.provider_id
    LEFT JOIN counted
        ON counted.deployment_id = by_hour.deployment_id
       AND counted.starts_at <= by_hour.hour AND by_hour.hour < counted.ends_at
    GROUP BY 1, 2, 3
"""
BEFORE: Final = f"""
    SELECT (by_hour.hour AT TIME ZONE %(time_zone)s)::date, sum(by_hour.tokens)
    FROM (SELECT rollup.hour, sum({TOKENS}) AS tokens
          FROM ledger_usage_rollup rollup
          WHERE rollup.hour >= %(starts_at)s AND rollup.hour < %(ends_at)s
          GROUP BY rollup.hour) by_hour
    GROUP BY 1
"""
RATES: Final = """
    SELECT DISTINCT ON (wanted.base, wanted.at)
           wanted.base, wanted.day, version.id, version.rate, version.withdrawn
    FROM unnest(%(bases)s::text[], %(days)s::date[], %(at)s::timestamptz[])
         AS wanted (base, day, at)
    JOIN ledger_fx_rate version
        ON version.base = wanted.base AND version.quote = %(quote)s
       AND version.valid_from <= wanted.at
    ORDER BY wanted.base, wanted.at, version.valid_from DESC, version.revision DESC
"""
"""The exchange rate in force when a day begins."""


class EconomySpanRefused(LedgerError):
    """The days asked for cannot be told apart by the hour, or are too many, or none."""

    problem = "economy-span-refused"

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(f"{why}; ask for other days")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked: days of a time zone, shared out by what, converted into which currency.

    Where no day is named, the newest 30 with usage.
    """

    time_zone: str
    by: str = "zone"
    starts_on: date | None = None
    ends_on: date | None = None
    into: str | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """An exchange rate as published: one unit of `base` in the currency converted into."""

    base: str
    rate: Decimal
    version_id: int


@dataclass(frozen=True, slots=True)
class Converted:
    """The price of all currencies in one, at the rates of the day; None if a rate is missing."""

    currency: str
    price: Decimal | None
    rates: list[Rate]
    missing: list[str]


@dataclass(frozen=True, slots=True)
class Day:
    """What was used on a day, and how tokens grew up to it."""

    date: date
    sums: Sums
    growth: Mapping[str, Decimal | None]
    converted: Converted | None


@dataclass(frozen=True, slots=True)
class Share:
    """What was used of all: in a zone, at a site, of a model, of a provider.

    Where GPUs stood ready and nothing was used, that is said too.
    """

    name: str
    sums: Sums
    tokens_share: Decimal | None


@dataclass(frozen=True, slots=True)
class Economy:
    """The token economy of some days in a time zone: starts_on <= day < ends_on."""

    starts_on: date
    ends_on: date
    time_zone: str
    by: str
    days: list[Day]
    total: Sums
    total_converted: Converted | None
    shares: list[Share]


def token_economy(wanted: Wanted, *, now: datetime) -> Economy:
    """Return the figures of each day, of all, and shared out by one of NAMES.

    Three statements of SQL, one for the newest day if none is named, and one for exchange rates.

    :raises EconomySpanRefused: if the days are none or too many, or one begins off an hour.
    """
    by, into, time_zone = wanted.by, wanted.into, wanted.time_zone
    starts_on, ends_on = _named_days(wanted, now=now)
    span = _span(starts_on, ends_on, time_zone, now=now)
    by_day, by_name = _used(economy.days(starts_on, ends_on), name=NAMES[by], span=span)
    tokens = {day: sums.tokens for day, sums in by_day.items()}
    earlier = {
        "time_zone": time_zone,
        "starts_at": starts_at(starts_on - timedelta(days=LOOK_BACK_DAYS), time_zone=time_zone),
        "ends_at": span["starts_at"],
    }
    tokens |= {day: int(count) for day, count in _rows(BEFORE, earlier)}
    total = economy.total(by_day.values())
    rates = _rates(by_day, into=into, time_zone=time_zone) if into else {}
    days = [
        Day(
            date=day,
            sums=by_day.get(day, Sums()),
            growth=economy.growth(tokens, day),
            converted=_converted(by_day.get(day, Sums()), day, into, rates) if into else None,
        )
        for day in economy.days(starts_on, ends_on)
    ]
    shares = [
        Share(name, sums, economy.ratio(sums.tokens, total.tokens))
        for name, sums in sorted(by_name.items(), key=lambda one: (-one[1].tokens, one[0]))
    ]
    return Economy(
        starts_on=starts_on,
        ends_on=ends_on,
        time_zone=time_zone,
        by=by,
        days=days,
        total=total,
        total_converted=_total_converted(days, into) if into else None,
        shares=shares,
    )


def _named_days(wanted: Wanted, *, now: datetime) -> tuple[date, date]:
    """Return the days that are asked for: the newest ones with usage, where none are named."""
    starts_on, ends_on = wanted.starts_on, wanted.ends_on
    for named in (starts_on, ends_on):
        if named is not None and not FIRST_DAY <= named < LAST_DAY:
            raise EconomySpanRefused(f"{named} is far away")
    if ends_on is None and starts_on is None:
        newest = (rollups.latest_hour() or now).astimezone(ZoneInfo(wanted.time_zone)).date()
        ends_on = newest + timedelta(days=1)
    if ends_on is None:
        assert starts_on is not None, "one of the two is named"
        ends_on = starts_on + timedelta(days=DAYS_SHOWN)
    return starts_on or ends_on - timedelta(days=DAYS_SHOWN), ends_on


def _span(starts_on: date, ends_on: date, time_zone: str, *, now: datetime) -> dict[str, Any]:
    """Return the bounds of the days as the rollup keeps hours.

    :raises EconomySpanRefused: as `token_economy` says.
    """
    if not 0 < (ends_on - starts_on).days <= LONGEST_DAYS:
        raise EconomySpanRefused(f"from {starts_on} to {ends_on} are not 1 to {LONGEST_DAYS} days")
    begins = [
        starts_at(day, time_zone=time_zone)
        for day in economy.days(starts_on - timedelta(days=LOOK_BACK_DAYS), ends_on)
    ]
    ends = starts_at(ends_on, time_zone=time_zone)
    if any(at.minute or at.second for at in (*begins, ends)):
        raise EconomySpanRefused(f"days of {time_zone} do not begin with an hour of UTC")
    return {
        "time_zone": time_zone,
        "starts_at": starts_at(starts_on, time_zone=time_zone),
        "ends_at": ends,
        "begun_until": fleet.begun_until(ends_at=ends, now=now),
    }


def _used(
    days: Sequence[date], *, name: str, span: Mapping[str, Any]
) -> tuple[dict[date, Sums], dict[str, Sums]]:
    """Return what was used and which GPUs stood ready for it, by day and by name."""
    by_day: dict[date, Sums] = defaultdict(Sums)
    by_name: dict[str, Sums] = defaultdict(Sums)
    found = [(day, named, _sums(row)) for day, named, *row in _rows(USED.format(name=name), span)]
    for day, named, seconds in fleet.available_gpu_seconds(days, name=name, span=span):
        found.append((day, named, Sums(available_gpu_seconds=seconds)))
    for day, named, sums in found:
        by_day[day].add(sums)
        by_name[named].add(sums)
    return by_day, by_name


def _sums(row: list[Any]) -> Sums:
    currency = str(row[0])
    events, tokens, counted, gpu, joules, location, market, *parts = (int(one) for one in row[1:])
    return Sums(
        events=events,
        tokens=tokens,
        gpu_nanoseconds=gpu,
        counted_gpu_nanoseconds=counted,
        energy_microjoules=joules,
        co2_location_nanograms=location,
        co2_market_nanograms=market,
        money={currency: Money(tokens, joules, *parts)},
    )


def _rates(
    by_day: Mapping[date, Sums], *, into: str, time_zone: str
) -> dict[tuple[str, date], Rate]:
    wanted = [
        (currency, day)
        for day, sums in sorted(by_day.items())
        for currency in sorted(sums.money)
        if currency != into
    ]
    rows = _rows(
        RATES,
        {
            "bases": [currency for currency, _ in wanted],
            "days": [day for _, day in wanted],
            "at": [starts_at(day, time_zone=time_zone) for _, day in wanted],
            "quote": into,
        },
    )
    return {
        (base, day): Rate(base, rate, id_)
        for base, day, id_, rate, withdrawn in rows
        if not withdrawn
    }


def _converted(
    sums: Sums, day: date, into: str, rates: Mapping[tuple[str, date], Rate]
) -> Converted:
    price = Decimal(0)
    used, missing = [], []
    with localcontext(EXACT):
        for one in economy.prices(sums):
            if one.currency == into:
                price += one.price
                continue
            rate = rates.get((one.currency, day))
            if rate is None:
                missing.append(one.currency)
                continue
            used.append(rate)
            price += one.price * rate.rate
    rounded = round_half_even(price, digits=MONEY_DIGITS)
    return Converted(into, None if missing else rounded, used, missing)


def _total_converted(days: list[Day], into: str) -> Converted:
    """Return the sum of the days, each at its own rates; None if one of them lacks a rate."""
    told = [day.converted for day in days if day.converted is not None]
    missing = sorted({currency for one in told for currency in one.missing})
    rates = {(rate.base, rate.version_id): rate for one in told for rate in one.rates}
    with localcontext(EXACT):
        price = sum((one.price for one in told if one.price is not None), Decimal(0))
    named = [rates[key] for key in sorted(rates)]
    return Converted(into, None if missing else price, named, missing)


def _rows(sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
