"""What our tokens cost against what others publicly ask for them: cost coverage by model.

A month's tokens of a deployment, by class as they were used, priced at each vendor's list: that
against what they cost us says whether the market's price would have paid for them. A model is found
at vendors by its name, without vendor and precision. Reference only: nothing is priced by it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, localcontext
from statistics import median_low
from typing import Any, Final

from django.db import connection

from ledger.parties.viewers import Viewer
from ledger.periods import month_of
from ledger.pricing.list_prices.listings import CURRENCY, same_model
from ledger.pricing.models import FxRate, MarketPrice
from ledger.pricing.published import Published
from ledger.quantities import EXACT, PICO_PER_UNIT, in_units
from ledger.rating import rate
from ledger.tokens import TOKEN_CLASSES

MILLION: Final = 1_000_000
LATEST_MONTH: Final = """
    SELECT hour
    FROM ledger_usage_rollup
    WHERE %(sees_all)s OR %(party)s IN (provider_id, consumer_id)
    ORDER BY hour DESC
    LIMIT 1
"""
USED: Final = f"""
    SELECT deployment.model, provider.code, deployment.code, rollup.currency,
           bool_and(%(sees_all)s OR rollup.provider_id = %(party)s),
           sum(rollup.compute + rollup.energy + rollup.green),
           sum(rollup.compute + rollup.energy + rollup.green + rollup.scarcity + rollup.margin),
           {", ".join(f"sum(rollup.{name})" for name in TOKEN_CLASSES)}
    FROM ledger_usage_rollup rollup
    JOIN ledger_deployment deployment ON deployment.id = rollup.deployment_id
    JOIN ledger_party provider ON provider.id = rollup.provider_id
    WHERE rollup.hour >= %(starts_at)s AND rollup.hour < %(ends_at)s
      AND (%(sees_all)s OR %(party)s IN (rollup.provider_id, rollup.consumer_id))
    GROUP BY deployment.model, provider.code, deployment.code, rollup.currency
    ORDER BY deployment.model, provider.code, deployment.code, rollup.currency
"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The newest snapshot of public list prices."""

    source: str
    version: str
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class VendorPrice:
    """What a vendor's list makes of the tokens, in USD per million of them."""

    vendor: str
    model: str
    per_million: Decimal


@dataclass(frozen=True, slots=True)
class Coverage:
    """A deployment's month against the market, in USD per million tokens of its own mix.

    `cost` is compute, energy and green, None where it is not the viewer's to see; `lack` says why
    there is nothing to compare with.
    """

    model: str
    provider: str
    deployment: str
    tokens: int
    price: Decimal | None
    cost: Decimal | None
    vendors: Sequence[VendorPrice]
    lack: str

    @property
    def median(self) -> VendorPrice | None:
        """Return the listing in the middle; of two, the lower."""
        if not self.vendors:
            return None
        middle = median_low(one.per_million for one in self.vendors)
        return next(one for one in self.vendors if one.per_million == middle)

    @property
    def covered(self) -> Decimal | None:
        """Return the median list price over our cost: below one, the market does not pay it."""
        median = self.median
        if median is None or not self.cost:
            return None
        with localcontext(EXACT):
            return median.per_million / self.cost


@dataclass(frozen=True, slots=True)
class Report:
    """A month of cost coverage, against a snapshot; None if none was ever taken."""

    starts_on: date
    snapshot: Snapshot | None
    lines: Sequence[Coverage]


def report(viewer: Viewer, *, span: tuple[date, date] | None, now: datetime) -> Report:
    """Return the viewer's month, by default the last with usage, against the newest snapshot."""
    scope = {"sees_all": viewer.sees_all, "party": viewer.party_id}
    if span is None:
        rows = _rows(LATEST_MONTH, scope)
        span = _month(rows[0][0] if rows else now)
    starts_on, ends_on = span
    newest = MarketPrice.objects.order_by("-taken_at", "-id").first()
    bounds = {"starts_at": _midnight(starts_on), "ends_at": _midnight(ends_on)}
    used = _rows(USED, {**scope, **bounds})
    if newest is None:
        return Report(starts_on, None, [])
    listed = _listed(newest, until=ends_on, names={same_model(row[0]) for row in used})
    published = rate.current_rates().published
    return Report(
        starts_on=starts_on,
        snapshot=Snapshot(newest.source, newest.source_version, newest.taken_at),
        lines=[_coverage(row, listed, published, at=_midnight(ends_on)) for row in used],
    )


