import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import psutil
import pytest

from config.processes import (
    Interrupted,
    NotReady,
    ProcessDied,
    Supervisor,
    free_port,
)

ROOT = Path(__file__).resolve().parents[2]
SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    """import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('deaf', flush=True)
time.sleep(60)""",
]
# Starts a process of its own, says its pid, and leaves it behind.
PARENT = [
    sys.executable,
    "-c",
    """import subprocess, sys
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])
print(child.pid, flush=True)
child.wait()""",
]
SUPERVISOR = """
import sys
from config.processes import Supervisor
sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
with Supervisor() as processes:
    for number in range(2):
        print(processes.start("child", sleep), flush=True)
    processes.run_forever()
print("ended", flush=True)
"""


def is_alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def until(condition: Callable[[], bool], *, seconds: float = 10) -> bool:
    give_up_at = time.monotonic() + seconds
    while not condition() and time.monotonic() < give_up_at:
        time.sleep(0.02)
    return condition()


class Lines:
    """Keep what the processes wrote, for the test to look at."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, str]] = []

    def __call__(self, name: str, line: str) -> None:
        self.kept.append((name, line))


def supervise(signum: signal.Signals) -> tuple[int, list[bool], str]:
    """Run a supervisor with two children, send it a signal; return how it and they ended."""
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        pids = [int(process.stdout.readline()) for _ in range(2)]
        # It says the second pid a moment before it settles down to wait.
        time.sleep(0.3)
        process.send_signal(signum)
        status = process.wait(20)
        said = process.stdout.read()
    gone = [until(lambda pid=pid: not is_alive(pid)) for pid in pids]  # type: ignore[misc]
    return status, gone, said


class TestSupervisor:
    @pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
    def test_stops_everything_when_asked_and_ends_well(self, signum: signal.Signals) -> None:
        status, gone, said = supervise(signum)

        assert (status, gone) == (0, [True, True])
        assert said.strip() == "ended"

    @pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel cannot tell them")
    def test_takes_its_processes_along_when_it_is_killed(self) -> None:
        status, gone, _ = supervise(signal.SIGKILL)

        assert (status, gone) == (-signal.SIGKILL, [True, True])

    def test_stops_everything_when_the_block_fails(self) -> None:
        with pytest.raises(ZeroDivisionError), Supervisor() as processes:
            pid = processes.start("child", SLEEP)
            raise ZeroDivisionError

        assert not is_alive(pid)

    def test_stops_everything_when_one_dies_and_says_which(self) -> None:
        with pytest.raises(ProcessDied) as died, Supervisor() as processes:
            pid = processes.start("web", SLEEP)
            processes.start("worker", [sys.executable, "-c", "raise SystemExit(3)"])
            processes.run_forever()

        assert (died.value.name, died.value.status) == ("worker", 3)
        assert not is_alive(pid)

    def test_interrupts_the_block_when_it_is_asked_to_end(self) -> None:
        before = signal.getsignal(signal.SIGTERM)

        with pytest.raises(Interrupted) as interrupted, Supervisor() as processes:
            pid = processes.start("child", SLEEP)
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(10)

        assert interrupted.value.code == 128 + signal.SIGTERM
        assert not is_alive(pid)
        assert signal.getsignal(signal.SIGTERM) == before

    def test_kills_what_does_not_end_when_asked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("config.processes.GRACE_SECONDS", 0.2)
        lines = Lines()

        with Supervisor(lines) as processes:
            pid = processes.start("deaf", STUBBORN)
            assert until(lambda: ("deaf", "deaf") in lines.kept)

        assert not is_alive(pid)

    def test_leaves_no_grandchild_behind(self) -> None:
        lines = Lines()

        with Supervisor(lines) as processes:
            processes.start("parent", PARENT)
            assert until(lambda: bool(lines.kept))
            grandchild = int(lines.kept[0][1])

        assert until(lambda: not is_alive(grandchild))

    def test_says_each_line_with_the_name_of_who_wrote_it(self) -> None:
        lines = Lines()
        script = "import sys; print('one'); print(); print('zwei ü', file=sys.stderr); input()"

        with pytest.raises(ProcessDied), Supervisor(lines) as processes:
            processes.start("web", [sys.executable, "-c", script])
            processes.run_forever()

        assert lines.kept[:2] == [("web", "one"), ("web", "zwei ü")]

    def test_gives_each_process_the_environment_it_needs(self) -> None:
        lines = Lines()
        script = "import os, time; print(os.environ['CLEARWATT_TEST'], flush=True); time.sleep(60)"

        with Supervisor(lines) as processes:
            processes.start(
                "web", [sys.executable, "-c", script], environment={"CLEARWATT_TEST": "x"}
            )
            assert until(lambda: bool(lines.kept))

        assert lines.kept[0] == ("web", "x")


class TestWaitUntilReady:
    class _Answer(BaseHTTPRequestHandler):
        status = 503

        def do_GET(self) -> None:
            self.send_response(type(self).status)
            self.end_headers()
            type(self).status = 404

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    def test_returns_once_the_server_is_there_past_any_proxy(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
        with HTTPServer(("127.0.0.1", 0), self._Answer) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()

            Supervisor().wait_until_ready(f"http://127.0.0.1:{server.server_port}/")
            server.shutdown()

        assert self._Answer.status == 404

    def test_gives_up_in_time(self) -> None:
        with pytest.raises(NotReady):
            Supervisor().wait_until_ready("http://127.0.0.1:1/", timeout_seconds=0.2)


class TestFreePort:
    def test_is_the_preferred_one_or_the_next_that_is_free(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]

            found = free_port(port)

        assert port < found < port + 100
