"""`manage.py demo`: a month of usage all the way into settled books, then the site."""

import logging
from argparse import ArgumentParser, BooleanOptionalAction
from pathlib import Path
from typing import Any, Final

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerUnavailable
from rich.console import Console

from config.log_files import LogFiles
from config.processes import (
    NotReady,
    ProcessDied,
    Supervisor,
    beat_command,
    free_port,
    web_command,
    worker_command,
)
from ledger.errors import LedgerError
from settlement.demo import plan, run, summary
from settlement.demo.gateway import RequestRefused
from settlement.demo.people import People
from settlement.demo.run import AuditFailed, StandsStill
from settlement.demo.schema import DemoRefused
from settlement.demo.trace import TraceUnreadable

REFUSALS: Final = (DemoRefused, TraceUnreadable, LedgerError)
FAILURES: Final = (
    *(ProcessDied, NotReady, RequestRefused, StandsStill, AuditFailed),
    *(requests.RequestException, BrokerUnavailable),
)


class Command(BaseCommand):
    """Run the demo."""

    help = "Clear the demo's books, post and settle a month through the real parts, then serve."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what is posted, where files go, and whether to serve in the end."""
        parser.add_argument("--serve", action=BooleanOptionalAction, default=True)
        parser.add_argument("--events", type=int, default=plan.EVENTS, help="how many to generate")
        parser.add_argument("--month", help=f"YYYY-MM, a month that is over; {plan.MONTH} if open")
        parser.add_argument(
            "--trace", type=Path, metavar="FILE", help="replay this instead (Azure CSV format)"
        )
        parser.add_argument(
            "--out", type=Path, default=Path(settings.BASE_DIR) / "out", help="folder of the files"
        )
        parser.add_argument("--port", type=int, default=8000, help="the next free one is taken")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run the demo and say what came of it.

        :raises CommandError: if it cannot run here, or something failed; all is stopped then.
        """
        if settings.PRODUCTION:
            raise CommandError("The demo is not for CLEARWATT_ENV=production.")
        for name in ("config", "ledger", "settlement"):
            logging.getLogger(name).setLevel(logging.WARNING)
        console = Console(width=summary.WIDTH, highlight=False)
        logs = LogFiles(Path(settings.CLEARWATT_DATA) / "logs")
        try:
            with logs:
                _run(console, logs, options)
        except REFUSALS as error:
            raise CommandError(str(error)) from error
        except FAILURES as error:
            raise CommandError(f"{error}\n{logs.tails()}") from error


def _run(console: Console, logs: LogFiles, options: dict[str, Any]) -> None:
    planned = plan.plan(
        events=options["events"],
        month=options["month"],
        trace_file=options["trace"],
        now=timezone.now(),
    )
    console.print(f"Clearwatt demo: {planned.title}")
    cast = run.stage(console)
    port = free_port(options["port"])
    address = f"http://127.0.0.1:{port}"
    with Supervisor(logs.write) as processes:
        processes.start("web", web_command(port))
        processes.start("worker", worker_command())
        processes.start("beat", beat_command())
        processes.wait_until_ready(f"{address}/v1/health")
        console.print(f"  web server, worker and clock run; logs in {logs.folder}", soft_wrap=True)
        outcome = run.play(planned, cast, address=address, out=options["out"], console=console)
        summary.show(outcome, console)
        if options["serve"]:
            _invite(console, address, cast)
            processes.run_forever()
    console.print("Everything is stopped.")


def _invite(console: Console, address: str, cast: People) -> None:
    """Say where to look, and how to get in."""
    console.print(f"\n[bold]{address}/admin/[/bold]  sign in as")
    for login in cast.logins:
        console.print(f"  {login.name:<8} {login.password:<13} {login.may}")
    console.print(f"[bold]{address}/v1/docs[/bold]  the API, with one of these keys")
    for party, key in (*cast.provider_keys.items(), *cast.consumer_keys.items()):
        console.print(f"  {party:<11} {key}", soft_wrap=True)
    console.print("Ctrl-C ends it.")
