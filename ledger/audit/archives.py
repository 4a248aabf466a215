"""Audits of what left the usage journal: what the books keep of it, and the copies at hand."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from django.conf import settings
from django.db import connection, transaction

from ledger.audit.findings import Audit
from ledger.audit.queries import audit
from ledger.pricing.slots import COMPONENTS
from ledger.rating.archive.parquet import sha256_of, table_of
from ledger.rating.archive.records import AWAY, has_table
from ledger.tokens import TOKEN_CLASSES

MEASURES: Final = (*TOKEN_CLASSES, *COMPONENTS)
COUNTED: Final = ("rows", "events", *MEASURES)
AWAY_MONTHS: Final = f"""
    (SELECT archive.* FROM ledger_archived_month archive
     WHERE {AWAY.format(archive="archive.id")})
"""
USED_BY: Final = ("consumer_id", "provider_id", "deployment_id", "currency")
USED_ALL: Final = ("events", *MEASURES)
SUMS: Final = f"""
    SELECT format('archive %s of %s: its sums are not those of its journal entries',
                  archive.id, archive.month)
    FROM ledger_archived_month archive
    LEFT JOIN (
        SELECT archive_id, {", ".join(f"sum({name}) AS {name}" for name in COUNTED)}
        FROM ledger_archived_usage
        GROUP BY archive_id
    ) usage ON usage.archive_id = archive.id
    WHERE ({", ".join(f"archive.{name}" for name in COUNTED)})
          IS DISTINCT FROM ({", ".join(f"usage.{name}" for name in COUNTED)})
"""
ROLLUPS: Final = f"""
    SELECT format('archive %s of %s: what consumer %s used of deployment %s is not the rollup of '
                  'its hours', archive_id, month, consumer_id, deployment_id)
    FROM (
        SELECT archive.id AS archive_id, archive.month,
               {", ".join(f"usage.{one}" for one in USED_BY)},
               {", ".join(f"sum(usage.{name}) AS {name}" for name in USED_ALL)}
        FROM {AWAY_MONTHS} archive
        JOIN ledger_archived_usage usage ON usage.archive_id = archive.id
        GROUP BY 1, 2, 3, 4, 5, 6
    ) away
    FULL JOIN (
        SELECT archive.id AS archive_id, archive.month,
               {", ".join(f"rollup.{one}" for one in USED_BY)},
               {", ".join(f"sum(rollup.{name}) AS {name}" for name in USED_ALL)}
        FROM {AWAY_MONTHS} archive
        JOIN ledger_usage_rollup rollup
            ON rollup.hour >= archive.month::timestamp AT TIME ZONE 'UTC'
           AND rollup.hour < (archive.month + interval '1 month')::timestamp AT TIME ZONE 'UTC'
        GROUP BY 1, 2, 3, 4, 5, 6
    ) hours USING (archive_id, month, {", ".join(USED_BY)})
    WHERE ({", ".join(f"away.{name}" for name in USED_ALL)})
          IS DISTINCT FROM ({", ".join(f"hours.{name}" for name in USED_ALL)})
    UNION ALL
    SELECT format('archive %s of %s: the rollup of its hours was changed', id, month)
    FROM {AWAY_MONTHS} archive
    WHERE rollup_digest <> ledger_rollup_digest(month)
"""
BELONG: Final = """
    SELECT format('archive %s: what it holds of journal entry %s does not belong together',
                  usage.archive_id, usage.journal_entry_id)
    FROM ledger_archived_usage usage
    LEFT JOIN ledger_agreement_version version ON version.id = usage.agreement_version_id
    LEFT JOIN ledger_agreement agreement
        ON agreement.id = version.agreement_id
       AND (agreement.provider_id, agreement.consumer_id) = (usage.provider_id, usage.consumer_id)
    LEFT JOIN ledger_deployment deployment
        ON deployment.id = usage.deployment_id AND deployment.provider_id = usage.provider_id
    LEFT JOIN ledger_journal_entry entry
        ON entry.id = usage.journal_entry_id AND entry.agreement_id = agreement.id
       AND entry.kind = 'usage'
    WHERE deployment.id IS NULL OR entry.id IS NULL
    UNION ALL
    SELECT format('archive %s: it holds %s events of batch %s, and names other rows',
                  batch.archive_id, batch.events, batch.batch_id)
    FROM ledger_archived_batch batch
    WHERE batch.events IS DISTINCT FROM
          (SELECT sum(upper(run) - lower(run)) FROM unnest(batch.batch_rows) AS run)
