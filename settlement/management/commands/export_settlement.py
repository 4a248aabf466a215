"""`manage.py export_settlement ID --to DIR`: write a settlement's files and statements."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ledger.management import acting
from settlement.statements import files


class Command(BaseCommand):
    """Export a settlement."""

    help = "Write a settlement as CSV with a manifest, and a statement for each party."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the settlement and the folder."""
        parser.add_argument("settlement", type=int, help="id of the settlement")
        parser.add_argument("--to", type=Path, required=True, metavar="DIR", help="made if missing")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the path of each file."""
        with acting.refusals_said():
            written = files.write(settlement_id=options["settlement"], folder=options["to"])
        for path in written:
            self.stdout.write(str(path))
