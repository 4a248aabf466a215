"""Other people's programs, run as processes from their own environment (tests/clients)."""

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from django.conf import settings

from tests.conftest import missing

PROGRAMS = Path(settings.BASE_DIR) / ".venv-clients" / "bin"
SCRIPTS = Path(settings.BASE_DIR) / "tests" / "clients"
TIMEOUT_SECONDS = 240
READY_WITHIN_SECONDS = 180


def program(name: str) -> str:
    """Return the path of a client's program, such as `litellm` or `python`."""
    path = PROGRAMS / name
    if not path.exists():
        missing(f"{name} of tests/clients/requirements.txt (make .venv-clients/installed)")
    return str(path)


def environment(**variables: str) -> dict[str, str]:
    """Return an environment without our own settings and without anything to reach outside by."""
    ours = ("DJANGO_", "DATABASE_", "CLEARWATT_", "CELERY_", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"PYTHONUNBUFFERED": "1"} | variables


def run(
    *command: str, given: str = "", variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a client's program to its end, with a text as its input."""
    name, *arguments = command
    return subprocess.run(
        [program(name), *arguments],
        input=given,
        env=environment(**(variables or {})),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


def answer(script: str, *arguments: str, given: Any = None) -> Any:
    """Run a script of tests/clients that reads JSON and writes JSON; return what it wrote."""
    path = str(SCRIPTS / script)
    ended = run("python", path, *arguments, given="" if given is None else json.dumps(given))
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


@contextmanager
def serving(
    *command: str, ready_at: str, log: Path, variables: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Run a client's server until the block ends; it is ready once it answers at an address."""
    name, *arguments = command
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program(name), *arguments],
            env=environment(**(variables or {})),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            deadline = time.monotonic() + READY_WITHIN_SECONDS
            while not _answers(ready_at):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.2)
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)


def _answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).ok
    except requests.RequestException:
        return False
