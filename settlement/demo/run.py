"""The demo, step by step: stage the books, post a month, rate it, close, settle, write it out."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from ledger import audit, tasks
from ledger.parties.models import Party
from ledger.pricing import catalogue
from ledger.rating.waiting import Waiting, waiting
from settlement.audits import EVERY_AUDIT
from settlement.clearing import calendars, runs
from settlement.demo import figures, gateway, people, schema
from settlement.demo.batches import Batch
from settlement.demo.figures import Figures
from settlement.demo.gateway import Receipts
from settlement.demo.people import People
from settlement.demo.plan import LATE_DOCUMENT, PARTIES, Plan
from settlement.statements import files

CATALOGUE: Final = Path(settings.BASE_DIR) / "ledger/fixtures/catalogue.yaml"
PUBLISHER: Final = "demo"
LOOK_EVERY_SECONDS: Final = 0.05
STANDSTILL_SECONDS: Final = 90.0

RATED: Final = """
    SELECT COALESCE(sum(events), 0) FROM ledger_usage_batch WHERE state = 'rated'
"""


class StandsStill(Exception):
    """The workers did nothing for a long while, although something waits."""

    def __init__(self, left: Waiting) -> None:
        super().__init__(
            f"nothing was rated for {STANDSTILL_SECONDS:.0f} s, while {left.batches} batches wait "
            f"and {left.set_aside} events are set aside"
        )


class AuditFailed(Exception):
    """The audits found something; the demo's books should be clean at every moment."""

    def __init__(self, findings: Sequence[audit.Finding]) -> None:
        self.findings = list(findings)
        first = findings[0]
        super().__init__(f"{len(findings)} findings, the first of {first.audit}: {first.detail}")


