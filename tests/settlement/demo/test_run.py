"""The whole demo as a user starts it: twice in a row, with processes, database and files."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[3]
EVENTS = 2_000


@contextmanager
def demo(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start the demo with data of its own; it is not left running."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "CELERY_BROKER_URL", "CLEARWATT_ENV"}
    }
    command = [sys.executable, "manage.py", "demo", "--out", str(folder / "out"), *arguments]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**inherited, "CLEARWATT_DATA": str(folder / "data")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()


def left_behind(folder: Path) -> list[str]:
    """Return the command lines of processes that were started with these data."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("CLEARWATT_DATA") == str(folder / "data"):
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


def books(text: str) -> str:
    """Return what the summary says of the books, without speed and paths."""
    return text[text.index("Usage in the books") : text.index("audits")]


def read_until(process: subprocess.Popen[str], sentence: str) -> str:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if sentence in line:
            return "".join(lines)
    pytest.fail("".join(lines))


class TestDemo:
    @pytest.mark.timeout(300)
    def test_runs_twice_and_says_the_same_and_leaves_nothing_running(self, tmp_path: Path) -> None:
        with demo(tmp_path, "--no-serve", "--events", str(EVENTS)) as first:
            said, _ = first.communicate(timeout=100)
        assert first.returncode == 0, said
        assert left_behind(tmp_path) == []
        assert "2,000 events" in said
        assert "1 set aside, rated once published" in said
        assert "findings" not in said

        with demo(tmp_path, "--events", str(EVENTS), "--port", "8400") as second:
            said_again = read_until(second, "Ctrl-C ends it.")
            address = re.findall(r"http://127\.0\.0\.1:\d+", said_again)[0]
            with urllib.request.urlopen(f"{address}/v1/health", timeout=5) as answer:  # noqa: S310 - our own server
                assert answer.status == 200
            second.send_signal(signal.SIGTERM)
            assert second.wait(timeout=30) == 0
        assert left_behind(tmp_path) == []

        assert books(said_again) == books(said)
        written = {path.name for path in (tmp_path / "out/2026-10").iterdir()}
        assert {"2026-10-CNY-1-manifest.json", "2026-10-USD-2-manifest.json"} <= written
        assert (tmp_path / "out/2026-10/summary.txt").exists()

    def test_says_what_is_wrong_with_a_trace_and_posts_nothing(self, tmp_path: Path) -> None:
        trace = tmp_path / "trace.csv"
        trace.write_text("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03,4808\n")

        with demo(tmp_path, "--no-serve", "--trace", str(trace)) as refused:
            said, _ = refused.communicate(timeout=100)

        assert refused.returncode == 1
        assert "CommandError: trace.csv, line 2: " in said
        assert not (tmp_path / "out").exists()
        assert left_behind(tmp_path) == []
