"""Chromium, driven through the W3C WebDriver protocol: a handful of requests to chromedriver."""

import json
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

START_SECONDS = 30
FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--window-size=1400,1000"),
)


class Browser:
    """One window. Elements are found by CSS."""

    def __init__(self, address: str) -> None:
        self.address = address

    def call(self, method: str, path: str, **body: Any) -> Any:
        """Send a command and return its value; complain of what the driver complains of."""
        answer = requests.request(
            method, f"{self.address}{path}", json=body if method == "POST" else None, timeout=60
        )
        assert answer.ok, answer.text
        return answer.json()["value"]

    def open(self, address: str) -> None:
        """Go to an address and wait until it is there."""
        self.call("POST", "/url", url=address)

    def run(self, script: str) -> Any:
        """Run a script in the page and return what it returns."""
        return self.call("POST", "/execute/sync", script=script, args=[])

    def click(self, words: str) -> None:
        """Click the first link or button with these words, and wait for the page behind it."""
        said = f"descendant-or-self::*/text()[normalize-space()='{words}']"
        find = {"using": "xpath", "value": f"//*[self::a or self::button][{said}]"}
        found = self.call("POST", "/elements", **find)
        assert found, f"nothing says {words!r}"
        (element,) = found[0].values()
        self.run("window.isLeft = true")
        self.call("POST", f"/element/{element}/click")
        until = time.monotonic() + START_SECONDS
        arrived = "return !window.isLeft && document.readyState === 'complete'"
        while not self.run(arrived):
            assert time.monotonic() < until, f"nothing came of {words!r}"
            time.sleep(0.05)

    def says(self) -> str:
        """Return the text of the page as it is seen, in one line."""
        return " ".join(str(self.run("return document.body.innerText")).split())

    def requested(self) -> set[str]:
        """Return every address that the pages asked for."""
        messages = (
            json.loads(entry["message"])["message"]
            for entry in self.call("POST", "/se/log", type="performance")
        )
        return {
            message["params"]["request"]["url"]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        }

    def complaints(self) -> list[str]:
        """Return what the browser's console holds against the pages."""
        return [
            entry["message"]
            for entry in self.call("POST", "/se/log", type="browser")
            if entry["level"] == "SEVERE"
        ]


@contextmanager
def browser(driver: str) -> Iterator[Browser]:
    """Start a window of its own, and leave nothing behind."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    profile = tempfile.mkdtemp(prefix="clearwatt-chromium-")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([driver, f"--port={port}"], **quiet) as process:  # type: ignore[call-overload]
        window = Browser(f"http://127.0.0.1:{port}")
        try:
            _wait(window)
            session = window.call(
                "POST",
                "/session",
                capabilities={
                    "alwaysMatch": {
                        "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
                        "goog:chromeOptions": {"args": [*FLAGS, f"--user-data-dir={profile}"]},
                    }
                },
            )["sessionId"]
            window.address += f"/session/{session}"
            yield window
            window.call("DELETE", "")
        finally:
            process.terminate()
            process.wait(timeout=20)
            shutil.rmtree(Path(profile), ignore_errors=True)


def _wait(window: Browser) -> None:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            if window.call("GET", "/status")["ready"]:
                return
        except requests.ConnectionError:
            assert time.monotonic() < until, "chromedriver does not answer"
        time.sleep(0.1)
