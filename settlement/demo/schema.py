"""The demo's ground: a database that it may clear, because it is the demo's own or empty."""

import time
from typing import Final

from django.core.management import call_command
from django.db import connection, transaction

MARK: Final = "clearwatt demo"
LOCK: Final = "SELECT pg_try_advisory_lock(hashtext('clearwatt demo'))"
OTHERS_TIMEOUT_SECONDS: Final = 10.0

MARKED: Final = """
    SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = 'public'
"""
TABLES: Final = """
    SELECT relname
    FROM pg_class
    WHERE relnamespace = to_regnamespace('public') AND relkind IN ('r', 'p', 'v', 'm')
    ORDER BY relname
"""
IN_USE: Final = "SELECT EXISTS (SELECT FROM ledger_party) OR EXISTS (SELECT FROM auth_user)"
OTHERS: Final = """
    SELECT count(*)
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND backend_type = 'client backend'
"""
CLEAR: Final = f"""
    DROP SCHEMA IF EXISTS public CASCADE;
    CREATE SCHEMA public;
    COMMENT ON SCHEMA public IS '{MARK}';
"""
OURS: Final = ("ledger_", "settlement_", "auth_", "django_")


class DemoRefused(Exception):
    """The demo cannot run here and has changed nothing; the sentence says what to do."""


def make_fresh() -> None:
    """Clear the database, mark it as the demo's and migrate it; ours alone until we end.

    :raises DemoRefused: if the data are not a demo's, another demo is at work, or somebody else is.
    """
    with connection.cursor() as cursor:
        cursor.execute(LOCK)
        if not cursor.fetchone()[0]:
            raise DemoRefused(
                "Another demo is at work on the same data: end it first, or give this one its own "
                "folder with CLEARWATT_DATA."
            )
    require_demo_or_empty()
    _require_alone()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(CLEAR)
    call_command("migrate", verbosity=0, interactive=False)


def require_demo_or_empty() -> None:
    """Look whether the database may be cleared.

    :raises DemoRefused: if it holds anything that no demo made.
    """
    with connection.cursor() as cursor:
        cursor.execute(MARKED)
        mark = cursor.fetchone()
        if mark is not None and mark[0] == MARK:
            return
        cursor.execute(TABLES)
        tables = [name for (name,) in cursor.fetchall()]
        strange = [name for name in tables if not name.startswith(OURS)]
        if tables and not strange and {"ledger_party", "auth_user"} <= set(tables):
            cursor.execute(IN_USE)
            if not cursor.fetchone()[0]:
                return  # migrated, and nobody has used it yet
        if tables:
            raise DemoRefused(
                "The database holds data that no demo made, and the demo begins by clearing it: "
                "name an empty database in DATABASE_URL, or another folder in CLEARWATT_DATA."
            )


def _require_alone() -> None:
    """Wait for sessions of a run that was killed.

    :raises DemoRefused: if others stay connected.
    """
    give_up_at = time.monotonic() + OTHERS_TIMEOUT_SECONDS
    while True:
        with connection.cursor() as cursor:
            cursor.execute(OTHERS)
            (others,) = cursor.fetchone()
        if not others:
            return
        if time.monotonic() > give_up_at:
            raise DemoRefused(
                f"{others} other sessions are connected to the database, which the demo would "
                "clear under them: end what runs there (make up?) and try again."
            )
        time.sleep(0.1)
