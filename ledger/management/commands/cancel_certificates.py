"""`manage.py cancel_certificates 2026-10`: claim certificates for what was booked as green."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ledger.energy import month_end
from ledger.errors import LedgerError
from ledger.periods import parse_month


class Command(BaseCommand):
    """Cancel certificates for a month."""

    help = "Cancel certificates for the green share that usage booked, by site and provider."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the month and, if not all, the site."""
        parser.add_argument("month", help="YYYY-MM")
        parser.add_argument("--site", help="only this one; every one otherwise")
        parser.add_argument("--by", default="operator", help="who runs it, for the record")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print a line a site and provider.

        :raises CommandError: if one of them failed.
        """
        try:
            done = month_end.cancel(
                starts_on=parse_month(options["month"])[0],
                site=options["site"],
                by=options["by"],
                now=timezone.now(),
            )
        except LedgerError as error:
            raise CommandError(str(error)) from error
        for one in done:
            self.stdout.write(one.said)
        refused = [one for one in done if one.refused]
        if refused:
            raise CommandError(f"{len(refused)} are not done")
