"""kill -9 while a month is archived: it is where it was, or in the archive, and never in between.

The server is one of the test's own, with fsync on.
"""

import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from config import embedded

ROOT: Final = Path(__file__).parents[4]
EVENTS: Final = 10_000
KILLS: Final = 4

SETUP: Final = f"""
import django; django.setup()
from django.core.management import call_command
from ledger.rating import rate
from tests import factories
from tests.ledger.rating.archive import months
from tests.settlement import factories as settling
call_command("migrate", verbosity=0)
settling.publish()
for batch in range({EVENTS} // 10_000):
    ids = [f"evt-{{batch}}-{{number}}" for number in range(10_000)]
    factories.record(*(factories.event(id_, occurred_at=months.EARLY) for id_ in ids))
while rate.rate_pending(now=settling.NOW) is not None: pass
months.close()
"""
ARCHIVE: Final = """
import sys
from pathlib import Path
import django; django.setup()
from ledger.rating.archive.records import archive_of
from tests.ledger.rating.archive import months
folder = Path(sys.argv[1])
if archive_of(months.SEPTEMBER): months.restore(folder)
print("ready", flush=True)
sys.stdin.readline()
months.archive(folder)
"""
FINISH: Final = f"""
{ARCHIVE}
from ledger import audit
from settlement.audits import EVERY_AUDIT
assert audit.run(EVERY_AUDIT) == [], audit.run(EVERY_AUDIT)
"""
STANDS: Final = """
    SELECT (SELECT count(*) FROM ledger_usage_entry),
           (SELECT count(*) FROM ledger_archived_month) - (SELECT count(*)
                                                           FROM ledger_restored_month),
           (SELECT count(*) FROM ledger_archived_usage usage
            WHERE NOT EXISTS (SELECT FROM ledger_archived_month month
                              WHERE month.id = usage.archive_id)),
           ledger_usage_attached('2026-09-01')
"""
OTHERS: Final = """
    SELECT count(*) FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
WANTS_ALONE: Final = """
    SELECT count(*) FROM pg_locks
    WHERE relation = 'ledger_usage_entry'::regclass AND mode = 'AccessExclusiveLock'
      AND NOT granted
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="clearwatt-archive-", dir="/tmp"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def environment(url: str) -> dict[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "CLEARWATT_LOG_LEVEL": "CRITICAL",
    }


def run(url: str, code: str, *arguments: str) -> None:
    """Run code in a process of its own, to its end."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env=environment(url),
        input="\n",
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def killed(url: str, archive: Path, when: Callable[[], object]) -> bool:
    """Start to archive, kill when `when` returns; return whether it was still at it."""
    process = subprocess.Popen(
        [sys.executable, "-c", ARCHIVE, str(archive)],
        cwd=ROOT,
        env=environment(url),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("go\n")
    process.stdin.flush()
    when()
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=10)
    process.stdout.close()
    process.stdin.close()
    return process.returncode == -signal.SIGKILL


def value(url: str, sql: str) -> tuple[Any, ...]:
    with psycopg.connect(url) as connection:
        row = connection.execute(sql).fetchone()
    assert row is not None
    return row


def until(so: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + 60
    while not so():
        assert time.monotonic() < give_up_at
        time.sleep(0.001)


def is_archived(url: str, archive: Path) -> bool:
    """Return whether the month is archived, after making sure that it is so in full or not at all.

    What a killed process was doing in the database ends first.
    """
    until(lambda: value(url, OTHERS) == (0,))
    at_hand, away, strays, attached = value(url, STANDS)
    assert (at_hand, away, strays, attached) in {(EVENTS, 0, 0, True), (0, 1, 0, False)}
    if not away:
        return False
    sql = "SELECT file_name, sha256 FROM ledger_archived_month ORDER BY id DESC LIMIT 1"
    name, sha256 = value(url, sql)
    assert hashlib.sha256((archive / name).read_bytes()).hexdigest() == sha256
    return True


@pytest.mark.timeout(300)
class TestKillingAnArchive:
    def test_at_any_moment_leaves_everything_or_nothing_and_the_next_run_finishes(
        self, folder: Path
    ) -> None:
        moments = random.Random(20240101)  # noqa: S311 - when to kill
        archive = folder / "archive"
        with embedded.running(folder / "postgres") as url:
            run(url, SETUP)

            # While the file is written.
            part = archive / ".usage-2026-09.parquet.part"
            assert killed(url, archive, lambda: until(part.exists))
            assert not is_archived(url, archive)
            assert part.exists()

            # When everything is recorded and the partition is about to be detached.
            with psycopg.connect(url) as reader:
                reader.execute("SELECT count(*) FROM ledger_usage_entry")
                assert killed(url, archive, lambda: until(lambda: value(url, WANTS_ALONE) != (0,)))
            assert not is_archived(url, archive)
            assert [path.suffix for path in archive.iterdir()] == [".parquet"]

            # At any moment; what was archived by then is restored before the next.
            for _ in range(KILLS):
                killed(url, archive, partial(time.sleep, moments.uniform(0, 2)))
                is_archived(url, archive)

            run(url, FINISH, str(archive))
            assert is_archived(url, archive)
