"""`manage.py approve ID --as USER`: approve a settlement that somebody else calculated."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from ledger.management import acting
from settlement.clearing import approvals


class Command(BaseCommand):
    """Approve a settlement."""

    help = "Approve a calculated settlement and post its entries; not as who calculated it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the settlement and who approves it."""
        parser.add_argument("settlement", type=int, help="id of the settlement")
        acting.add_argument(parser)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Say that it is approved."""
        with acting.refusals_said():
            settlement = approvals.approve(
                settlement_id=options["settlement"],
                user=acting.person(options["acting"]),
                now=timezone.now(),
            )
        self.stdout.write(f"{settlement}, {settlement.state}")
