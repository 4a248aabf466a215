"""Months to archive: usage of September, closed on every agreement, and what stands of it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from django.db import connection

from ledger.rating import rate
from ledger.rating.archive import restoring, taking
from ledger.rating.archive.restoring import Restored
from ledger.rating.archive.taking import Taken
from settlement.clearing import calendars
from tests.settlement import factories as settling
from tests.settlement.factories import LATER, user

SEPTEMBER = date(2026, 9, 1)
TABLE = "ledger_usage_entry_202609"
EARLY = datetime(2026, 9, 5, 2, 30, 1, 234_567, tzinfo=UTC)
LAST = datetime(2026, 9, 30, 23, 59, 59, 999_999, tzinfo=UTC)
"""In Shanghai it is October already."""


def use_september() -> None:
    """Record and rate five events of September, one of them as large as events may be."""
    attributes = {"key": 'a"b\n,\r\\N', "n": 1.5, "é": [None, ""]}
    settling.use("plain", occurred_at=EARLY)
    settling.use('odd, "id"\r\n\'', occurred_at=EARLY, attributes=attributes, project="\\.")
    settling.use("large", occurred_at=EARLY, usage={"input": 10**9, "output": 10**9})
    settling.use("other", occurred_at=EARLY, consumer="eastcloud", status="partial")
    settling.use("last", occurred_at=LAST)


def close(*months: date) -> None:
    """Close months for everybody."""
    for month in months or (SEPTEMBER, settling.OCTOBER):
        calendars.close_month(starts_on=month, user=user("maker"), now=LATER)


def archive(folder: Path, *, month: date = SEPTEMBER, drop: bool = False) -> Taken:
    return taking.archive_month(month, folder=folder, by="tests", now=LATER, drop=drop)


def restore(folder: Path, *, from_file: bool = False) -> Restored:
    return restoring.restore_month(
        SEPTEMBER, folder=folder, by="tests", now=LATER, from_file=from_file
    )


def rows(source: str = "ledger_usage_entry") -> list[dict[str, Any]]:
    """Return the usage entries of September with names for ids, by id, as the database has them."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT entry.*, entry.attributes::text AS attributes_text, source.uri AS source,
                   provider.code AS provider, consumer.code AS consumer,
                   deployment.code AS deployment, agreement.code AS agreement, rate.currency
            FROM {source} entry
            JOIN ledger_source source ON source.id = entry.source_id
            JOIN ledger_party provider ON provider.id = entry.provider_id
            JOIN ledger_party consumer ON consumer.id = entry.consumer_id
            JOIN ledger_deployment deployment ON deployment.id = entry.deployment_id
            JOIN ledger_agreement_version version ON version.id = entry.agreement_version_id
            JOIN ledger_agreement agreement ON agreement.id = version.agreement_id
            JOIN ledger_price_rate rate ON rate.id = entry.price_rate_id
            WHERE entry.occurred_at >= '2026-09-01Z' AND entry.occurred_at < '2026-10-01Z'
            ORDER BY entry.id
            """
        )
        names = [column.name for column in cursor.description]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return [one | {"attributes": one.pop("attributes_text")} for one in found]


def rows_of(file: Path) -> list[dict[str, Any]]:
    """Return what DuckDB reads in a file, by id."""
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        found = database.execute("SELECT * FROM read_parquet(?) ORDER BY id", [str(file)])
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def partitions() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent = 'ledger_usage_entry'::regclass"
        )
        return {name for (name,) in cursor.fetchall()}


def money(components: dict[str, Any]) -> Decimal:
    """Return the price of a usage entry in units of its currency."""
    parts = ("compute", "energy", "green", "scarcity", "margin")
    return sum((Decimal(components[name]) for name in parts), Decimal(0)).scaleb(-12)


def retry() -> None:
    """Rate what was set aside and is awake."""
    rate.retry_set_aside(now=LATER)
