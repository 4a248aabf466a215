"""`manage.py reseal`: seal the signing secrets with the first of CLEARWATT_SEALING_KEYS."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ledger.errors import LedgerError
from ledger.parties import signing


class Command(BaseCommand):
    """Seal anew what was sealed with older keys."""

    help = "Seal every signing secret with the first of CLEARWATT_SEALING_KEYS."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Say of how many keys the secrets were sealed."""
        try:
            count = signing.seal_anew()
        except LedgerError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"The signing secrets of {count} keys are sealed anew.")
