"""Measure what an event costs, with a PostgreSQL of its own or the one DATABASE_URL names.

Costs are CPU time by the operating system, and each is set against a bare COPY in the same run:
both are steadier than wall time, and travel between machines better.
"""

import argparse
import json
import os
import platform
import statistics
import tempfile
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import django
from rich.console import Console
from rich.table import Table

from config import embedded, settings
from config.garbage import collect_rarely

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench" / "results"
DOCUMENTS = (ROOT / "ledger/fixtures/catalogue.yaml", ROOT / "settlement/demo/parties.yaml")


def main() -> None:
    """Run the passes in turn, several times, and write medians with their spread."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="clearwatt-bench-", dir="/tmp") as scratch:
        Path(scratch).chmod(0o711)
        with embedded.running(Path(scratch) / "postgres") as url:
            settings.use_database(url)
            os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
            django.setup()
            report(measure(arguments), arguments)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--events", type=int, default=50_000, help="events a pass")
    parser.add_argument("--size", type=int, default=5_000, help="events a batch")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--label", default="", help="what the result is called, such as a change")
    return parser.parse_args()


def measure(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Return one row per thing measured: medians over interleaved repeats."""
    from django.core.management import call_command  # noqa: PLC0415 - after the settings are known

    from bench import costs as bench  # noqa: PLC0415 - as above

    call_command("migrate", verbosity=0)
    for document in DOCUMENTS:
        call_command("publish", str(document), verbosity=0)
    collect_rarely()
    costs = defaultdict(list)
    for seed in range(arguments.repeats + 1):
        for cost in bench.passes(events=arguments.events, size=arguments.size, seed=seed):
            if seed:  # the first round warms caches
                costs[cost.name].append(cost)
    floor = statistics.median(one.cpu_us for one in next(iter(costs.values())))
    return [
        {
            "what": name,
            "cpu_us": round(statistics.median(one.cpu_us for one in found), 2),
            "least": round(min(one.cpu_us for one in found), 2),
            "most": round(max(one.cpu_us for one in found), 2),
            "client_us": round(statistics.median(one.client_us for one in found), 2),
            "server_us": round(statistics.median(one.server_us for one in found), 2),
            "wall_us": round(statistics.median(one.wall_us for one in found), 2),
            "to_floor": round(statistics.median(one.cpu_us for one in found) / floor, 1),
        }
        for name, found in costs.items()
    ]


def report(rows: list[dict[str, Any]], arguments: argparse.Namespace) -> None:
    """Show the rows, and keep them as JSON beside the others."""
    table = Table(title=f"CPU in µs an event, median of {arguments.repeats}")
    for heading in ("what", "CPU", "least", "most", "client", "server", "wall", "× floor"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    Console().print(table)
    at = datetime.now(UTC)
    label = f"-{arguments.label}" if arguments.label else ""
    result = {
        "at": at.isoformat(timespec="seconds"),
        "label": arguments.label,
        "machine": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "system": platform.platform(terse=True),
            "python": platform.python_version(),
        },
        "events": arguments.events,
        "size": arguments.size,
        "repeats": arguments.repeats,
        "rows": rows,
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{at:%Y%m%dT%H%M%SZ}{label}.json"
    path.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    Console().print(f"written to {path.relative_to(Path.cwd())}")


def _processor() -> str:
    try:
        facts = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor()
    named = [line for line in facts.splitlines() if line.startswith("model name")]
    return named[0].partition(":")[2].strip() if named else platform.processor()


if __name__ == "__main__":
    main()
