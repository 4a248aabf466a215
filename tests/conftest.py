"""What every test may ask for: a database, and the brokers where they are."""

import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn
from urllib.parse import quote, urlsplit

import pytest
from django.conf import settings as django_settings
from django.db import connection, connections
from django.db.backends.postgresql.operations import DatabaseOperations

from config import embedded, settings
from tests.served import served

IN_CI = os.environ.get("CLEARWATT_CI") == "1"
SCRATCH = "clearwatt-tests-"

DROP_ARCHIVED = """
    DO $$
    DECLARE
        name text;
    BEGIN
        FOR name IN SELECT oid::regclass FROM pg_class
                    WHERE relname ~ '^ledger_usage_entry_[0-9]{6}$' AND relkind = 'r'
                      AND NOT relispartition
        LOOP
            EXECUTE format('DROP TABLE %s', name);
        END LOOP;
    END $$
"""


def pytest_configure() -> None:
    """End on SIGTERM as on an error, so that the throw-away server is stopped."""
    signal.signal(signal.SIGTERM, _leave)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses the database, so that `-m database` runs it against another server."""
    for item in items:
        asked = {"db", "transactional_db", "database_url"} & set(getattr(item, "fixturenames", ()))
        if asked or item.get_closest_marker("django_db"):
            item.add_marker("database")


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> Iterator[None]:
    """Bring a throw-away PostgreSQL where no server is named, before the first test needs it."""
    if settings.DATABASE_URL:
        yield
        return
    _sweep()
    scratch = Path(tempfile.mkdtemp(prefix=SCRATCH, dir="/tmp"))
    # The server's account must pass; the data inside are closed to everyone else.
    scratch.chmod(0o711)
    try:
        with embedded.running(scratch / "postgres", durable=False) as url:
            settings.use_database(url)
            # Django has met the placeholder by now; let it look again.
            connections["default"].close()
            connections.__dict__.pop("settings", None)
            del connections["default"]
            yield
            connections.close_all()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def _emptying_is_allowed_to_tests() -> None:
    """Let the test database be emptied between transactional tests, which its triggers refuse.

    Triggers rest while a session calls itself a replica; this takes a superuser, as tests have.
    The tables that Django does not manage are emptied with the others, and what stands of archived
    months is dropped.
    """
    statements = DatabaseOperations.sql_flush

    def sql_flush(self: DatabaseOperations, style: Any, tables: Any, **options: Any) -> list[str]:
        unmanaged = ["ledger_usage_entry", "ledger_event_key", "ledger_coverage"] if tables else []
        given = statements(self, style, [*tables, *unmanaged], **options)
        first = ["SET LOCAL session_replication_role = replica", DROP_ARCHIVED]
        return [*first, *given] if given else []

    DatabaseOperations.sql_flush = sql_flush  # type: ignore[method-assign, assignment]


@pytest.fixture(scope="session", autouse=True)
def _archive(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the files of archived months apart from those of a real installation."""
    django_settings.CLEARWATT_ARCHIVE = tmp_path_factory.mktemp("archive")


@pytest.fixture
def database_url(transactional_db: None) -> str:
    """Return the URL of the test database, for the environment of a process that a test starts."""
    facts = connection.settings_dict
    user = quote(facts["USER"], safe="")
    password = f":{quote(facts['PASSWORD'], safe='')}" if facts["PASSWORD"] else ""
    port = f":{facts['PORT']}" if facts["PORT"] else ""
    host = quote(facts["HOST"], safe="")
    return f"postgresql://{user}{password}@{host}{port}/{facts['NAME']}"


@pytest.fixture
def site(database_url: str) -> Iterator[str]:
    """Serve the site over the test database as users get it; return its address."""
    with served(database_url) as url:
        yield url


@pytest.fixture
def redis_url() -> str:
    """Return the URL of a Redis server; its database 9 is the tests' own."""
    return _reachable(os.environ.get("CELERY_TEST_REDIS", "redis://127.0.0.1:6379/9"), port=6379)


@pytest.fixture
def rabbitmq_url() -> str:
    """Return the URL of a RabbitMQ server."""
    url = os.environ.get("CELERY_TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672//")
    return _reachable(url, port=5672)


def missing(what: str) -> NoReturn:
    """Skip the test for want of a program or server; where the tests must be complete, fail it."""
    if IN_CI:
        pytest.fail(f"{what} is missing, and CLEARWATT_CI=1 wants every test run")
    pytest.skip(f"{what} is missing")


def _reachable(url: str, *, port: int) -> str:
    where = urlsplit(url)
    try:
        socket.create_connection((where.hostname, where.port or port), timeout=2).close()
    except OSError:
        missing(f"a server at {where.hostname}:{where.port or port}")
    return url


def _sweep() -> None:
    """Stop and remove the servers of test runs that were killed."""
    for owner in Path("/tmp").glob(f"{SCRATCH}*/postgres.owner"):
        ours = owner.stat().st_uid == os.geteuid()
        if ours and embedded.stop_abandoned(owner.with_name("postgres")):
            shutil.rmtree(owner.parent, ignore_errors=True)


def _leave(signum: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + signum)
