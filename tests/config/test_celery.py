import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from queue import Empty

import pytest
from django.conf import settings
from django.db import connection
from kombu import Connection, Queue

from config.celery import SCHEDULE, app, transport_options
from config.folders import WAITING_LIMIT, Channel, folder_options
from config.processes import worker_command

ROOT = Path(__file__).resolve().parents[2]
SEND = "from config.celery import app; app.send_task('ledger.tasks.prepare_partitions')"
WAKE = """
import time, django
django.setup()
from ledger import tasks
started = time.monotonic()
tasks.wake()
print(time.monotonic() - started)
"""


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Listen, accept and never answer: a broker that hangs."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(10)
        yield listener.getsockname()[1]


@pytest.fixture
def queue() -> str:
    return f"test-{uuid.uuid4().hex}"


def partitions() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_inherits WHERE inhparent = 'ledger_usage_entry'::regclass"
        )
        row = cursor.fetchone()
    assert row is not None
    return int(row[0])


def drop_partitions() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits "
            "WHERE inhparent = 'ledger_usage_entry'::regclass"
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP TABLE {name}")


def environment(data: Path, database: str, broker: str, queue: str = "") -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": database,
        "CELERY_BROKER_URL": broker,
        "CLEARWATT_DATA": str(data),
        "CLEARWATT_QUEUE": queue,
    }


class TestWorker:
    @pytest.fixture(params=["redis", "rabbitmq", "filesystem"])
    def broker(self, request: pytest.FixtureRequest) -> str:
        if request.param == "filesystem":
            return "filesystem://"
        url: str = request.getfixturevalue(f"{request.param}_url")
        return url

    def test_does_what_was_asked_through_any_broker(
        self, broker: str, queue: str, database_url: str, tmp_path: Path
    ) -> None:
        drop_partitions()
        given = environment(tmp_path, database_url, broker, queue)

        with subprocess.Popen(worker_command(), cwd=ROOT, env=given) as worker:
            try:
                subprocess.run([sys.executable, "-c", SEND], cwd=ROOT, env=given, check=True)
                give_up_at = time.monotonic() + 30
                while partitions() == 0 and time.monotonic() < give_up_at:
                    time.sleep(0.1)
                made = partitions()
            finally:
                worker.terminate()
        self._delete(broker, queue)

        assert made > 0
        assert worker.returncode == 0
        assert list(tmp_path.rglob("*.msg")) == []

    def _delete(self, broker: str, queue: str) -> None:
        if broker.startswith("amqp"):
            with Connection(broker) as amqp:
                Queue(queue, channel=amqp.default_channel).delete()


class TestWake:
    @pytest.mark.parametrize("broker", ["redis://127.0.0.1:{}/0", "amqp://guest:x@127.0.0.1:{}//"])
    @pytest.mark.parametrize("kind", ["dead", "silent"])
    def test_costs_a_request_less_than_a_second_and_no_error(
        self, broker: str, kind: str, silent_port: int, tmp_path: Path
    ) -> None:
        port = silent_port if kind == "silent" else 1
        given = environment(tmp_path, "", broker.format(port))

        done = subprocess.run(
            [sys.executable, "-c", WAKE],
            cwd=ROOT,
            env=given,
            capture_output=True,
            text=True,
            check=True,
        )

        assert float(done.stdout) < 1
        assert "worker not woken" in done.stderr


class TestSchedule:
    def test_names_tasks_that_exist(self) -> None:
        app.loader.import_default_modules()

        assert {entry["task"] for entry in SCHEDULE.values()} <= set(app.tasks)

    def test_lets_no_message_outlive_the_next(self) -> None:
        late = [
            name
            for name, entry in SCHEDULE.items()
            if entry["options"]["expires"] > entry["schedule"]
        ]

        assert late == []


class TestConfiguration:
    def test_keeps_no_results_and_reads_nothing_but_json(self) -> None:
        assert app.conf.result_backend is None
        assert app.conf.task_ignore_result is True
        assert app.conf.accept_content == ["json"]
        assert (app.conf.task_acks_late, app.conf.worker_prefetch_multiplier) == (True, 1)

    def test_makes_the_folders_for_this_user_only(self) -> None:
        options = transport_options("filesystem://")

        for name in ("data_folder_in", "processed_folder", "control_folder"):
            folder = Path(options[name])
            assert folder.is_relative_to(settings.CLEARWATT_DATA)
            assert folder.stat().st_mode & 0o777 == 0o700


class TestFolders:
    @pytest.fixture
    def channels(self, tmp_path: Path) -> Iterator[tuple[Channel, Channel]]:
        """Open the same folders twice, as two processes would."""
        options = folder_options(tmp_path / "broker")
        with (
            Connection("filesystem://", transport_options=options) as first,
            Connection("filesystem://", transport_options=options) as second,
        ):
            assert isinstance(first.default_channel, Channel)
            assert isinstance(second.default_channel, Channel)
            yield first.default_channel, second.default_channel

    def test_give_each_message_to_one_taker_in_the_order_of_sending(
        self, channels: tuple[Channel, Channel], tmp_path: Path
    ) -> None:
        first, second = channels
        for number in range(3):
            first._put("q", {"n": number})
        second._put("other", {"n": 7})

        taken = [channel._get("q")["n"] for channel in (second, first, second)]

        assert taken == [0, 1, 2]
        assert [path.name.split(".")[1] for path in tmp_path.rglob("*.msg")] == ["other"]
        with pytest.raises(Empty):
            first._get("q")

    def test_drop_the_oldest_when_nobody_takes(self, channels: tuple[Channel, Channel]) -> None:
        first, _ = channels
        for number in range(WAITING_LIMIT + 2):
            first._put("q", {"n": number})

        assert first._get("q") == {"n": 2}
        assert first._size("q") == WAITING_LIMIT - 1
