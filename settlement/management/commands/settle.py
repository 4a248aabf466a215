"""`manage.py settle 2026-10 --as USER`: calculate what a closed month comes to."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from ledger.management import acting
from ledger.periods import parse_month
from settlement.clearing import runs


class Command(BaseCommand):
    """Calculate the settlements of a month."""

    help = "Calculate a closed month, a settlement a currency, for another person to approve."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the month and who calculates it."""
        parser.add_argument("month", help="YYYY-MM")
        acting.add_argument(parser)
        parser.add_argument("--currency", help="only this one, such as CNY; every one otherwise")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print a line a settlement."""
        with acting.refusals_said():
            settlements = runs.calculate(
                starts_on=parse_month(options["month"])[0],
                currency=options["currency"],
                user=acting.person(options["acting"]),
                now=timezone.now(),
            )
        for settlement in settlements:
            self.stdout.write(f"{settlement}, calculated; hash {settlement.input_hash}")
        if not settlements:
            self.stdout.write(f"{options['month']}: there is nothing to settle")
