"""Makers of meter readings and of usage in a month of the small catalogue's site."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from ledger.energy import readings, sites
from ledger.energy.readings import Recorded
from ledger.energy.sites import MeteredSite
from ledger.energy.stated import StatedReading
from ledger.parties.viewers import PLATFORM
from ledger.periods import parse_month, starts_at
from ledger.rating import rate
from tests import factories

NOW = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
OCTOBER = parse_month("2026-10")[0]
BEGIN = starts_at(OCTOBER, time_zone="Asia/Shanghai")
END = starts_at(parse_month("2026-11")[0], time_zone="Asia/Shanghai")


def west() -> MeteredSite:
    return sites.site(PLATFORM, code="west")


def reading(
    quantity: str,
    kind: str = "facility",
    *,
    begin: datetime = BEGIN,
    end: datetime = END,
    site: str = "west",
) -> StatedReading:
    """Return a reading, by default of all of October at the site `west`."""
    return StatedReading(site, kind, begin, end, Decimal(quantity), "M", "meter 7")


def count(*stated: StatedReading, now: datetime = NOW) -> Recorded:
    """Record readings for the platform."""
    return readings.record(PLATFORM, list(stated), by="tests", now=now)


def use(*event_ids: str, occurred_at: datetime | None = None, deployment: str = "qwen") -> None:
    """Record and rate events of 2,904 J each (tests/factories.py)."""
    at = occurred_at or factories.OCCURRED_AT
    factories.record(
        *(
            factories.event(
                event_id, occurred_at=at + timedelta(seconds=number), deployment=deployment
            )
            for number, event_id in enumerate(event_ids)
        ),
        now=NOW,
    )
    rate.rate_pending(now=NOW)
