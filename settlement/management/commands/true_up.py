"""`manage.py true_up 2026-10 [--dry-run]`: how the true-ups of a month came about, or would."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ledger.management import acting
from ledger.periods import parse_month
from settlement.clearing import true_ups, working

WIDTH = 60


class Command(BaseCommand):
    """Show the true-ups of a month."""

    help = (
        "Show how the true-ups booked at a month's close came about; with --dry-run, what closing"
        " it now would book. They are booked by `manage.py close`, and nowhere else."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the month."""
        parser.add_argument("month", help="YYYY-MM")
        parser.add_argument(
            "--dry-run", action="store_true", help="what closing the month now would book"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the working of each agreement, and what is booked of it."""
        with acting.refusals_said():
            starts_on = parse_month(options["month"])[0]
            show = true_ups.preview if options["dry_run"] else true_ups.booked
            shown = show(starts_on=starts_on)
        for one in shown:
            self._show(one.agreement, one.month, one.currency, one.working, one.difference)
        if not shown:
            self.stdout.write(f"{options['month']}: there are no true-ups")

    def _show(
        self,
        agreement: str,
        month: date,
        currency: str,
        steps: list[dict[str, str]],
        difference: Mapping[str, Decimal],
    ) -> None:
        self.stdout.write(f"{agreement}, {month:%Y-%m}, {currency}")
        for row in steps:
            self.stdout.write(f"  {working.sentence(row):<{WIDTH}} {Decimal(row['amount']):>28,f}")
        for name, amount in difference.items():
            if amount:
                self.stdout.write(f"  to book: {name:<{WIDTH - 9}} {amount:>28,.12f}")
