"""Audits that are one SQL statement: each row it returns is the detail of a finding."""

from collections.abc import Callable, Iterator

from django.db import connection, transaction

from ledger.audit.findings import Audit


def audit(name: str, proves: str, sql: str, *, in_one_pass: bool = False) -> Audit:
    """Return an audit whose findings are the rows of a query.

    `in_one_pass` keeps the planner from looking into the usage journal once per row, which it does
    for a table so new that it has no statistics yet.
    """
    return Audit(name, proves, _details(sql, in_one_pass=in_one_pass))


def _details(sql: str, *, in_one_pass: bool) -> Callable[[], Iterator[str]]:
    def details() -> Iterator[str]:
        with transaction.atomic(), connection.cursor() as cursor:
            if in_one_pass:
                cursor.execute("SET LOCAL enable_nestloop = off")
            cursor.execute(sql)
            found = cursor.fetchall() if in_one_pass else cursor
            if in_one_pass:
                cursor.execute("SET LOCAL enable_nestloop = on")
            for (detail,) in found:
                yield str(detail)

    return details
