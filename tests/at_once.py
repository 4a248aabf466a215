"""Several at the same moment: threads with connections of their own, and whole processes."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.db import connection, connections

ROOT: Final = Path(__file__).resolve().parents[1]
WORKER: Final = """
import json, sys
from datetime import datetime
import django
django.setup()
from ledger.rating import rate
from ledger.rating.corrections.applying import apply_pending
from ledger.rating.rerating.applying import apply_approved
act = {"apply_pending": apply_pending, "apply_approved": apply_approved}.get(sys.argv[1])
act = act or getattr(rate, sys.argv[1])
counted = {"apply_pending": "applied", "apply_approved": "taken_back"}.get(sys.argv[1], "entered")
now, limit = datetime.fromisoformat(sys.argv[2]), int(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
claims = entered = 0
while (rated := act(now=now, limit=limit)) is not None:
    claims += 1
    entered += getattr(rated, counted)
print(json.dumps({"claims": claims, "entered": entered}))
"""
"""Rates, or applies corrections or re-ratings, until nothing is left, once it is told to begin."""


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Do all acts at the same moment; return what each returned or raised."""
    barrier = threading.Barrier(len(acts))

    def do(act: Callable[[], Any]) -> Any:
        try:
            # A connection first, so that the acts and not their greetings meet.
            connection.ensure_connection()
            barrier.wait(timeout=10)
            return act()
        except Exception as error:  # noqa: BLE001 - what was raised is what the test asks for
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(do, acts))


@contextmanager
def workers(
    count: int, act: str, *, database_url: str, now: datetime, limit: int
) -> Iterator[list[dict[str, int]]]:
    """Start so many worker processes; yield when all are at work, end when all have ended.

    The list that is yielded holds afterwards what each did; what one of them says on its error
    output, such as a claim that failed, is an error here.
    """
    command = [sys.executable, "-c", WORKER, act, now.isoformat(), str(limit)]
    processes = start([command] * count, database_url=database_url)
    done: list[dict[str, int]] = []
    try:
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        yield done
        for process in processes:
            said, complaints = process.communicate(timeout=60)
            assert (process.returncode, complaints) == (0, "")
            done.append(json.loads(said))
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def start(commands: Sequence[Sequence[str]], *, database_url: str) -> list[subprocess.Popen[str]]:
    """Start the processes and return when each has said that it is ready."""
    processes = [
        subprocess.Popen(
            command,
            cwd=ROOT,
            env={
                **os.environ,
                "DATABASE_URL": database_url,
                "DJANGO_SETTINGS_MODULE": "config.settings",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for command in commands
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    return processes
