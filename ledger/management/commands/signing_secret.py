"""`manage.py signing_secret PREFIX --renew`: print a new signing secret of a key, once."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ledger.errors import LedgerError
from ledger.parties import signing


class Command(BaseCommand):
    """Give a key a signing secret, or take one away."""

    help = "Let a key sign what it posts: renew its secret, withdraw the previous one, or stop."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the key, and what to do."""
        parser.add_argument("prefix", help="of cw_PREFIX_secret the part in the middle")
        act = parser.add_mutually_exclusive_group(required=True)
        act.add_argument(
            "--renew",
            action="store_true",
            help="print a new secret; the one before stays valid until it is withdrawn",
        )
        act.add_argument(
            "--withdraw-previous", action="store_true", help="let only the latest be valid"
        )
        act.add_argument("--stop", action="store_true", help="let the key post unsigned")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the secret on standard output and nothing else there, or say what was done."""
        prefix: str = options["prefix"]
        try:
            if options["renew"]:
                secret = signing.renew(prefix, now=timezone.now())
                self.stderr.write("Keep this signing secret now; it is not shown again:")
                self.stdout.write(secret)
            elif options["withdraw_previous"]:
                had = signing.withdraw_previous(prefix)
                self.stdout.write(_said(prefix, had, "The previous signing secret is withdrawn"))
            else:
                self.stdout.write(_said(prefix, signing.stop(prefix), "It may post unsigned now"))
        except LedgerError as error:
            raise CommandError(str(error)) from error


def _said(prefix: str, changed: bool, what: str) -> str:
    return f"Key cw_{prefix}_…: {what if changed else 'There was none'}."
