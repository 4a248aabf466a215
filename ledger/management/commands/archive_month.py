"""`manage.py archive_month 2024-01`: take a month of the usage journal into a Parquet file."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ledger.errors import LedgerError
from ledger.periods import parse_month
from ledger.rating.archive import taking


class Command(BaseCommand):
    """Archive a month."""

    help = "Write a month of the usage journal to a Parquet file, prove it, and detach the month."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the month, and where its file goes."""
        parser.add_argument("month", help="YYYY-MM, in UTC")
        parser.add_argument(
            "--to",
            type=Path,
            default=settings.CLEARWATT_ARCHIVE,
            metavar="DIR",
            help="made if missing (default: %(default)s)",
        )
        parser.add_argument(
            "--drop",
            action="store_true",
            help="remove the month's table; else it stays, by itself, beside the journal",
        )
        parser.add_argument("--as", dest="by", default="operator", help="who archives")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Say what was written where, and what became of the table."""
        try:
            taken = taking.archive_month(
                parse_month(options["month"])[0],
                folder=options["to"],
                by=options["by"],
                now=timezone.now(),
                drop=options["drop"],
            )
        except LedgerError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{taken.month:%Y-%m} is archived: {taken.rows} usage entries in {taken.file}"
        )
        self.stdout.write(f"SHA-256 {taken.sha256}")
        if taken.table_stands:
            self.stdout.write("its table stands by itself; when the file is safe, drop it")
