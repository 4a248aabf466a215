"""`manage.py book_energy_bill SITE DOCUMENT …`: book what a utility billed a site."""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ledger.energy import bills
from ledger.energy.bills import StatedBill
from ledger.errors import LedgerError
from ledger.parties.viewers import PLATFORM


class Command(BaseCommand):
    """Book an energy bill."""

    help = "Book a utility's bill of a site, once by its document number."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what the bill says."""
        parser.add_argument("site", help="the site's code")
        parser.add_argument("document", help="the bill's number")
        parser.add_argument("--from", dest="starts_on", type=date.fromisoformat, required=True)
        parser.add_argument(
            "--to",
            dest="ends_on",
            type=date.fromisoformat,
            required=True,
            help="the day after the last one billed",
        )
        parser.add_argument("--kwh", required=True)
        parser.add_argument("--amount", required=True, help="negative for a credit note")
        parser.add_argument("--currency", required=True)
        parser.add_argument("--provider", help="who runs the site, where several serve")
        parser.add_argument("--by", default="operator", help="who books it, for the record")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Name the entry.

        :raises CommandError: if the bill cannot be booked.
        """
        try:
            booked = bills.book(
                PLATFORM,
                StatedBill(
                    site=options["site"],
                    provider=options["provider"],
                    document=options["document"],
                    starts_on=options["starts_on"],
                    ends_on=options["ends_on"],
                    kwh=Decimal(options["kwh"]),
                    amount=Decimal(options["amount"]),
                    currency=options["currency"],
                ),
                by=options["by"],
                now=timezone.now(),
            )
        except (InvalidOperation, LedgerError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{booked.document} of {booked.site} is in journal entry {booked.journal_entry_id}"
        )
