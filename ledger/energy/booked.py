"""What usage booked at a site in a month: by rate from the usage journal, or in sums."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import connection

from ledger.energy.months import SiteMonth
from ledger.energy.variances import JOULES, Booked
from ledger.quantities import MICROJOULES_PER_JOULE, PICO_PER_UNIT, in_units
from ledger.rating.archive.records import require_at_hand

BY_RATE: Final = """
    WITH used AS (
        SELECT usage.provider_id, usage.price_rate_id,
               sum(usage.energy_microjoules) AS microjoules, sum(usage.energy) AS pico,
               sum(usage.gpu_nanoseconds) AS nanoseconds
        FROM ledger_usage_entry usage
        JOIN ledger_deployment deployment ON deployment.id = usage.deployment_id
        WHERE deployment.site_id = %(site)s
          AND usage.occurred_at >= %(starts_at)s AND usage.occurred_at < %(ends_at)s
        GROUP BY usage.provider_id, usage.price_rate_id
    )
    SELECT provider.code, price.currency, sum(used.microjoules), sum(used.pico),
           sum(used.nanoseconds), slot.inputs -> 'pue' ->> 'pue',
           slot.inputs -> 'profile' ->> 'boundary',
           slot.inputs -> 'profile' ->> 'idle_watts_per_gpu',
           slot.inputs -> 'terms' ->> 'utilisation',
           (slot.inputs -> 'gpu_hour' ->> 'includes_energy')::boolean
    FROM used
    JOIN ledger_party provider ON provider.id = used.provider_id
    JOIN ledger_price_rate price ON price.id = used.price_rate_id
    JOIN ledger_slot_rate slot ON slot.id = price.slot_rate_id
    GROUP BY 1, 2, 6, 7, 8, 9, 10
    HAVING sum(used.microjoules) <> 0 OR sum(used.pico) <> 0
    ORDER BY 1, 2, 6, 7, 8, 9, 10
"""
# Whole hours come from the rollup. Where a month begins between two hours of UTC, as in zones of
# half an hour, what is left at its edges comes from the usage journal.
SUMS: Final = """
    WITH span AS (
        SELECT * FROM unnest(%(sites)s::bigint[], %(starts)s::timestamptz[],
                             %(hours_from)s::timestamptz[], %(hours_to)s::timestamptz[],
                             %(ends)s::timestamptz[])
            AS span (site_id, starts_at, hours_from, hours_to, ends_at)
    )
    SELECT span.site_id, provider.code, used.currency, sum(used.microjoules), sum(used.pico)
    FROM span
    JOIN ledger_deployment deployment ON deployment.site_id = span.site_id
    JOIN ledger_party provider ON provider.id = deployment.provider_id
    JOIN LATERAL (
        SELECT rollup.currency, rollup.energy_microjoules AS microjoules, rollup.energy AS pico
        FROM ledger_usage_rollup rollup
        WHERE rollup.deployment_id = deployment.id
          AND rollup.hour >= span.hours_from AND rollup.hour < span.hours_to
        UNION ALL
        SELECT price.currency, usage.energy_microjoules, usage.energy
        FROM ledger_usage_entry usage
        JOIN ledger_price_rate price ON price.id = usage.price_rate_id
        WHERE usage.deployment_id = deployment.id
          AND ((span.starts_at < span.hours_from
                AND usage.occurred_at >= span.starts_at AND usage.occurred_at < span.hours_from)
               OR (span.hours_to < span.ends_at
                   AND usage.occurred_at >= span.hours_to AND usage.occurred_at < span.ends_at))
    ) used ON true
    GROUP BY span.site_id, provider.code, used.currency
"""
HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class BookedSums:
    """What usage booked at a site: by (provider, commodity), in joules and in energy cost."""

    amounts: dict[tuple[str, str], Decimal]

    def of(self, commodity: str) -> Decimal:
        """Return what all providers booked in a commodity."""
        return sum((a for (_, unit), a in self.amounts.items() if unit == commodity), Decimal(0))


def by_rate(month: SiteMonth) -> list[Booked]:
    """Return usage by provider, currency and the standards of its rate.

    :raises MonthArchived: if a part of it is in an archive.
    """
    require_at_hand(month.starts_at)
    require_at_hand(month.ends_at - timedelta(microseconds=1))
    with connection.cursor() as cursor:
        cursor.execute(
            BY_RATE,
            {"site": month.site.id, "starts_at": month.starts_at, "ends_at": month.ends_at},
        )
        return [
            Booked(
                provider,
                currency,
                int(microjoules),
                int(pico),
                int(nanoseconds),
                Decimal(pue),
                boundary,
                Decimal(
                    idle or 0
                ),  # not stated, and not needed, where joules were measured outside
                Decimal(utilisation),
                includes,
            )
            for (provider, currency, microjoules, pico, nanoseconds, *rate) in cursor.fetchall()
            for pue, boundary, idle, utilisation, includes in [rate]
        ]


def sums(months: Iterable[SiteMonth]) -> dict[int, BookedSums]:
    """Return what was booked, by site id, in one statement; zero is left out."""
    asked = list(months)
    with connection.cursor() as cursor:
        cursor.execute(
            SUMS,
            {
                "sites": [one.site.id for one in asked],
                "starts": [one.starts_at for one in asked],
                "hours_from": [_hour_from(one.starts_at) for one in asked],
                "hours_to": [_hour_before(one.ends_at) for one in asked],
                "ends": [one.ends_at for one in asked],
            },
        )
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    amounts: dict[int, dict[tuple[str, str], Decimal]] = {
        one.site.id: defaultdict(Decimal) for one in asked
    }
    for site_id, provider, currency, microjoules, pico in rows:
        joules = in_units(int(microjoules), per_unit=MICROJOULES_PER_JOULE)
        amounts[site_id][provider, JOULES] += joules
        amounts[site_id][provider, currency] += in_units(int(pico), per_unit=PICO_PER_UNIT)
    return {
        site_id: BookedSums({key: amount for key, amount in found.items() if amount})
        for site_id, found in amounts.items()
    }


def _hour_before(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _hour_from(at: datetime) -> datetime:
    return _hour_before(at + HOUR - timedelta(microseconds=1))
