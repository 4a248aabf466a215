"""What the usage that foreign clients sent came to in the books."""

from dataclasses import dataclass

from django.utils import timezone

from ledger.rating import rate
from ledger.rating.models import UsageEntry
from ledger.tokens import TOKEN_CLASSES

PICO_FOR_INPUT = 3_432_733
"""Compute 2,000,000, energy 120,000, green 666 2/3, scarcity 1,000,000; a tenth more; rounded."""

PICO_FOR_CACHED = 343_273
PICO_FOR_OUTPUT = 10_298_200


@dataclass(frozen=True, slots=True)
class Rated:
    """A usage entry: its tokens by class, its price in pico-units, and how the call ended."""

    tokens: dict[str, int]
    price: int
    status: str


def price(*, fresh: int = 0, cached: int = 0, output: int = 0) -> int:
    """Return what tokens cost under `tests.factories.catalogue`, in pico-units."""
    return fresh * PICO_FOR_INPUT + cached * PICO_FOR_CACHED + output * PICO_FOR_OUTPUT


def entries() -> dict[str, Rated]:
    """Rate whatever waits; return the usage entries by the id of their event."""
    while rate.rate_pending(now=timezone.now()) is not None:
        pass
    return {one.event_id: _rated(one) for one in UsageEntry.objects.all()}


def _rated(entry: UsageEntry) -> Rated:
    return Rated(
        tokens={name: count for name in TOKEN_CLASSES if (count := getattr(entry, name))},
        price=entry.compute + entry.energy + entry.green + entry.scarcity + entry.margin,
        status=entry.status,
    )
