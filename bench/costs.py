"""What it costs to record and rate usage: CPU per event of this process and of the database."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import psycopg
from django.db import connection
from django.utils import timezone

from bench import bodies
from bench.bodies import Form
from ledger.parties.models import Party
from ledger.rating import rate
from ledger.usage import intake
from ledger.usage.register import COPY_HEADER, COPY_TRAILER

TICK_SECONDS: Final = 0.01
FLOOR_TABLE: Final = """
    CREATE TEMP TABLE IF NOT EXISTS bench_floor
        (provider_id bigint, key uuid, body_hash uuid, batch_id bigint)
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one pass cost for each event, in microseconds; wall time includes the disk's."""

    name: str
    events: int
    client_us: float
    server_us: float
    wall_us: float

    @property
    def cpu_us(self) -> float:
        """Return the CPU time of both sides."""
        return self.client_us + self.server_us


def passes(*, events: int, size: int, seed: int) -> Iterator[Cost]:
    """Measure the floor and every form once, each with events that were never seen."""
    # So cheap that the clock of the operating system, a tick of 10 ms, needs many more of them.
    yield _measured("Floor: COPY into a bare table", 20 * events, partial(_floor, 20 * events))
    provider_id = Party.objects.get(code=bodies.PROVIDER).id
    for position, form in enumerate(bodies.FORMS):
        written = [
            form.write(batch)
            for batch in bodies.batches(events=events, size=size, seed=seed * 100 + position)
        ]
        now = timezone.now()
        yield _measured(
            f"{form.name}, {size} events",
            events,
            partial(_record, form, written, provider_id, now),
        )
    waiting = len(bodies.FORMS) * events
    yield _measured("Rating, recorded to posted", waiting, partial(_rate, waiting))


def _record(form: Form, written: list[bytes], provider_id: int, now: datetime) -> None:
    accepted = 0
    for body in written:
        receipt = intake.record(provider_id=provider_id, decoded=form.read(body), now=now)
        assert receipt.accepted == receipt.sent, receipt.items[:1]
        accepted += receipt.accepted
    assert accepted > 0, "nothing was measured"


def _rate(waiting: int) -> None:
    entered = 0
    while (rated := rate.rate_pending(now=timezone.now())) is not None:
        entered += rated.entered
    assert entered == waiting, "everything that was recorded has a price"


def _floor(events: int) -> None:
    row = b"\x00\x04" + b"".join(
        len(value).to_bytes(4, "big") + value
        for value in ((1).to_bytes(8, "big"), uuid4().bytes, uuid4().bytes, (1).to_bytes(8, "big"))
    )
    with psycopg.Cursor[Any](connection.connection) as cursor:
        cursor.execute(FLOOR_TABLE)
        with cursor.copy("COPY bench_floor FROM STDIN (FORMAT BINARY)") as copy:
            copy.write(COPY_HEADER + row * events + COPY_TRAILER)


def _measured(name: str, events: int, act: Callable[[], None]) -> Cost:
    connection.ensure_connection()
    server = connection.connection.info.backend_pid
    before = (time.process_time(), _cpu_seconds(server), time.perf_counter())
    act()
    after = (time.process_time(), _cpu_seconds(server), time.perf_counter())
    client, backend, wall = ((b - a) / events * 1e6 for a, b in zip(before, after, strict=True))
    return Cost(name, events, client, backend, wall)


def _cpu_seconds(pid: int) -> float:
    """Return what a process has used, from the operating system; 0 where it does not say."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) * TICK_SECONDS
