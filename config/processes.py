"""Several processes as one: started together, heard together, stopped together."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Final, Self

from django.conf import settings

GRACE_SECONDS: Final = 15.0
ECHO_SECONDS: Final = 1.0
READY_TIMEOUT_SECONDS: Final = 60.0
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
COLOURS: Final = ("36", "33", "35", "32", "34")
# Asks the kernel for SIGTERM when the parent dies (PR_SET_PDEATHSIG is 1), makes sure that it has
# not died meanwhile, and becomes the command. A program of its own, since little is safe between
# fork and exec in a process with threads.
DIE_WITH_PARENT: Final = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGTERM)
if os.getppid() == int(sys.argv[1]):
    os.execvp(sys.argv[2], sys.argv[2:])
"""

# Takes the name of a process and a line that it wrote.
Echo = Callable[[str, str], None]


class ProcessDied(Exception):
    """One of the processes ended by itself, so all were stopped."""

    def __init__(self, name: str, status: int) -> None:
        self.name = name
        self.status = status
        how = f"by signal {-status}" if status < 0 else f"with status {status}"
        super().__init__(f"{name} ended {how}; everything else was stopped")


class NotReady(Exception):
    """A process runs, but does not answer in time."""

    def __init__(self, url: str, timeout_seconds: float) -> None:
        self.url = url
        self.timeout_seconds = timeout_seconds
        super().__init__(f"{url} did not answer within {timeout_seconds:.0f} s")


class Interrupted(SystemExit):
    """Somebody asked us to end: Ctrl-C, SIGTERM or a closed terminal. Exits with 128 + signal."""

    def __init__(self, signum: int) -> None:
        self.signum = signum
        super().__init__(128 + signum)


@dataclass(slots=True)
class _Child:
    name: str
    process: subprocess.Popen[str]
    threads: list[threading.Thread] = field(default_factory=list)


class Supervisor:
    """Keep processes in step: when one dies, or the block is left, all are stopped.

    To be entered in the main thread, whose signals it takes over until the block ends: any of them
    raises `Interrupted` in the block, a child's death `ProcessDied`. On Linux a child is told when
    we are killed without a chance to clean up; elsewhere it is left behind then.
    """

    def __init__(self, echo: Echo | None = None) -> None:
        self._echo = echo or _print
        self._children: list[_Child] = []
        self._dead: ProcessDied | None = None
        self._stopping = False
        self._hurry = False
        self._stopping_since = 0.0
        self._handlers: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        for number in SIGNALS:
            self._handlers[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)  # type: ignore[arg-type] # what signal() returned

    def start(
        self, name: str, command: Sequence[str], *, environment: Mapping[str, str] | None = None
    ) -> int:
        """Start a process in a group of its own and return its pid; its lines go to `echo`."""
        process = subprocess.Popen(  # noqa: S603 - our own commands
            [*_dying_with_us(), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            bufsize=1,
            cwd=settings.BASE_DIR,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})},
            # A group of its own: Ctrl-C reaches us alone, and we stop the children in order.
            process_group=0,
        )
        child = _Child(name, process)
        self._children.append(child)
        for work in (self._listen, self._watch):
            thread = threading.Thread(target=work, args=(child,), name=f"{name}{work.__name__}")
            thread.daemon = True
            thread.start()
            child.threads.append(thread)
        return process.pid

    def wait_until_ready(self, url: str, *, timeout_seconds: float = READY_TIMEOUT_SECONDS) -> None:
        """Return as soon as the URL answers with anything but a server's error.

        :raises NotReady: if it does not in time.
        """
        # A proxy from the environment must not stand between us and our own child.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        give_up_at = time.monotonic() + timeout_seconds
        while True:
            try:
                opener.open(url, timeout=5).close()
            except urllib.error.HTTPError as error:
                if error.code < 500:  # noqa: PLR2004 - it is there, and minds only what we asked
                    return
            except OSError:
                pass
            else:
                return
            if time.monotonic() > give_up_at:
                raise NotReady(url, timeout_seconds)
            time.sleep(0.05)

    def run_forever(self) -> None:
        """Return when somebody asks us to end.

        :raises ProcessDied: if a process ends by itself.
        """
        try:
            while True:
                time.sleep(3600)
        except Interrupted:
            return

    def stop(self) -> None:
        """Ask all to end, and kill with their groups those that do not; a second signal hurries."""
        self._stopping = True
        self._stopping_since = time.monotonic()
        for child in reversed(self._children):
            _send(child.process, signal.SIGTERM)
        give_up_at = time.monotonic() + GRACE_SECONDS
        while any(child.process.poll() is None for child in self._children):
            if self._hurry or time.monotonic() > give_up_at:
                self._echo("up", "not everything ended when asked, so it is killed")
                break
            time.sleep(0.02)
        for child in self._children:
            # Also what a dead process may have left in its group.
            _send_group(child.process.pid, signal.SIGKILL)
            child.process.wait()
            for thread in child.threads:
                thread.join(timeout=1)
        self._children.clear()

    def _listen(self, child: _Child) -> None:
        assert child.process.stdout is not None
        with child.process.stdout as lines:
            for line in lines:
                if text := line.rstrip():
                    self._echo(child.name, text)

    def _watch(self, child: _Child) -> None:
        status = child.process.wait()
        if self._stopping or self._dead:
            return
        self._dead = ProcessDied(child.name, status)
        # Interrupts whatever the main thread does; the handler below says why.
        main = threading.main_thread().ident
        assert main is not None
        signal.pthread_kill(main, signal.SIGTERM)

    def _on_signal(self, signum: int, _frame: FrameType | None) -> None:
        if self._stopping:
            # The first second's are echoes: who signals a group often signals its leader too.
            self._hurry = time.monotonic() - self._stopping_since > ECHO_SECONDS
            return
        if self._dead:
            raise self._dead
        raise Interrupted(signum)


