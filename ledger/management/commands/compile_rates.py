"""Compile the rates of coming days: `manage.py compile_rates --from 2026-11-01 --days 31`."""

from argparse import ArgumentParser
from datetime import UTC, date, datetime, time
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ledger.pricing import ahead

MOST_DAYS = 366


class Command(BaseCommand):
    """Store the rates of every deployment and agreement for some days, ahead of their events."""

    help = "Compile the rates that coming days will need; those that are stored are kept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the first day, in UTC, and how many days."""
        parser.add_argument("--from", dest="first", type=date.fromisoformat, required=True)
        parser.add_argument("--days", type=int, default=2)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Compile, and say how many rates there are and what others lack.

        :raises CommandError: if the days are not from 1 to 366.
        """
        if not 1 <= options["days"] <= MOST_DAYS:
            raise CommandError(f"--days is from 1 to {MOST_DAYS}")
        starts_at = datetime.combine(options["first"], time(), tzinfo=UTC)
        compiled = ahead.compile_rates(
            starts_at=starts_at, days=options["days"], now=timezone.now()
        )
        self.stdout.write(f"{compiled.rates} rates, {compiled.stored} of them compiled now")
        for missing, slots in sorted(compiled.lacks.items()):
            self.stdout.write(f"  lacking {missing}: {slots} times")
