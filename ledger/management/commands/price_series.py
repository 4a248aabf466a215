"""Turn a market's table of prices into a catalogue document: `manage.py price_series FILE`."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from django.core.management.base import BaseCommand, CommandError

from ledger.pricing import price_tables
from ledger.pricing.market import RESOLUTIONS
from ledger.pricing.price_tables import KWH_PER, Layout, PriceTableInvalid
from ledger.quantities import MINOR_UNIT_DIGITS


class Command(BaseCommand):
    """Read a CSV of timestamps and prices, and write the section `price_days` as JSON."""

    help = "Turn a CSV of market prices into a document for `manage.py publish`."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the table, what its prices are, and where to write."""
        parser.add_argument("file", type=Path, help="CSV with a heading")
        parser.add_argument("--series", required=True, help="code of the price series")
        parser.add_argument("--currency", required=True, choices=sorted(MINOR_UNIT_DIGITS))
        parser.add_argument("--time-zone", required=True, help="zone of the market's days")
        parser.add_argument("--resolution", required=True, type=int, choices=RESOLUTIONS)
        parser.add_argument("--per", required=True, choices=sorted(KWH_PER))
        parser.add_argument("--provenance", required=True, help="code of where it comes from")
        parser.add_argument("--time-column", default="time")
        parser.add_argument("--price-column", default="price")
        parser.add_argument("--output", type=Path, help="file to write; else standard output")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Write the document, and say how many days and gaps it has.

        :raises CommandError: if the table cannot be read.
        """
        if options["time_zone"] not in available_timezones():
            raise CommandError(f"{options['time_zone']!r} is not a time zone")
        layout = Layout(
            series=options["series"],
            currency=options["currency"],
            time_zone=options["time_zone"],
            resolution_minutes=options["resolution"],
            per=options["per"],
            provenance=options["provenance"],
            time_column=options["time_column"],
            price_column=options["price_column"],
        )
        try:
            with options["file"].open(encoding="utf-8-sig", newline="") as table:
                days = price_tables.days_from_csv(table, layout)
        except (OSError, UnicodeDecodeError, PriceTableInvalid) as error:
            raise CommandError(f"{options['file']}: {error}") from error
        text = json.dumps({"price_days": days}, indent=1)
        gaps = sum(day["prices"].count(None) for day in days)
        self.stderr.write(f"{len(days)} days, {gaps} intervals without a price")
        if options["output"] is None:
            self.stdout.write(text)
        else:
            options["output"].write_text(text + "\n", encoding="utf-8")