@dataclass(frozen=True, slots=True)
class Oddities:
    """What became of the events that are not as they should be."""

    again: Receipts
    odd: Receipts
    set_aside: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything that the summary tells; seconds are wall time, the rest is the same every run."""

    plan: Plan
    oddities: Oddities
    books: Figures
    audits: int
    folder: Path
    files: list[Path]
    posted_events: int
    posting_seconds: float
    booking_seconds: float


def stage(console: Console) -> People:
    """Clear the books, publish the catalogue and the demo's parties, let people in.

    :raises DemoRefused: if the database is not the demo's to clear.
    """
    schema.make_fresh()
    for path in (CATALOGUE, PARTIES):
        published = _publish(path)
        console.print(f"  {path.name}: {sum(published.added.values())} rows published")
    return people.introduce(now=timezone.now())


def play(plan: Plan, cast: People, *, address: str, out: Path, console: Console) -> Outcome:
    """Post the month through the API at `address`, and carry it through to the settled books.

    :raises RequestRefused: if the API refuses what it should take.
    :raises StandsStill: if no worker rates.
    :raises AuditFailed: if the books are not clean.
    """
    watch = _Watch(plan)
    oddities, first, second, booking_seconds = _post_everything(plan, cast, address, watch, console)
    _analyse()
    with console.status("auditing the books"):
        audits = _audit()
    console.print(f"  {audits} audits found nothing")
    with console.status("closing and settling the month"):
        settlement_ids = _close_and_settle(plan.starts_on, cast)
        for settlement_id in settlement_ids:
            gateway.approve(address, cast.checker_key, settlement_id=settlement_id)
        folder = out / f"{plan.starts_on:%Y-%m}"
        written = [
            path
            for settlement_id in settlement_ids
            for path in files.write(settlement_id=settlement_id, folder=folder)
        ]
    console.print("  closed and settled by the maker, approved over HTTP by the checker")
    with console.status("auditing the books again"):
        audits = _audit()
    return Outcome(
        plan=plan,
        oddities=oddities,
        books=figures.read(settlement_ids=settlement_ids),
        audits=audits,
        folder=folder,
        files=written,
        posted_events=first.receipts.sent + second.receipts.sent,
        posting_seconds=first.seconds + second.seconds,
        booking_seconds=booking_seconds,
    )


def _post_everything(
    plan: Plan, cast: People, address: str, watch: "_Watch", console: Console
) -> tuple[Oddities, gateway.Posting, gateway.Posting, float]:
    """Post half of the month, then what is odd, then the rest; return once all is in the books."""
    half = (len(plan.batches) + 1) // 2
    with _progress(console) as progress:
        bars = _Bars(progress, plan.events)
        begun_at = time.monotonic()
        first = _post(plan.batches[:half], cast, address, watch, bars)
        oddities = _post_what_is_odd(plan, cast, address, watch, bars)
        second = _post(plan.batches[half:], cast, address, watch, bars)
        watch.until(lambda left: not left, bars)
        booking_seconds = time.monotonic() - begun_at
    return oddities, first, second, booking_seconds


def _post(
    batches: Sequence[Batch], cast: People, address: str, watch: "_Watch", bars: "_Bars"
) -> gateway.Posting:
    before = bars.recorded
    with gateway.posting(address, cast.provider_keys, batches) as under_way:
        while not under_way.is_done():
            bars.show(before + under_way.receipts.accepted, watch.rated())
            time.sleep(LOOK_EVERY_SECONDS)
    bars.show(before + under_way.receipts.accepted, watch.rated())
    return under_way


def _post_what_is_odd(
    plan: Plan, cast: People, address: str, watch: "_Watch", bars: "_Bars"
) -> Oddities:
    """Send a batch twice, and one that is half wrong; publish what it lacks and see it rated."""
    again = _post([plan.again], cast, address, watch, bars)
    odd = _post([plan.odd], cast, address, watch, bars)
    left = watch.until(lambda left: left.set_aside > 0 and not left.batches, bars)
    _publish(LATE_DOCUMENT)
    # Beat would find it within a minute; this wakes a worker now.
    tasks.retry_set_aside.apply_async(retry=False, ignore_result=True)
    return Oddities(again.receipts, odd.receipts, left.set_aside)


def _close_and_settle(starts_on: date, cast: People) -> list[int]:
    calendars.close_month(starts_on=starts_on, user=cast.maker, now=timezone.now())
    calculated = runs.calculate(starts_on=starts_on, user=cast.maker, now=timezone.now())
    return [settlement.pk for settlement in calculated]


def _publish(path: Path) -> catalogue.Published:
    document = catalogue.read_document(path)
    return catalogue.publish(document, now=timezone.now(), published_by=PUBLISHER)


def _analyse() -> None:
    """Tell the planner what came in within seconds; a server that runs for longer knows itself.

    Without it, it takes the new tables for empty and reads them once a row of another one.
    """
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _audit() -> int:
    """Run all audits and return how many there are.

    :raises AuditFailed: if one of them finds anything.
    """
    findings = audit.run(EVERY_AUDIT)
    if findings:
        raise AuditFailed(findings)
    return len(EVERY_AUDIT)


class _Watch:
    """Look at what is rated and what waits, and notice when nothing moves."""

    def __init__(self, plan: Plan) -> None:
        self._providers = list(Party.objects.values_list("id", flat=True))
        self._span: dict[str, Any] = {"starts_at": plan.starts_at, "ends_at": plan.ends_at}

    def rated(self) -> int:
        """Return how many events are rated or set aside."""
        with connection.cursor() as cursor:
            cursor.execute(RATED)
            return int(cursor.fetchone()[0])

    def until(self, reached: Callable[[Waiting], bool], bars: "_Bars") -> Waiting:
        """Return what waits as soon as it is as wanted.

        :raises StandsStill: if nothing changes for too long.
        """
        seen: object = None
        moved_at = time.monotonic()
        while True:
            left = waiting(provider_ids=self._providers, **self._span)
            rated = self.rated()
            bars.show(bars.recorded, rated - left.set_aside)
            if reached(left):
                return left
            if (left, rated) != seen:
                seen, moved_at = (left, rated), time.monotonic()
            elif time.monotonic() - moved_at > STANDSTILL_SECONDS:
                raise StandsStill(left)
            time.sleep(LOOK_EVERY_SECONDS)


class _Bars:
    """Two bars: what the API recorded, what the workers booked."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {
            name: progress.add_task(name, total=total) for name in ("recorded", "in the books")
        }
        self.recorded = 0

    def show(self, recorded: int, booked: int) -> None:
        """Move the bars."""
        self.recorded = recorded
        self._progress.update(self._tasks["recorded"], completed=recorded)
        self._progress.update(self._tasks["in the books"], completed=booked)


@contextmanager
def _progress(console: Console) -> Iterator[Progress]:
    columns = (TextColumn("  {task.description:<13}"), BarColumn(40), MofNCompleteColumn())
    with Progress(*columns, console=console) as progress:
        yield progress
