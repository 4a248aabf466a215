"""Keep what the package genai-prices says of the market; it is optional, and only read."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import ModuleType
from typing import Any, Final

from django.db import transaction

from ledger.errors import LedgerError
from ledger.pricing.list_prices.listings import CURRENCY, Listing, listings
from ledger.pricing.models import MarketPrice

try:
    import genai_prices
    from genai_prices import data_snapshot
except ImportError:  # it is not needed to run
    genai_prices = None

logger = logging.getLogger(__name__)

SOURCE: Final = "genai-prices"
ROWS: Final = 5_000


class MarketPackageMissing(LedgerError):
    """The package with public list prices is not installed."""

    problem = "market-package-missing"

    def __init__(self) -> None:
        super().__init__(f"{SOURCE} is not installed: pip install -r requirements-market.txt")


@dataclass(frozen=True, slots=True)
class Taken:
    """What a snapshot holds, and how much of it was new."""

    version: str
    listings: int
    added: int


def take(*, now: datetime, package: ModuleType | None = genai_prices) -> Taken:
    """Store the prices that the installed package ships; a second time nothing is added.

    The package's own updater, which goes to the network, is never started.

    :raises MarketPackageMissing: if it is not installed.
    """
    if package is None:
        raise MarketPackageMissing
    return store(data_snapshot.get_snapshot().providers, version=package.__version__, now=now)


def store(vendors: Iterable[Any], *, version: str, now: datetime) -> Taken:
    """Store the vendors' listings under a version of the source; what is there stays."""
    found = listings(vendors)
    with transaction.atomic():
        before = MarketPrice.objects.filter(source=SOURCE, source_version=version).count()
        MarketPrice.objects.bulk_create(
            _rows(found, version=version, now=now), batch_size=ROWS, ignore_conflicts=True
        )
        after = MarketPrice.objects.filter(source=SOURCE, source_version=version).count()
    logger.info("market prices kept", extra={"version": version, "added": after - before})
    return Taken(version=version, listings=len(found), added=after - before)


def _rows(found: Sequence[Listing], *, version: str, now: datetime) -> list[MarketPrice]:
    return [
        MarketPrice(
            source=SOURCE,
            source_version=version,
            taken_at=now,
            vendor=one.vendor,
            model=one.model,
            token_class=one.token_class,
            valid_from=one.valid_from,
            currency=CURRENCY,
            price_per_million=one.price_per_million,
        )
        for one in found
    ]