"""
PLACES: Final = f"""
    SELECT format('archive %s of %s: its file is named %s', id, month, file_name)
    FROM ledger_archived_month
    WHERE file_name <> format('usage-%s-%s.parquet', to_char(month, 'YYYY-MM'), left(sha256, 12))
    UNION ALL
    SELECT format('%s is in %s archives, and %s', month, count(*),
                  CASE WHEN bool_or(ledger_usage_attached(month)) THEN 'in the journal as well'
                       ELSE 'in no partition' END)
    FROM {AWAY_MONTHS} archive
    GROUP BY month
    HAVING count(*) > 1 OR bool_or(ledger_usage_attached(month))
"""
COPIES: Final = f"""
    SELECT id, month, columns, file_name, sha256, rows
    FROM {AWAY_MONTHS} archive
    ORDER BY month, id
"""
FACTS: Final = """
    SELECT fact.key, fact.value, facts ->> fact.key
    FROM ledger_archived_month archive
    CROSS JOIN LATERAL ledger_usage_facts(%(table)s::regclass, archive.columns) AS facts
    CROSS JOIN LATERAL jsonb_each_text(to_jsonb(archive)) AS fact
    WHERE archive.id = %(archive)s
      AND fact.key = ANY(%(names)s)
      AND fact.value IS DISTINCT FROM facts ->> fact.key
    ORDER BY fact.key
"""
USAGE_OF_TABLE: Final = """
    SELECT journal_entry_id
    FROM (
        SELECT entry.journal_entry_id, entry.consumer_id, entry.provider_id, entry.deployment_id,
               entry.agreement_version_id, price_rate.currency, count(*) AS rows,
               sum(CASE entry.kind WHEN 'reversal' THEN -1 ELSE 1 END) AS events, {sums}
        FROM ONLY {table} entry
        JOIN ledger_price_rate price_rate ON price_rate.id = entry.price_rate_id
        GROUP BY 1, 2, 3, 4, 5, 6
    ) summed
    FULL JOIN (SELECT * FROM ledger_archived_usage WHERE archive_id = %(archive)s) usage
        USING (journal_entry_id, consumer_id, provider_id, deployment_id, agreement_version_id,
               currency)
    WHERE ({summed}) IS DISTINCT FROM ({usage})
    ORDER BY journal_entry_id
"""


def _copies() -> Iterator[str]:
    """Compare the tables and files that are at hand with what was recorded of them."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(COPIES)
        for id_, month, columns, file_name, sha256, rows in cursor.fetchall():
            # An archive at a time, of which there are a dozen a year.
            name = f"archive {id_} of {month:%Y-%m}"
            if has_table(month):
                yield from (f"{name}: its table {fault}" for fault in _table(cursor, id_, month))
            path = settings.CLEARWATT_ARCHIVE / file_name
            if path.is_file():
                yield from (
                    f"{name}: {path} {fault}" for fault in _file(path, sha256, rows, columns)
                )


def _table(cursor: Any, archive_id: int, month: Any) -> Iterator[str]:
    table = table_of(month)
    names = ["rows", "digest", *MEASURES]
    cursor.execute(FACTS, {"table": table, "archive": archive_id, "names": names})
    for key, recorded, found in cursor.fetchall():
        yield f"holds {found} for {key}, and {recorded} was archived"
    statement = USAGE_OF_TABLE.format(
        table=table,
        sums=", ".join(f"sum(entry.{one}) AS {one}" for one in MEASURES),
        summed=", ".join(f"summed.{one}" for one in COUNTED),
        usage=", ".join(f"usage.{one}" for one in COUNTED),
    )
    cursor.execute(statement, {"archive": archive_id})
    for (entry_id,) in cursor.fetchall():
        yield f"holds other usage of journal entry {entry_id} than was summed"


def _file(path: Path, sha256: str, rows: int, columns: list[str]) -> Iterator[str]:
    found = sha256_of(path)
    if found != sha256:
        yield f"is not the file that was archived: its SHA-256 is {found}"
    try:
        with pq.ParquetFile(path) as file:
            if file.metadata.num_rows != rows:
                yield f"holds {file.metadata.num_rows} rows, and {rows} were archived"
            if set(columns) - set(file.schema_arrow.names):
                yield "lacks columns that were archived"
    except (pa.ArrowException, OSError):
        yield "cannot be read"


AUDITS: Final[tuple[Audit, ...]] = (
    audit(
        "archives",
        "What is kept of archived months adds up, and to their hours",
        f"{SUMS} UNION ALL {ROLLUPS} UNION ALL {BELONG} UNION ALL {PLACES}",
    ),
    Audit("archive-copies", "Tables and files of archives are what was archived", _copies),
)
