"""Audits that are one SQL statement: each row it returns is the detail of a finding."""

from collections.abc import Callable, Iterator

from django.db import connection, transaction

from ledger.audit.findings import Audit


def audit(name: str, proves: str, sql: str) -> Audit:
    """Return an audit whose findings are the rows of a query."""
    return Audit(name, proves, _details(sql))


def _details(sql: str) -> Callable[[], Iterator[str]]:
    def details() -> Iterator[str]:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
            for (detail,) in cursor:
                yield str(detail)

    return details
