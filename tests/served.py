"""Our own web server as it runs for users, in a process of its own over the tests' database."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import requests
from django.conf import settings

from config.processes import free_port, web_command

READY_WITHIN_SECONDS = 60.0


@contextmanager
def served(database_url: str) -> Iterator[str]:
    """Serve the API and the sites until the block ends; yield the address."""
    port = free_port(8500)
    url = f"http://127.0.0.1:{port}"
    environment = os.environ | {"DATABASE_URL": database_url, "CLEARWATT_LOG_LEVEL": "WARNING"}
    process = subprocess.Popen(web_command(port), env=environment, cwd=settings.BASE_DIR)
    try:
        _wait_until_ready(f"{url}/v1/health", process)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_until_ready(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "the web server ended by itself"
        try:
            if requests.get(url, timeout=2).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise AssertionError(f"{url} did not answer within {READY_WITHIN_SECONDS} s")
