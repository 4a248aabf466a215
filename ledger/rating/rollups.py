"""What was used in a span of hours, read from the rollup and never from usage entries."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection

from ledger.tokens import TOKEN_CLASSES

SUMS: Final = f"""
           sum(rollup.events), sum({" + ".join(f"rollup.{name}" for name in TOKEN_CLASSES)}),
           sum(rollup.compute + rollup.energy + rollup.green + rollup.scarcity + rollup.margin),
           sum(rollup.fee_provider), sum(rollup.fee_consumer), sum(rollup.energy_microjoules),
           sum(rollup.co2_location_nanograms), sum(rollup.co2_market_nanograms)
"""
BY_CURRENCY: Final = f"""
    SELECT rollup.currency, {SUMS}
    FROM ledger_usage_rollup rollup
    WHERE rollup.hour >= %(starts_at)s AND rollup.hour < %(ends_at)s
    GROUP BY rollup.currency
    ORDER BY rollup.currency
"""
BY_DEPLOYMENT: Final = f"""
    SELECT consumer.code, provider.code, deployment.code, rollup.currency, {SUMS}
    FROM ledger_usage_rollup rollup
    JOIN ledger_party consumer ON consumer.id = rollup.consumer_id
    JOIN ledger_party provider ON provider.id = rollup.provider_id
    JOIN ledger_deployment deployment ON deployment.id = rollup.deployment_id
    WHERE rollup.hour >= %(starts_at)s AND rollup.hour < %(ends_at)s
    GROUP BY consumer.code, provider.code, deployment.code, rollup.currency
    ORDER BY consumer.code, provider.code, deployment.code, rollup.currency
    LIMIT %(limit)s
"""
LATEST: Final = """
    SELECT hour
    FROM ledger_usage_rollup
    ORDER BY hour DESC
    LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Used:
    """Sums of usage entries: money in pico-units, energy in microjoules, CO2 in nanograms."""

    events: int
    tokens: int
    price: int
    fee_provider: int
    fee_consumer: int
    energy_microjoules: int
    co2_location_nanograms: int
    co2_market_nanograms: int


@dataclass(frozen=True, slots=True)
class UsedThere:
    """What a consumer used of a deployment, in the currency of its price."""

    consumer: str
    provider: str
    deployment: str
    currency: str
    used: Used


def by_currency(*, starts_at: datetime, ends_at: datetime) -> dict[str, Used]:
    """Return what was used in starts_at <= hour < ends_at, by the currency it is priced in."""
    span = {"starts_at": starts_at, "ends_at": ends_at}
    return {currency: _used(sums) for currency, *sums in _rows(BY_CURRENCY, span)}


def by_deployment(*, starts_at: datetime, ends_at: datetime, limit: int) -> list[UsedThere]:
    """Return what each consumer used of each deployment, by their codes; `limit` lines at most."""
    span = {"starts_at": starts_at, "ends_at": ends_at, "limit": limit}
    return [
        UsedThere(consumer, provider, deployment, currency, _used(sums))
        for consumer, provider, deployment, currency, *sums in _rows(BY_DEPLOYMENT, span)
    ]


def latest_hour() -> datetime | None:
    """Return the newest hour in which anything was used."""
    rows = _rows(LATEST, {})
    return rows[0][0] if rows else None


def _used(sums: Iterable[Any]) -> Used:
    """Make whole numbers of the database's numerics."""
    return Used(*(int(one) for one in sums))


def _rows(sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
