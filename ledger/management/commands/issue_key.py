"""`manage.py issue_key PARTY --scope events:write`: print a new API key, once."""

from datetime import UTC, date, datetime, time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ledger.errors import LedgerError
from ledger.parties import keys


class Command(BaseCommand):
    """Issue an API key to a party."""

    help = "Issue an API key to a party and print it; it cannot be shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the party, and what its key may do."""
        parser.add_argument("party", help="code of the party that the key speaks for")
        parser.add_argument(
            "--scope", action="append", choices=keys.SCOPES, required=True, dest="scopes"
        )
        parser.add_argument("--user", help="name of the user on whose behalf it acts (approvals)")
        parser.add_argument("--name", default="", help="what the key is for, for people to read")
        parser.add_argument(
            "--expires", type=date.fromisoformat, help="the first day, in UTC, on which it fails"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the key on standard output, and nothing else there."""
        expires: date | None = options["expires"]
        try:
            issued = keys.issue(
                party=options["party"],
                scopes=options["scopes"],
                name=options["name"],
                user=options["user"],
                expires_at=None
                if expires is None
                else datetime.combine(expires, time(), tzinfo=UTC),
                now=timezone.now(),
            )
        except LedgerError as error:
            raise CommandError(str(error)) from error
        self.stderr.write("Keep this key now; only its hash is stored:")
        self.stdout.write(issued.token)
