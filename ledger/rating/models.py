"""The usage journal, what waits beside it, and the rollup that dashboards read."""

from django.db import models

AMOUNT_DIGITS = 38


class UsageEntry(models.Model):
    """One line per usage event: what was consumed, what it cost, who owes whom.

    The table is partitioned by month of `occurred_at` and created in SQL; only
    `ledger.rating.rate` writes it. Money is in pico-units of the journal entry's
    currency, energy in microjoules, CO2 in nanograms, GPU time in nanoseconds. `written` holds
    what the source wrote for `consumer`, `deployment` or `project` where that is something else.
    """

    id = models.BigIntegerField(primary_key=True)
    occurred_at = models.DateTimeField()
    batch_id = models.BigIntegerField()
    row = models.IntegerField()
    event_id = models.TextField()
    source_id = models.BigIntegerField()
    provider_id = models.BigIntegerField()
    consumer_id = models.BigIntegerField()
    project = models.TextField()
    deployment_id = models.BigIntegerField()
    agreement_version_id = models.BigIntegerField()
    price_rate_id = models.BigIntegerField()
    journal_entry_id = models.BigIntegerField()
    context_from_tokens = models.BigIntegerField()
    kind = models.TextField()
    status = models.TextField()
    corrects_id = models.BigIntegerField(null=True)
    input = models.BigIntegerField()
    cache_read = models.BigIntegerField()
    cache_write_5m = models.BigIntegerField()
    cache_write_1h = models.BigIntegerField()
    output = models.BigIntegerField()
    reasoning = models.BigIntegerField()
    audio_input = models.BigIntegerField()
    audio_output = models.BigIntegerField()
    image_input = models.BigIntegerField()
    gpu_nanoseconds = models.BigIntegerField()
    energy_microjoules = models.BigIntegerField()
    co2_location_nanograms = models.BigIntegerField()
    co2_market_nanograms = models.BigIntegerField()
    compute = models.BigIntegerField()
    energy = models.BigIntegerField()
    green = models.BigIntegerField()
    scarcity = models.BigIntegerField()
    margin = models.BigIntegerField()
    fee_provider = models.BigIntegerField()
    fee_consumer = models.BigIntegerField()
    attributes = models.JSONField(null=True)
    written = models.JSONField(null=True)
    service_tier = models.TextField()

    class Meta:
        managed = False
        db_table = "ledger_usage_entry"
        verbose_name_plural = "usage entries"

    def __str__(self) -> str:
        return f"usage entry {self.pk}"


class SetAside(models.Model):
    """A recorded event that could not be priced, with what it lacks; gone once it is rated.

    `judged_by_publication` is the catalogue's revision that lacked it: a later publication that
    provides `missing` wakes the row. `source` is null in rows from before it was kept, until they
    are tried again.
    """

    pk = models.CompositePrimaryKey("batch", "row")
    batch = models.ForeignKey("ledger.UsageBatch", on_delete=models.PROTECT, related_name="+")
    row = models.IntegerField()
    provider = models.ForeignKey("ledger.Party", on_delete=models.PROTECT, related_name="+")
    source = models.ForeignKey(
        "ledger.Source", null=True, on_delete=models.PROTECT, related_name="+"
    )
    event_id = models.TextField()
    occurred_at = models.DateTimeField()
    reason = models.TextField()
    missing = models.TextField()
    detail = models.TextField(default="", db_default="", blank=True)
    since = models.DateTimeField()
    attempts = models.IntegerField(default=0)
    retry_at = models.DateTimeField()
    judged_by_publication = models.BigIntegerField()

    class Meta:
        db_table = "ledger_set_aside"
        verbose_name_plural = "set aside"
        indexes = [
            models.Index(name="ledger_set_aside_missing", fields=["missing"]),
            models.Index(name="ledger_set_aside_retry", fields=["retry_at", "batch", "row"]),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id}/{self.row}: {self.reason}"


class UsageRollup(models.Model):
    """Sums of usage entries per hour and dimension, kept in the transaction that writes them."""

    pk = models.CompositePrimaryKey(
        "hour", "consumer_id", "provider_id", "project", "deployment_id", "currency"
    )
    hour = models.DateTimeField()
    consumer_id = models.BigIntegerField()
    provider_id = models.BigIntegerField()
    project = models.TextField()
    deployment_id = models.BigIntegerField()
    currency = models.TextField()
    events = models.BigIntegerField()
    input = models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=0)
    cache_read = models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=0)
    cache_write_5m = models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=0)
    cache_write_1h = models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=0)
    output = models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=0)
    reasoning = models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=0)
    audio_input = models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=0)
    audio_output = models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=0)
    image_input = models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=0)
    gpu_nanoseconds = models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=0)
    energy_microjoules = models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=0)
    co2_location_nanograms = models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=0)
    co2_market_nanograms = models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=0)
    compute = models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=0)
    energy = models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=0)
    green = models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=0)
    scarcity = models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=0)
    margin = models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=0)
    fee_provider = models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=0)
    fee_consumer = models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=0)

    class Meta:
        db_table = "ledger_usage_rollup"

    def __str__(self) -> str:
        return f"{self.hour} {self.consumer_id} {self.deployment_id}"
