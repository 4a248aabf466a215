"""`manage.py revoke_key PREFIX`: withdraw an API key for ever."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ledger.errors import LedgerError
from ledger.parties import keys


class Command(BaseCommand):
    """Revoke an API key."""

    help = "Revoke the API key whose prefix (the part between the underscores) is given."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the key."""
        parser.add_argument("prefix", help="of cw_PREFIX_secret the part in the middle")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Say whether the key was in force until now."""
        try:
            was_in_force = keys.revoke(options["prefix"], now=timezone.now())
        except LedgerError as error:
            raise CommandError(str(error)) from error
        said = "is revoked" if was_in_force else "was revoked before"
        self.stdout.write(f"Key cw_{options['prefix']}_… {said}.")
