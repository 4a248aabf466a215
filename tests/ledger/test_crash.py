"""kill -9, of a worker in the middle of a claim and of PostgreSQL under load: nothing is lost.

The server here is one of its own, with fsync on: what was acknowledged must be on its disk.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from config import embedded

ROOT = Path(__file__).parents[2]
BATCHES = 60
EVENTS = 100
KILLS = 8

SETUP = """
import django; django.setup()
from django.core.management import call_command
from tests import factories
call_command("migrate", verbosity=0)
factories.publish()
"""
POST = f"""
import sys; import django; django.setup()
from tests import factories
start, stop = int(sys.argv[1]), int(sys.argv[2])
for batch in range(start, stop):
    receipt = factories.record(
        *(factories.event(f"evt-{{batch}}-{{number}}") for number in range({EVENTS}))
    )
    assert receipt.accepted == {EVENTS}
    sys.stdout.write(f"{{batch}}\\n"); sys.stdout.flush()
"""
ASK = """
import django; django.setup()
from ledger.rating import rate
from django.utils import timezone
from tests import correcting
while rate.rate_pending(now=timezone.now()) is not None: pass
asked = [correcting.void(f"evt-{{batch}}-{{number}}") if number % 2
         else correcting.amend(f"evt-{{batch}}-{{number}}", usage={{"input": 1}})
         for batch in range({batches}) for number in range({events})]
assert all(one.is_new for one in correcting.ask(*asked, now=timezone.now()))
"""
CORRECT = """
import django; django.setup()
from django.utils import timezone
from ledger.rating.corrections import applying
while applying.apply_pending(now=timezone.now()) is not None: pass
"""
RERATE = """
import django; django.setup()
from datetime import timedelta
from django.utils import timezone
from ledger.rating import rate
from tests import rerating
while rate.rate_pending(now=timezone.now()) is not None: pass
rerating.publish(rerating.electricity("0.72"), now=timezone.now())
rerating.approve(rerating.propose(now=timezone.now()), now=timezone.now())
"""
APPLY = """
import django; django.setup()
from django.utils import timezone
from ledger.rating.rerating.applying import apply_approved
from ledger.rating.rerating.models import Rerating
while apply_approved(now=timezone.now()) is not None: pass
assert Rerating.objects.get().state == "applied", Rerating.objects.values()
"""
FINISH = """
import django; django.setup()
from django.utils import timezone
from ledger import audit
from ledger.rating import rate
while rate.rate_pending(now=timezone.now()) is not None: pass
assert audit.run() == [], audit.run()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="clearwatt-crash-", dir="/tmp"))
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


def run(url: str, code: str, *arguments: str) -> str:
    """Run code in a process of its own and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env=environment(url),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def start(url: str, *command: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment(url),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def corrected(url: str) -> tuple[int, int, int]:
    """Return corrections that wait, reversals, and distinct entries that were reversed."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM ledger_correction WHERE state = 'waiting'),"
            " count(*), count(DISTINCT corrects_id)"
            " FROM ledger_usage_entry WHERE kind = 'reversal'"
        ).fetchone()
    assert row is not None
    return row[0], row[1], row[2]


