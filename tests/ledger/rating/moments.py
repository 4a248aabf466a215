"""Events of a hundred input tokens at given moments, rated at once."""

from datetime import datetime

from ledger.rating import rate
from ledger.rating.models import UsageEntry
from tests import factories
from tests.factories import NOW


def rated(*moments: datetime, usage: dict[str, int] | None = None) -> list[UsageEntry]:
    """Rate 100 input tokens at each moment and return their entries in the order of time."""
    counts = usage or {"input": 100}
    held = UsageEntry.objects.count()
    factories.record(
        *(factories.event(f"{at}-{held}-{counts}", occurred_at=at, usage=counts) for at in moments)
    )
    rate.rate_pending(now=NOW)
    return list(UsageEntry.objects.order_by("id")[held:])


def energy(entries: list[UsageEntry]) -> list[int]:
    return [entry.energy for entry in entries]
