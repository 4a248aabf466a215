"""`manage.py close 2026-10 --as USER`: close a month, so that it can be settled."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from ledger.management import acting
from ledger.periods import parse_month
from settlement.clearing import month_end


class Command(BaseCommand):
    """Close the periods of a month."""

    help = "Close the periods of all agreements in a month; later usage goes to the next one."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the month and who closes it."""
        parser.add_argument("month", help="YYYY-MM")
        acting.add_argument(parser)
        parser.add_argument(
            "--despite-waiting",
            action="store_true",
            help="close even if events wait to be rated or are set aside; they go to a later month",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Say how many periods were closed, what was left waiting, and what came of energy."""
        with acting.refusals_said():
            done = month_end.close(
                starts_on=parse_month(options["month"])[0],
                user=acting.person(options["acting"]),
                now=timezone.now(),
                despite_waiting=options["despite_waiting"],
            )
        closed = done.closed
        self.stdout.write(f"{closed.starts_on:%Y-%m} is closed: {closed.periods} periods")
        if closed.true_ups:
            self.stdout.write(f"true-ups posted: {closed.true_ups}")
        if closed.waiting:
            self.stdout.write(
                f"left waiting: {closed.waiting.batches} batches,"
                f" {closed.waiting.set_aside} events set aside,"
                f" {closed.waiting.corrections} corrections"
            )
        for one in done.energy:
            self.stdout.write(f"energy: {one.said}")
