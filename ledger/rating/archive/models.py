"""What is recorded of a month that left the hot tables, and of its coming back."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

AMOUNT_DIGITS = 38


class RowRanges(models.Field[Any, Any]):
    """Numbers of rows of a batch, as ranges without their ends: `{[0,3),[7,9)}`."""

    def db_type(self, connection: object) -> str:  # noqa: ARG002 - Django asks each of its databases
        """Return PostgreSQL's type."""
        return "int4multirange"


class Sums(models.Model):
    """Sums of usage entries; `events` counts a reversal as minus one, `rows` counts rows."""

    rows = models.BigIntegerField()
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
        abstract = True


class ArchivedMonth(Sums):
    """One act of archiving: what the month's partition held, and the file that holds it now.

    `digest` is over `columns` of every row, in any order (`ledger_usage_facts`); `rollup_digest`
    over the rollup of the month's hours. Written by `ledger_archive_usage_month` only.
    """

    month = models.DateField()
    columns = ArrayField(models.TextField())
    file_name = models.TextField()
    sha256 = models.TextField()
    digest = models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=0)
    rollup_digest = models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=0)
    archived_at = models.DateTimeField()
    archived_by = models.TextField()

    class Meta:
        db_table = "ledger_archived_month"
        constraints = [
            models.CheckConstraint(
                name="ledger_archived_month_rows_positive", condition=models.Q(rows__gt=0)
            ),
            models.CheckConstraint(
                name="ledger_archived_month_sha256_hex",
                condition=models.Q(sha256__regex="^[0-9a-f]{64}$"),
            ),
        ]
        indexes = [models.Index(name="ledger_archived_month_month", fields=["month"])]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class ArchivedUsage(Sums):
    """Sums of what an archive holds of one journal entry, so that its postings stay proved."""

    pk = models.CompositePrimaryKey(
        *("journal_entry", "archive", "consumer", "provider"),
        *("deployment", "agreement_version", "currency"),
    )
    archive = models.ForeignKey(ArchivedMonth, on_delete=models.PROTECT, related_name="usage")
    journal_entry = models.ForeignKey(
        "ledger.JournalEntry", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    consumer = models.ForeignKey(
        "ledger.Party", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    provider = models.ForeignKey(
        "ledger.Party", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    deployment = models.ForeignKey(
        "ledger.Deployment", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    agreement_version = models.ForeignKey(
        "ledger.AgreementVersion", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    currency = models.TextField()

    class Meta:
        db_table = "ledger_archived_usage"
        verbose_name_plural = "archived usage"

    def __str__(self) -> str:
        return f"entry {self.journal_entry_id} in archive {self.archive_id}"


class ArchivedBatch(models.Model):
    """The rows of a batch whose usage entries are in an archive."""

    pk = models.CompositePrimaryKey("batch", "archive")
    archive = models.ForeignKey(ArchivedMonth, on_delete=models.PROTECT, related_name="batches")
    batch = models.ForeignKey(
        "ledger.UsageBatch", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    events = models.IntegerField()
    batch_rows = RowRanges()

    class Meta:
        db_table = "ledger_archived_batch"
        verbose_name_plural = "archived batches"

    def __str__(self) -> str:
        return f"batch {self.batch_id} in archive {self.archive_id}"


class RestoredMonth(models.Model):
    """That an archive was brought back: its month is a partition again, or was until the next."""

    class Origin(models.TextChoices):
        TABLE = "table"
        FILE = "file"

    archive = models.OneToOneField(
        ArchivedMonth, on_delete=models.PROTECT, primary_key=True, related_name="restored"
    )
    origin = models.TextField(choices=Origin)
    restored_at = models.DateTimeField()
    restored_by = models.TextField()

    class Meta:
        db_table = "ledger_restored_month"
        constraints = [
            models.CheckConstraint(
                name="ledger_restored_month_origin_known",
                condition=models.Q(origin__in=["table", "file"]),
            )
        ]

    def __str__(self) -> str:
        return f"archive {self.archive_id} restored"
