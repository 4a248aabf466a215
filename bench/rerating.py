"""Re-rate a month: fill it through intake and rating, correct every tariff, take it all back once.

`python -m bench.rerating --events 1000000`, or `make rerating`. Two people and one worker; the
books are audited afterwards, and a second dry run must find nothing left to do.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import django
from rich.console import Console

from config import embedded, settings
from config.garbage import collect_rarely

ROOT: Final = Path(__file__).parent.parent
DOCUMENTS: Final = (ROOT / "ledger/fixtures/catalogue.yaml", ROOT / "settlement/demo/parties.yaml")
STARTS_AT: Final = datetime(2026, 10, 1, tzinfo=UTC)
DAYS: Final = 29
SIZE: Final = 5_000
TICK_SECONDS: Final = 0.01
SLOW_SECONDS: Final = 5.0
"""Audits that take longer are named."""


def main() -> None:
    """Run it once against a PostgreSQL of its own, and print what took how long."""
    parser = argparse.ArgumentParser(prog="python -m bench.rerating", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--without-audits", action="store_true", help="leave out the audits")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="clearwatt-bench-", dir="/tmp") as scratch:
        Path(scratch).chmod(0o711)
        with embedded.running(Path(scratch) / "postgres") as url:
            settings.use_database(url)
            os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
            django.setup()
            _run(arguments.events, audits=not arguments.without_audits)


def _run(events: int, *, audits: bool) -> None:
    from django.core.management import call_command  # noqa: PLC0415 - after the settings are known

    call_command("migrate", verbosity=0)
    for document in DOCUMENTS:
        call_command("publish", str(document), verbosity=0)
    collect_rarely()
    _timed("recorded and rated", events, lambda: _fill(events))
    _correct_the_tariffs()
    _timed("proposed", events, _propose)
    _timed("approved", events, _approve)
    _timed("applied", events, lambda: _apply(events))
    _timed("dry run that finds nothing left", events, _nothing_left)
    if audits:
        _timed("audited", events, _audit)


def _fill(events: int) -> None:
    from bench import bodies  # noqa: PLC0415 - after the settings are known
    from ledger.parties.models import Party  # noqa: PLC0415 - as above
    from ledger.rating import rate  # noqa: PLC0415 - as above
    from ledger.usage import intake  # noqa: PLC0415 - as above

    provider_id = Party.objects.get(code=bodies.PROVIDER).id
    now = datetime(2026, 10, 31, tzinfo=UTC)
    read = bodies.FORMS[0].read
    for batch in _spread(events):
        receipt = intake.record(provider_id=provider_id, decoded=read(batch), now=now)
        assert receipt.accepted == receipt.sent, receipt.items[:1]
    entered = 0
    while (rated := rate.rate_pending(now=now)) is not None:
        entered += rated.entered
    assert entered == events, f"{entered} of {events} have a price"


def _spread(events: int) -> Iterator[bytes]:
    """Yield bodies whose events lie evenly over the month."""
    from bench import bodies  # noqa: PLC0415 - after the settings are known

    step = timedelta(days=DAYS) / events
    number = 0
    for batch in bodies.batches(events=events, size=SIZE, seed=1):
        for event in batch:
            event["time"] = (STARTS_AT + number * step).isoformat()
            event["sequence"] = str(number)
            number += 1
        yield json.dumps(batch).encode()


def _correct_the_tariffs() -> None:
    from django.utils import timezone  # noqa: PLC0415 - after the settings are known

    from ledger.pricing import catalogue  # noqa: PLC0415 - as above

    document = catalogue.read_document(DOCUMENTS[0])
    corrected = []
    for version in document["tariff_versions"]:
        terms = dict(version["terms"])
        demand = Decimal(str(terms.get("demand_per_kw_month", "0"))) + 1
        charge = {"load_factor": "0.85"} | terms | {"demand_per_kw_month": f"{demand}"}
        corrected.append(version | {"terms": charge})
    pue = [
        one | {"pue": f"{Decimal(str(one['pue'])) + Decimal('0.01')}"}
        for one in document["site_pue"]
    ]
    catalogue.publish(
        {"tariff_versions": corrected, "site_pue": pue}, now=timezone.now(), published_by="bench"
    )


def _scope() -> Any:
    from ledger.rating.rerating import scope  # noqa: PLC0415 - after the settings are known

    return scope.named(starts_at=STARTS_AT, ends_at=STARTS_AT + timedelta(days=31))


def _user(name: str) -> Any:
    from django.contrib.auth import get_user_model  # noqa: PLC0415 - after the settings are known

    return get_user_model().objects.get_or_create(username=name)[0]


def _propose() -> None:
    from django.utils import timezone  # noqa: PLC0415 - after the settings are known

    from ledger.rating.rerating import approvals  # noqa: PLC0415 - as above

    approvals.propose(_scope(), reason="bench", user=_user("one"), now=timezone.now())


def _approve() -> None:
    from django.utils import timezone  # noqa: PLC0415 - after the settings are known

    from ledger.rating.rerating import approvals  # noqa: PLC0415 - as above

    approvals.approve(1, user=_user("two"), now=timezone.now())


def _apply(events: int) -> None:
    from django.utils import timezone  # noqa: PLC0415 - after the settings are known

    from ledger.rating.rerating import applying  # noqa: PLC0415 - as above

    taken_back = 0
    while (step := applying.apply_approved(now=timezone.now())) is not None:
        taken_back += step.taken_back
    assert taken_back == events, f"{taken_back} of {events} were re-rated"


def _nothing_left() -> None:
    from django.utils import timezone  # noqa: PLC0415 - after the settings are known

    from ledger.rating.rerating import preview  # noqa: PLC0415 - as above

    assert preview.of(_scope(), now=timezone.now()).entries == 0, "something is left to re-rate"


def _audit() -> None:
    from settlement.audits import EVERY_AUDIT  # noqa: PLC0415 - after the settings are known

    for audit in EVERY_AUDIT:
        begun = time.perf_counter()
        found = audit.run()
        took = time.perf_counter() - begun
        if took > SLOW_SECONDS:
            Console().print(f"  {audit.name}: {took:.1f} s", highlight=False)
        assert not found, found


def _timed(what: str, events: int, act: Callable[[], None]) -> None:
    from django.db import connection  # noqa: PLC0415 - after the settings are known

    connection.ensure_connection()
    server = connection.connection.info.backend_pid
    before = (time.perf_counter(), time.process_time(), _cpu_seconds(server))
    act()
    after = (time.perf_counter(), time.process_time(), _cpu_seconds(server))
    wall, client, backend = (b - a for a, b in zip(before, after, strict=True))
    Console().print(
        f"{what}: {wall:.1f} s; CPU an entry {client / events * 1e6:.1f} µs here and "
        f"{backend / events * 1e6:.1f} µs in the database",
        highlight=False,
    )


def _cpu_seconds(pid: int) -> float:
    """Return what a process has used, from the operating system; 0 where it does not say."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) * TICK_SECONDS


if __name__ == "__main__":
    main()