Listed = Mapping[str, Mapping[tuple[str, str], Mapping[str, Decimal]]]
"""Prices per million by common name, then vendor and model, then token class."""


def _listed(newest: MarketPrice, *, until: date, names: set[str]) -> Listed:
    """Return the prices of the snapshot that held at the end of the month."""
    found: dict[str, dict[tuple[str, str], dict[str, Decimal]]] = defaultdict(dict)
    rows = MarketPrice.objects.filter(
        source=newest.source, source_version=newest.source_version, valid_from__lt=until
    )
    for one in rows.order_by("valid_from"):
        name = same_model(one.model)
        if name in names:
            of_model = found[name].setdefault((one.vendor, one.model), {})
            of_model[one.token_class] = one.price_per_million
    return found


def _coverage(
    row: tuple[Any, ...], listed: Listed, published: Published, *, at: datetime
) -> Coverage:
    model, provider, deployment, currency, shows_cost, cost, price = row[:7]
    counts = {name: int(count) for name, count in zip(TOKEN_CLASSES, row[7:], strict=True)}
    tokens = sum(counts.values())
    fx = _into_usd(published, currency, at)
    vendors = list(_vendors(listed.get(same_model(model), {}), counts, tokens))
    lack = ""
    if tokens <= 0:
        lack = "nothing was used"
    elif fx is None:
        lack = f"no rate from {currency} to {CURRENCY} is published"
    elif not vendors:
        lack = "no vendor lists a model of this name for all of these token classes"
    return Coverage(
        model=model,
        provider=provider,
        deployment=deployment,
        tokens=tokens,
        price=_per_million(int(price), tokens, fx),
        cost=_per_million(int(cost), tokens, fx) if shows_cost else None,
        vendors=sorted(vendors, key=lambda one: (one.per_million, one.vendor, one.model)),
        lack=lack,
    )


def _vendors(
    listed: Mapping[tuple[str, str], Mapping[str, Decimal]], counts: Mapping[str, int], tokens: int
) -> Iterable[VendorPrice]:
    """Return what each list makes of the tokens; a list without a class that was used is none.

    Where a vendor names no price for tokens found in the cache, it charges them as others.
    """
    if tokens <= 0:
        return
    for (vendor, model), prices in listed.items():
        full = {**dict.fromkeys(_PROMPT, prices.get("input")), **prices}
        charged = {name: full.get(name) for name, count in counts.items() if count}
        if all(price is not None for price in charged.values()):
            with localcontext(EXACT):
                sums = sum(
                    (counts[name] * price for name, price in charged.items() if price is not None),
                    Decimal(0),
                )
                yield VendorPrice(vendor, model, sums / tokens)


_PROMPT: Final = ("cache_read", "cache_write_5m", "cache_write_1h")


def _into_usd(published: Published, currency: str, at: datetime) -> Decimal | None:
    """Return what a unit of the currency is in USD, by a rate either way; None if unpublished."""
    if currency == CURRENCY:
        return Decimal(1)
    direct = published.in_force(FxRate, (currency, CURRENCY), at)
    if direct is not None:
        return Decimal(direct.rate)
    inverse = published.in_force(FxRate, (CURRENCY, currency), at)
    with localcontext(EXACT):
        return None if inverse is None else 1 / inverse.rate


def _per_million(pico: int, tokens: int, fx: Decimal | None) -> Decimal | None:
    if fx is None or tokens <= 0:
        return None
    with localcontext(EXACT):
        return in_units(pico, per_unit=PICO_PER_UNIT) * fx * MILLION / tokens


def _month(at: datetime) -> tuple[date, date]:
    day = at.astimezone(UTC).date()
    return month_of(day)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _rows(sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
