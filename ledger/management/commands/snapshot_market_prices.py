"""Keep public list prices of models, as the installed package has them, for comparison."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ledger.pricing.list_prices import snapshot
from ledger.pricing.list_prices.snapshot import MarketPackageMissing


class Command(BaseCommand):
    """Take a snapshot; nothing goes over the network."""

    help = "Keep public list prices, as genai-prices ships them, to compare our own with."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Take the snapshot and say what was new."""
        try:
            taken = snapshot.take(now=timezone.now())
        except MarketPackageMissing as missing:
            raise CommandError(str(missing)) from missing
        self.stdout.write(
            f"{snapshot.SOURCE} {taken.version}: {taken.listings:,} list prices, "
            f"{taken.added:,} of them new."
        )
