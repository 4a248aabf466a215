"""`manage.py audit`: prove every invariant over the tables, or name what breaks it."""

import sys
from time import perf_counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from ledger.audit import Finding
from settlement.audits import EVERY_AUDIT


class Command(BaseCommand):
    """Run the audits of the ledger and of settlement."""

    help = "Prove every invariant over the tables; exits with 1 and names what breaks one."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Print a line per audit and the findings beneath.

        :raises CommandError: if an audit found something.
        """
        console = Console(file=sys.stdout, soft_wrap=True, highlight=False)
        table = Table("audit", "proves that", "found", "seconds", box=None, pad_edge=False)
        table.columns[2].justify = table.columns[3].justify = "right"
        findings: list[Finding] = []
        for audit in EVERY_AUDIT:
            began = perf_counter()
            found = audit.run()
            findings += found
            table.add_row(
                audit.name,
                audit.proves,
                f"[bold red]{len(found)}[/]" if found else "clean",
                f"{perf_counter() - began:.2f}",
            )
        console.print(table)
        for finding in findings:
            console.print(f"{finding.audit}: {finding.detail}", markup=False, style="red")
        if findings:
            raise CommandError(f"{len(findings)} findings: the books are not clean")
        console.print(f"{table.row_count} audits, clean")
