"""Publish a catalogue document: `manage.py publish FILE`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ledger.pricing import catalogue
from ledger.pricing.catalogue import DocumentInvalid


class Command(BaseCommand):
    """Check a YAML or JSON document whole and publish what is new in it."""

    help = "Publish a catalogue document (YAML or JSON); what is published already is passed over."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file and who publishes it."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--as", dest="published_by", default="operator", help="who publishes")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Publish, and print what came with it or what is wrong.

        :raises CommandError: if the document is not as it should be; nothing is published.
        """
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"there is no file {path}")
        try:
            published = catalogue.publish(
                catalogue.read_document(path),
                now=timezone.now(),
                published_by=options["published_by"],
            )
        except DocumentInvalid as invalid:
            faults = "\n".join(f"  {fault.pointer}: {fault.detail}" for fault in invalid.errors)
            raise CommandError(f"{path} is not published:\n{faults}") from invalid
        if published.publication_id is None:
            self.stdout.write(f"{path}: everything in it is published already")
            return
        rows = ", ".join(f"{count} {section}" for section, count in published.added.items())
        self.stdout.write(f"publication {published.publication_id}: {rows}")
