"""`manage.py import_readings FILE`: record a file of meter readings."""

from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ledger.energy import csv_readings
from ledger.errors import LedgerError
from ledger.parties.viewers import PLATFORM

LINES_SHOWN: Final = 50


class Command(BaseCommand):
    """Import meter readings."""

    help = (
        "Record meter readings from a CSV file with the columns site, kind, starts_at, ends_at, "
        "quantity, grade, source. Good rows are recorded, bad ones named."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the file and who vouches for it."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--by", default="operator", help="who records them, for the record")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Say how many rows were recorded, and name each that was not.

        :raises CommandError: if a row was not recorded, or the file cannot be read.
        """
        try:
            with options["file"].open(encoding="utf-8-sig", newline="") as lines:
                done = csv_readings.load(
                    lines, viewer=PLATFORM, by=options["by"], now=timezone.now()
                )
        except (OSError, UnicodeDecodeError, LedgerError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{done.new} new readings, {done.revised} revised, {done.unchanged} unchanged"
        )
        for one in done.bad[:LINES_SHOWN]:
            self.stderr.write(f"line {one.line}: {one.detail}")
        if done.bad:
            raise CommandError(f"{len(done.bad)} lines were not recorded")
