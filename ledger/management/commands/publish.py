"""Publish a catalogue document, or decide on one that waits: `manage.py publish FILE`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from rich.console import Console

from ledger import tasks
from ledger.management import acting, diffs
from ledger.pricing import catalogue
from ledger.pricing.catalogue import DocumentInvalid
from ledger.pricing.publishing import proposals
from ledger.pricing.publishing.changes import reaches_back_to
from ledger.pricing.publishing.proposals import Preview, Submitted


class Command(BaseCommand):
    """Check a YAML or JSON document whole and publish what is new in it."""

    help = (
        "Publish a catalogue document (YAML or JSON); what is published already is passed over."
        " What moves prices that are in force waits until another user approves it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file, or the proposal to decide on, and who acts."""
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("file", type=Path, nargs="?")
        what.add_argument("--approve", type=int, metavar="PROPOSAL", help="publish what waits")
        what.add_argument("--refuse", type=int, metavar="PROPOSAL", help="drop what waits")
        parser.add_argument(
            "--as", dest="acting", default="operator", metavar="USER", help="who acts"
        )
        parser.add_argument("--note", default="", help="why")
        parser.add_argument(
            "--dry-run", action="store_true", help="show what would change; publish nothing"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Publish, propose or decide, and print what came of it.

        :raises CommandError: if the document is not as it should be; nothing is published.
        """
        with acting.refusals_said():
            if options["approve"] is not None:
                self._approve(options["approve"], acting.person(options["acting"]))
            elif options["refuse"] is not None:
                self._refuse(options["refuse"], acting.person(options["acting"]))
            else:
                self._publish(options["file"], options)

    def _publish(self, path: Path, options: dict[str, Any]) -> None:
        if not path.is_file():
            raise CommandError(f"there is no file {path}")
        try:
            document = catalogue.read_document(path)
            if options["dry_run"]:
                self._show(path, proposals.preview(document, now=timezone.now()))
                return
            done = proposals.submit(
                document,
                user=acting.known(options["acting"]),
                name=options["acting"],
                note=options["note"],
                now=timezone.now(),
            )
        except DocumentInvalid as invalid:
            faults = "\n".join(f"  {fault.pointer}: {fault.detail}" for fault in invalid.errors)
            raise CommandError(f"{path} is not published:\n{faults}") from invalid
        self._tell(path, done)

    def _tell(self, path: Path, done: Submitted) -> None:
        if done.proposal_id is not None:
            self._show(path, done.preview)
            self.stdout.write(
                f"proposal {done.proposal_id}: prices would move, so nothing is published yet."
                " Another user approves it:"
                f" manage.py publish --approve {done.proposal_id} --as USER"
            )
        elif done.publication_id is None:
            self.stdout.write(f"{path}: everything in it is published already")
        else:
            tasks.wake_set_aside()
            rows = ", ".join(f"{count} {section}" for section, count in done.preview.rows.items())
            self.stdout.write(f"publication {done.publication_id}: {rows}")

    def _show(self, path: Path, preview: Preview) -> None:
        if not preview.changes:
            self.stdout.write(f"{path}: everything in it is published already")
            return
        console = Console(file=self.stdout, soft_wrap=False)  # type: ignore[arg-type] # it writes
        console.print(*diffs.tables(preview), sep="\n")

    def _approve(self, proposal_id: int, user: AbstractUser) -> None:
        proposal = proposals.approve(proposal_id=proposal_id, user=user, now=timezone.now())
        tasks.wake_set_aside()
        self.stdout.write(
            f"proposal {proposal_id} of {proposal.proposed_by.get_username()} is published:"
            f" publication {proposal.publication_id}"
        )
        since = reaches_back_to(proposal.changes, now=timezone.now())
        if since is not None:
            self.stdout.write(
                f"usage since {since:%Y-%m-%d %H:%M} UTC may be rated by what it replaced:"
                f" manage.py rerate --from {since:%Y-%m-%d} --to ... --dry-run shows what changes"
            )

    def _refuse(self, proposal_id: int, user: AbstractUser) -> None:
        proposals.refuse(proposal_id=proposal_id, user=user, now=timezone.now())
        self.stdout.write(f"proposal {proposal_id} is refused")
