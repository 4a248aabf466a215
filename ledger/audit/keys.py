"""Audit of foreign keys: the database checks them on writing, unless somebody told it not to."""

from collections.abc import Iterator
from typing import Final

from django.db import connection, transaction

from ledger.audit.findings import Audit

FOREIGN_KEYS: Final = """
    SELECT format('SELECT count(*), min(one.%1$I::text) FROM %2$s one '
                  'LEFT JOIN %3$s other ON other.%4$I = one.%1$I '
                  'WHERE one.%1$I IS NOT NULL AND other.%4$I IS NULL',
                  named.attname, conrelid::regclass, confrelid::regclass, owned.attname),
           conrelid::regclass::text, named.attname
    FROM pg_constraint
    JOIN pg_attribute named ON named.attrelid = conrelid AND named.attnum = conkey[1]
    JOIN pg_attribute owned ON owned.attrelid = confrelid AND owned.attnum = confkey[1]
    WHERE contype = 'f' AND connamespace = current_schema()::regnamespace
      AND cardinality(conkey) = 1
    ORDER BY conrelid::regclass::text, named.attname
"""
"""The database's own list of them, each as a statement that counts what names nothing."""


def _foreign_keys() -> Iterator[str]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(FOREIGN_KEYS)
        for orphans, table, column in cursor.fetchall():
            # A statement a key, of which there are some dozens, whatever the tables hold.
            cursor.execute(orphans)
            count, first = cursor.fetchone()
            if count:
                yield f"{count} rows of {table} name a {column} that is not there, such as {first}"


AUDITS: Final[tuple[Audit, ...]] = (
    Audit("foreign-keys", "What a foreign key names is there", _foreign_keys),
)