def numbers(url: str) -> tuple[int, int, int]:
    """Return usage entries, distinct events among them, and batches recorded."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT count(*), count(DISTINCT event_id),"
            " (SELECT count(*) FROM ledger_usage_batch) FROM ledger_usage_entry"
        ).fetchone()
    assert row is not None
    return row[0], row[1], row[2]


def ids_allocated(url: str) -> int:
    """Return how many ids of usage entries were taken; those of a killed claim stay unused."""
    with psycopg.connect(url) as connection:
        return last_id(connection)


def until_a_claim_writes(url: str) -> None:
    """Return as soon as a claim has taken its ids, which is right before it writes."""
    with psycopg.connect(url, autocommit=True) as connection:
        before = last_id(connection)
        give_up_at = time.monotonic() + 10
        while last_id(connection) == before and time.monotonic() < give_up_at:
            time.sleep(0.0005)


def last_id(connection: "psycopg.Connection[tuple[Any, ...]]") -> int:
    row = connection.execute("SELECT last_value FROM ledger_usage_entry_id_seq").fetchone()
    assert row is not None
    return int(row[0])


class TestKillingAWorker:
    def test_mid_claim_loses_and_doubles_nothing(self, folder: Path) -> None:
        moments = random.Random(20261124)  # noqa: S311 - when to kill
        with embedded.running(folder / "postgres") as url:
            run(url, SETUP)
            run(url, POST, "0", str(BATCHES))

            killed_with_work_left = 0
            for attempt in range(KILLS):
                worker = start(url, "-m", "tests.rating_process")
                assert worker.stdout is not None
                assert worker.stdout.readline() == "ready\n"
                if attempt % 2:
                    until_a_claim_writes(url)
                else:
                    time.sleep(moments.uniform(0.005, 0.12))
                worker.send_signal(signal.SIGKILL)
                worker.wait(timeout=10)
                worker.stdout.close()
                killed_with_work_left += numbers(url)[0] < BATCHES * EVENTS
            run(url, FINISH)

            assert killed_with_work_left > 0
            assert ids_allocated(url) > BATCHES * EVENTS, "no kill met a claim in its middle"
            assert numbers(url) == (BATCHES * EVENTS, BATCHES * EVENTS, BATCHES)

    def test_mid_claim_of_corrections_takes_nothing_back_twice(self, folder: Path) -> None:
        moments = random.Random(20261125)  # noqa: S311 - when to kill
        batches = BATCHES // 3
        asked = batches * EVENTS
        with embedded.running(folder / "postgres") as url:
            run(url, SETUP)
            run(url, POST, "0", str(batches))
            run(url, ASK.format(batches=batches, events=EVENTS))

            killed_with_work_left = 0
            for attempt in range(KILLS // 2):
                worker = start(url, "-m", "tests.rating_process")
                assert worker.stdout is not None
                assert worker.stdout.readline() == "ready\n"
                if attempt % 2:
                    until_a_claim_writes(url)
                else:
                    time.sleep(moments.uniform(0.005, 0.12))
                worker.send_signal(signal.SIGKILL)
                worker.wait(timeout=10)
                worker.stdout.close()
                killed_with_work_left += corrected(url)[0] > 0
            run(url, CORRECT)
            run(url, FINISH)

            assert killed_with_work_left > 0
            assert ids_allocated(url) > asked + asked + asked // 2, "no kill met a claim"
            assert corrected(url) == (0, asked, asked)

    def test_mid_claim_of_a_re_rating_takes_nothing_back_twice(self, folder: Path) -> None:
        moments = random.Random(20261126)  # noqa: S311 - when to kill
        batches = BATCHES // 2
        entries = batches * EVENTS
        with embedded.running(folder / "postgres") as url:
            run(url, SETUP)
            run(url, POST, "0", str(batches))
            run(url, RERATE)

            killed_with_work_left = 0
            for attempt in range(KILLS // 2):
                worker = start(url, "-m", "tests.rating_process")
                assert worker.stdout is not None
                assert worker.stdout.readline() == "ready\n"
                if attempt % 2:
                    until_a_claim_writes(url)
                else:
                    time.sleep(moments.uniform(0.005, 0.3))
                worker.send_signal(signal.SIGKILL)
                worker.wait(timeout=10)
                worker.stdout.close()
                killed_with_work_left += corrected(url)[1] < entries
            run(url, APPLY)
            run(url, FINISH)

            assert killed_with_work_left > 0
            assert ids_allocated(url) > 3 * entries, "no kill met a claim in its middle"
            assert corrected(url) == (0, entries, entries)
            assert numbers(url)[0] == 3 * entries


class TestKillingPostgres:
    def test_under_load_keeps_every_acknowledged_batch(self, folder: Path) -> None:
        data = folder / "postgres"
        acknowledged: list[int] = []
        with embedded.running(data) as url:
            run(url, SETUP)
            run(url, POST, "0", "5")
            worker = start(url, "-m", "tests.rating_process")
            poster = start(url, "-c", POST, "5", "100000")
            assert poster.stdout is not None

            def listen() -> None:
                assert poster.stdout is not None
                acknowledged.extend(int(line) for line in poster.stdout)

            listener = threading.Thread(target=listen)
            listener.start()
            deadline = time.monotonic() + 60
            while len(acknowledged) < 20 and time.monotonic() < deadline:
                time.sleep(0.05)
            postmaster = int((data / "postmaster.pid").read_text().splitlines()[0])
            os.kill(postmaster, signal.SIGKILL)
            poster.wait(timeout=30)
            listener.join(timeout=30)
            poster.stdout.close()
            worker.kill()
            worker.wait(timeout=10)
            assert worker.stdout is not None
            worker.stdout.close()
        assert len(acknowledged) > 5

        with embedded.running(data) as url:
            run(url, FINISH)

            entries, distinct, batches = numbers(url)
            with psycopg.connect(url) as connection:
                found = {
                    int(event_id.split("-")[1])
                    for (event_id,) in connection.execute(
                        "SELECT DISTINCT event_id FROM ledger_usage_entry"
                    )
                }
        assert set(acknowledged) <= found
        assert entries == distinct == batches * EVENTS
