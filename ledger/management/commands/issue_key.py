"""`manage.py issue_key PARTY --scope events:write`: print a new API key, once."""

from datetime import UTC, date, datetime, time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ledger.errors import LedgerError
from ledger.parties import keys
from ledger.parties.bounds import Bounds


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
        parser.add_argument(
            "--source",
            action="append",
            default=[],
            dest="sources",
            help="a source whose usage it may post; of any source if none is named",
        )
        parser.add_argument(
            "--network",
            action="append",
            default=[],
            dest="networks",
            help="a network or address, v4 or v6, from which it may be used; anywhere if none is",
        )
        parser.add_argument(
            "--requests-per-minute",
            type=int,
            help="how often it may be used; without a limit if not said",
        )
        parser.add_argument(
            "--signing", action="store_true", help="print a signing secret too: it must sign"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the key, and its signing secret, on standard output, and nothing else there."""
        expires: date | None = options["expires"]
        bounds = Bounds(
            sources=options["sources"],
            networks=options["networks"],
            requests_per_minute=options["requests_per_minute"],
            expires_at=None if expires is None else datetime.combine(expires, time(), tzinfo=UTC),
            signs=options["signing"],
        )
        try:
            issued = keys.issue(
                party=options["party"],
                scopes=options["scopes"],
                name=options["name"],
                user=options["user"],
                bounds=bounds,
                now=timezone.now(),
            )
        except LedgerError as error:
            raise CommandError(str(error)) from error
        self.stderr.write("Keep this key now; only its hash is stored:")
        self.stdout.write(issued.token)
        if issued.signing_secret is not None:
            self.stderr.write("And this signing secret; it is not shown again either:")
            self.stdout.write(issued.signing_secret)
