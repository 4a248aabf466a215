"""`manage.py rerate`: see what a corrected catalogue changes, propose it, approve it, apply it."""

from argparse import ArgumentTypeError
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ledger import tasks
from ledger.management import acting
from ledger.quantities import PICO_PER_UNIT, in_units
from ledger.rating.rerating import approvals, differences, preview, scope
from ledger.rating.rerating.scope import ReratingScopeInvalid, Scope
from ledger.usage.formats.decoding import moment

MOST_LINES: Final = 40


class Command(BaseCommand):
    """Re-rate usage by the catalogue as it stands."""

    help = "Price booked usage again by the catalogue as it stands; a second person approves it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take a scope and what is to be done about it, or the id of a run and who decides."""
        parser.add_argument("--from", dest="starts_at", type=_instant, help="such as 2026-10-01")
        parser.add_argument("--to", dest="ends_at", type=_instant, help="the first instant after")
        parser.add_argument("--provider", help="of this provider only")
        parser.add_argument("--consumer", help="of this consumer only")
        parser.add_argument("--deployment", help="of this deployment of the provider only")
        parser.add_argument("--reason", default="", help="why, for provider and consumer to read")
        parser.add_argument("--as", dest="acting", metavar="USER", help="name of who acts")
        act = parser.add_mutually_exclusive_group()
        act.add_argument("--dry-run", action="store_true", help="show what would change")
        act.add_argument("--approve", type=int, metavar="ID", help="approve a proposed run")
        act.add_argument("--withdraw", type=int, metavar="ID", help="give a run up")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do it, and print what came of it.

        :raises CommandError: if that is refused.
        """
        with acting.refusals_said():
            self._do(options)

    def _do(self, options: Mapping[str, Any]) -> None:
        now = timezone.now()
        if options["dry_run"]:
            found = preview.of(_scope(options), now=now)
            self._show(found.document)
            return
        if options["acting"] is None:
            raise CommandError("say who acts with --as, or what would change with --dry-run")
        user = acting.person(options["acting"])
        if options["approve"] is not None:
            run = approvals.approve(options["approve"], user=user, now=now)
            tasks.wake_reratings()
            self.stdout.write(f"re-rating {run.pk} is approved, and applied soon")
        elif options["withdraw"] is not None:
            run = approvals.withdraw(options["withdraw"], user=user, now=now)
            self.stdout.write(f"re-rating {run.pk} is withdrawn")
        else:
            run = approvals.propose(_scope(options), reason=options["reason"], user=user, now=now)
            self._show(run.preview)
            self.stdout.write(f"re-rating {run.pk} is proposed; another person approves it")

    def _show(self, document: Mapping[str, Any]) -> None:
        """Print the difference by consumer, provider and day, and what it comes to."""
        lines = document["lines"]
        for line in lines[:MOST_LINES]:
            before, after = (_money(int(line[side]["price"])) for side in ("before", "after"))
            self.stdout.write(
                f"{line['day']}  {line['provider']} → {line['consumer']}: {line['entries']} usage"
                f" entries, {before:.12f} → {after:.12f} {line['currency']}"
                f" ({after - before:+.12f})"
            )
        if len(lines) > MOST_LINES:
            self.stdout.write(f"and {len(lines) - MOST_LINES} lines more")
        for lack in document["lacks"]:
            self.stdout.write(
                f"{lack['entries']} usage entries have no price now ({lack['reason']}:"
                f" {lack['missing']}), and stay as they are"
            )
        for month in document["archived"]:
            self.stdout.write(f"{month} is archived, and is not touched")
        for currency, total in differences.totals(lines).items():
            before, after = _money(total["before"]), _money(total["after"])
            self.stdout.write(
                f"in all {before:.12f} → {after:.12f} {currency} ({after - before:+.12f})"
            )
        self.stdout.write(
            f"{document['entries']} of {document['standing']} usage entries would be taken back"
            f" and replaced; {document['renamed']} more get another rate that charges the same"
        )


def _scope(options: Mapping[str, Any]) -> Scope:
    for name, option in (("starts_at", "from"), ("ends_at", "to")):
        if options[name] is None:
            raise ReratingScopeInvalid(option, "say it with --" + option)
    return scope.named(
        starts_at=options["starts_at"],
        ends_at=options["ends_at"],
        provider=options["provider"],
        consumer=options["consumer"],
        deployment=options["deployment"],
    )


def _instant(text: str) -> datetime:
    """Read an RFC 3339 time, or a date, which begins at midnight UTC.

    >>> _instant("2026-10-01").isoformat()
    '2026-10-01T00:00:00+00:00'
    """
    try:
        if len(text) == len("2026-10-01"):
            return datetime.combine(date.fromisoformat(text), time(), tzinfo=UTC)
        return moment(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ArgumentTypeError(f"{text!r} is no date and no RFC 3339 time") from error


def _money(pico: int) -> Decimal:
    return in_units(pico, per_unit=PICO_PER_UNIT)
