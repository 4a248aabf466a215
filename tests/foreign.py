"""Other people's programs, run as processes from their own environment (tests/clients)."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from tests.conftest import missing

PROGRAMS = Path(settings.BASE_DIR) / ".venv-clients" / "bin"
SCRIPTS = Path(settings.BASE_DIR) / "tests" / "clients"
TIMEOUT_SECONDS = 100


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
