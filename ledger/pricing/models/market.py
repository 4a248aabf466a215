"""What others publicly ask for a token: a reference, and never what is charged."""

from django.db import models

from ledger.pricing.models import columns


class MarketPrice(models.Model):
    """A public list price of a model at a vendor, as a snapshot of some source had it.

    From `valid_from` on, per million tokens of a class; `source_version` names the snapshot.
    """

    source = models.TextField()
    source_version = models.TextField()
    taken_at = models.DateTimeField()
    vendor = models.TextField()
    model = models.TextField()
    token_class = models.TextField()
    valid_from = models.DateField()
    currency = models.TextField()
    price_per_million = columns.figure()

    class Meta:
        db_table = "ledger_market_price"
        constraints = [
            models.UniqueConstraint(
                name="ledger_market_price_listing_uniq",
                fields=[
                    *("source", "source_version", "vendor", "model"),
                    *("token_class", "valid_from"),
                ],
            ),
            models.CheckConstraint(
                name="ledger_market_price_price_not_negative",
                condition=models.Q(price_per_million__gte=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.vendor} {self.model} {self.token_class}"