def web_command(port: int) -> list[str]:
    """Return the command of the web server, on loopback."""
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi"),
        *("--host", "127.0.0.1", "--port", str(port)),
        # One process: NumPy, psycopg and msgspec let go of the interpreter where it matters.
        *("--workers", "1", "--blocking-threads", "4", "--no-ws", "--log-level", "warning"),
        "config.wsgi:application",
    ]


def worker_command(concurrency: int = 1) -> list[str]:
    """Return the command of a worker: a single process, or a parent with so many of them."""
    pool = ["solo"] if concurrency == 1 else ["prefork", "--concurrency", str(concurrency)]
    return [
        *_celery("worker"),
        *("--pool", *pool),
        # Workers need not know of each other: the tables say who does what.
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        *("--loglevel", "WARNING"),
    ]


def beat_command() -> list[str]:
    """Return the command of the clock; its memory lies with the other data."""
    return [
        *_celery("beat"),
        *("--schedule", str(Path(settings.CLEARWATT_DATA) / "beat")),
        *("--loglevel", "WARNING"),
    ]


def free_port(preferred: int = 8000) -> int:
    """Return the first port on loopback, from the preferred one on, that nobody listens on.

    :raises OSError: if a hundred are taken.
    """
    for port in range(preferred, preferred + 100):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    msg = f"no port from {preferred} to {preferred + 99} is free on 127.0.0.1"
    raise OSError(msg)


def _celery(what: str) -> list[str]:
    return [
        sys.executable,
        # Root is refused only with pickle, which is never accepted here; the warning is noise.
        *("-W", "ignore:You're running the worker with superuser privileges"),
        *("-m", "celery", "--app", "config.celery", "--quiet", what),
    ]


def _dying_with_us() -> list[str]:
    """Return what stands before a command so that it ends when we are killed; Linux only."""
    if not sys.platform.startswith("linux"):
        return []
    return [sys.executable, "-I", "-S", "-c", DIE_WITH_PARENT, str(os.getpid())]


def _send(process: subprocess.Popen[str], signum: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(signum)


def _send_group(group: int, signum: signal.Signals) -> None:
    try:
        os.killpg(group, signum)
    except (ProcessLookupError, PermissionError):
        # Nobody is left in it (macOS says the second where only the dead are).
        return


def _print(name: str, line: str) -> None:
    colour = COLOURS[sum(name.encode()) % len(COLOURS)]
    head = f"{name:<8} | "
    if sys.stdout.isatty():
        head = f"\x1b[{colour}m{head}\x1b[0m"
    sys.stdout.write(f"{head}{line}\n")
    sys.stdout.flush()
