"""`manage.py restore_month 2024-01`: bring an archived month back into the usage journal."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ledger.errors import LedgerError
from ledger.periods import parse_month
from ledger.rating.archive import restoring


class Command(BaseCommand):
    """Restore a month."""

    help = "Attach an archived month again, from its table or its file, proved to be the same."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the month, and where its file is."""
        parser.add_argument("month", help="YYYY-MM, in UTC")
        parser.add_argument(
            "--from",
            dest="folder",
            type=Path,
            default=settings.CLEARWATT_ARCHIVE,
            metavar="DIR",
            help="where its file is (default: %(default)s)",
        )
        parser.add_argument(
            "--from-file",
            action="store_true",
            help="drop its table, if that still stands, and fill it anew from the file",
        )
        parser.add_argument("--as", dest="by", default="operator", help="who restores")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Say what came back, and from what."""
        try:
            restored = restoring.restore_month(
                parse_month(options["month"])[0],
                folder=options["folder"],
                by=options["by"],
                now=timezone.now(),
                from_file=options["from_file"],
            )
        except LedgerError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{restored.month:%Y-%m} is in the usage journal again:"
            f" {restored.rows} usage entries, from its {restored.origin}"
        )
