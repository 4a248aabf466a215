"""The page that the site opens with: do the books balance, what waits, what was used."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone

from ledger.admin import batches, spans
from ledger.admin.pages import OPERATOR
from ledger.books import balances
from ledger.rating import reading as usage
from ledger.rating import rollups
from settlement.statements import reading

SETTLEMENTS_SHOWN: Final = 8
LONG: Final = timedelta(minutes=5)
"""A batch that waits longer than this is worth a look."""

admin.site.index_title = "Overview"
admin.site.index_template = "admin/settlement/dashboard.html"


@dataclass(frozen=True, slots=True)
class Sides:
    """Both sides of the trial balance in one commodity."""

    commodity: str
    debits: Decimal
    credits: Decimal

    @property
    def difference(self) -> Decimal:
        """Return what the sides differ by: zero, or the books are broken."""
        return self.debits - self.credits


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add what the reader may see; named in the settings of the site (config/unfold.py)."""
    for permission, part in PARTS.items():
        if request.user.has_perm(permission):
            context |= part()
    return context


def _trial_balance() -> Mapping[str, Any]:
    sides = [Sides(name, *amounts) for name, amounts in balances.trial_balance().items()]
    return {
        "trial_balance": sides,
        "balances_out": [one.commodity for one in sides if one.difference],
    }


def _queue() -> Mapping[str, Any]:
    queue = usage.queue()
    oldest = queue.oldest_received_at
    set_aside = batches.waiting()
    return {
        "queue": queue,
        "waits_long": oldest is not None and timezone.now() - oldest > LONG,
        "set_aside": set_aside,
        "set_aside_events": sum(one.events for one in set_aside),
    }


def _used() -> Mapping[str, Any]:
    span = spans.month((rollups.latest_hour() or timezone.now()).date())
    by_currency = rollups.by_currency(starts_at=span.starts_at, ends_at=span.ends_at)
    return {
        "span": span,
        "by_currency": by_currency,
        "events": sum(used.events for used in by_currency.values()),
        "tokens": sum(used.tokens for used in by_currency.values()),
        "energy_microjoules": sum(used.energy_microjoules for used in by_currency.values()),
        "co2_nanograms": sum(used.co2_location_nanograms for used in by_currency.values()),
    }


def _settlements() -> Mapping[str, Any]:
    return {"settlements": reading.settlements(OPERATOR, before=None, limit=SETTLEMENTS_SHOWN)}


PARTS: Final[Mapping[str, Callable[[], Mapping[str, Any]]]] = {
    "ledger.view_account": _trial_balance,
    "ledger.view_usagebatch": _queue,
    "ledger.view_usageentry": _used,
    "settlement.view_settlement": _settlements,
}
"""What the page is made of, by the permission that it takes to see it."""
