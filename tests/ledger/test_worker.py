"""A real Celery worker, in a process of its own, over each broker that Clearwatt speaks."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from config.processes import beat_command, worker_command
from ledger import audit
from ledger.rating.models import UsageEntry
from tests import factories

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 25.0

# What a woken worker is told; sent from a process with the broker's settings, as the web server is.
WAKE = """
import django; django.setup()
from ledger import tasks
tasks.wake()
"""

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _catalogue() -> None:
    factories.publish()


def environment(broker_url: str, database_url: str, folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        "CELERY_BROKER_URL": broker_url,
        "CLEARWATT_DATA": str(folder),
        "CLEARWATT_QUEUE": f"tests-{os.getpid()}",
        "DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }


@contextmanager
def running(command: list[str], env: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a process, stop it by SIGTERM, and see that it ends in good order."""
    process = subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(timeout=10)


def until(reached: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def entered(count: int) -> Callable[[], bool]:
    return lambda: UsageEntry.objects.count() == count


def rate_over(broker_url: str, database_url: str, folder: Path) -> None:
    env = environment(broker_url, database_url, folder)
    factories.record(factories.event("by-message"))

    with running(worker_command(), env):
        subprocess.run([worker_command()[0], "-c", WAKE], cwd=ROOT, env=env, check=True)
        assert until(entered(1)), "a woken worker rates what waits"

        factories.record(factories.event("by-clock"))
        with running([*beat_command(), "--pidfile="], env):
            assert until(entered(2)), "the clock finds what no message told of"

    assert audit.run() == []


class TestAWorker:
    @pytest.mark.redis
    def test_rates_over_redis(self, redis_url: str, database_url: str, tmp_path: Path) -> None:
        rate_over(redis_url, database_url, tmp_path)

    @pytest.mark.rabbitmq
    def test_rates_over_rabbitmq(
        self, rabbitmq_url: str, database_url: str, tmp_path: Path
    ) -> None:
        rate_over(rabbitmq_url, database_url, tmp_path)

    def test_rates_over_plain_folders(self, database_url: str, tmp_path: Path) -> None:
        rate_over("filesystem://", database_url, tmp_path)


class TestWake:
    def test_neither_fails_nor_waits_when_the_broker_is_away(
        self, database_url: str, tmp_path: Path
    ) -> None:
        env = environment("redis://127.0.0.1:1/0", database_url, tmp_path)
        timed = WAKE.replace("tasks.wake()", "import time; began = time.monotonic(); tasks.wake()")
        timed += "assert time.monotonic() - began < 3.0\n"

        done = subprocess.run(
            [worker_command()[0], "-c", timed], cwd=ROOT, env=env, capture_output=True, check=False
        )

        assert done.returncode == 0, done.stderr
