"""`manage.py drop_payloads --older-than 90`: empty batches that were rated long ago."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ledger.rating import payloads


class Command(BaseCommand):
    """Drop payloads of rated batches."""

    help = "Drop what batches hold of their events, where all of it stands in the usage journal."

    def add_arguments(self, parser: CommandParser) -> None:
        """Say how old a batch must be."""
        parser.add_argument(
            "--older-than",
            type=int,
            default=settings.CLEARWATT_KEEP_PAYLOADS_DAYS,
            metavar="DAYS",
            help="days since the batch was rated (default: CLEARWATT_KEEP_PAYLOADS_DAYS)",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Say how many batches were emptied.

        :raises CommandError: if it is said nowhere how old they must be.
        """
        days: int | None = options["older_than"]
        if days is None or days < 0:
            raise CommandError(
                "say how many days: --older-than 90, or CLEARWATT_KEEP_PAYLOADS_DAYS"
            )
        dropped = payloads.drop(rated_before=timezone.now() - timedelta(days=days))
        self.stdout.write(f"{dropped} batches are without their payload now")
