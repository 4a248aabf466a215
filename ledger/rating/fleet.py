"""The fleet: GPU-hours that stood ready, from the counts that deployment terms state.

Counts go by whole hours, as the rollup does: what holds when an hour begins holds for all of it.
Hours that have not begun yet were available to nobody.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from django.db import connection

from ledger.periods import starts_at

HOUR: Final = timedelta(hours=1)

COUNTED: Final = """
    SELECT held.deployment_id, held.gpu_count, held.starts_at, held.ends_at
    FROM (SELECT standing.*,
                 least(lead(standing.starts_at) OVER (PARTITION BY standing.deployment_id
                                                      ORDER BY standing.starts_at),
                       %(begun_until)s) AS ends_at
          FROM (SELECT DISTINCT ON (terms.deployment_id, whole.starts_at)
                       terms.deployment_id, terms.gpu_count, terms.withdrawn, whole.starts_at
                FROM ledger_deployment_terms terms
                CROSS JOIN LATERAL (
                    SELECT date_trunc('hour', terms.valid_from + interval '59:59.999999', 'UTC')
                ) AS whole (starts_at)
                ORDER BY terms.deployment_id, whole.starts_at,
                         terms.valid_from DESC, terms.revision DESC) standing) held
    WHERE NOT held.withdrawn AND held.gpu_count IS NOT NULL
      AND held.starts_at < held.ends_at AND held.ends_at > %(starts_at)s
"""
"""Where deployments state a count: disjoint spans of whole hours, one or none for each hour."""

AVAILABLE: Final = f"""
    WITH counted AS ({COUNTED})
    SELECT day.date, {{name}},
           sum(counted.gpu_count
               * extract(epoch FROM least(counted.ends_at, day.ends_at)
                                    - greatest(counted.starts_at, day.starts_at)))
    FROM counted
    CROSS JOIN LATERAL generate_series(
        date_trunc('day', greatest(counted.starts_at, %(starts_at)s) AT TIME ZONE %(time_zone)s),
        (counted.ends_at - interval '1 hour') AT TIME ZONE %(time_zone)s,
        interval '1 day'
    ) AS held (at)
    JOIN unnest(%(dates)s::date[], %(begins)s::timestamptz[], %(ends)s::timestamptz[])
         AS day (date, starts_at, ends_at)
        ON day.date = held.at::date
    JOIN ledger_deployment deployment ON deployment.id = counted.deployment_id
    JOIN ledger_site site ON site.id = deployment.site_id
    JOIN ledger_party provider ON provider.id = deployment.provider_id
    GROUP BY 1, 2
"""


def begun_until(*, ends_at: datetime, now: datetime) -> datetime:
    """Return the end of the hours that have begun, up to `ends_at`.

    >>> begun_until(ends_at=datetime(2026, 11, 1, tzinfo=UTC),
    ...             now=datetime(2026, 10, 20, 12, 30, tzinfo=UTC)).isoformat()
    '2026-10-20T13:00:00+00:00'
    """
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return min(ends_at, hour + HOUR)


def available_gpu_seconds(
    days: Sequence[date], *, name: str, span: Mapping[str, Any]
) -> list[tuple[date, str, int]]:
    """Return the seconds that GPUs stood ready, by day and by `name`, a column of SQL.

    Nothing stands for a day and name of which no deployment states a count. `span` holds the bounds
    of the days, `begun_until` and their time zone. One statement.
    """
    time_zone = span["time_zone"]
    begins = [starts_at(day, time_zone=time_zone) for day in days]
    parameters = {**span, "dates": days, "begins": begins, "ends": [*begins[1:], span["ends_at"]]}
    with connection.cursor() as cursor:
        cursor.execute(AVAILABLE.format(name=name), parameters)
        return [(day, named, int(seconds)) for day, named, seconds in cursor.fetchall()]
