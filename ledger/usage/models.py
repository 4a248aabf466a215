"""The log of what was recorded: identities for ever, and the batches that wait to be rated."""

from django.db import models


class EventKey(models.Model):
    """The register of identities: one row per usage event that was ever accepted.

    The table is created in SQL with the key (provider, key); Django only reads it.
    """

    key = models.UUIDField(primary_key=True)
    provider_id = models.BigIntegerField()
    body_hash = models.UUIDField()
    batch_id = models.BigIntegerField()

    class Meta:
        managed = False
        db_table = "ledger_event_key"

    def __str__(self) -> str:
        return str(self.key)


class UsageBatch(models.Model):
    """One accepted post; its payload holds the events as an Arrow IPC stream.

    `covered` is False of those that were recorded before coverage was kept.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        RATED = "rated"

    provider = models.ForeignKey("ledger.Party", on_delete=models.PROTECT, related_name="+")
    received_at = models.DateTimeField()
    events = models.IntegerField()
    payload = models.BinaryField(null=True)
    state = models.TextField(choices=State, default=State.PENDING)
    attempts = models.IntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    rated_at = models.DateTimeField(null=True)
    covered = models.BooleanField(default=True, db_default=True)

    class Meta:
        db_table = "ledger_usage_batch"
        verbose_name_plural = "usage batches"
        constraints = [
            models.CheckConstraint(
                name="ledger_usage_batch_events_positive", condition=models.Q(events__gt=0)
            ),
            models.CheckConstraint(
                name="ledger_usage_batch_state_known",
                condition=models.Q(state__in=["pending", "rated"]),
            ),
        ]
        indexes = [
            models.Index(
                name="ledger_usage_batch_waiting",
                fields=["next_attempt_at", "id"],
                condition=models.Q(state="pending"),
            )
        ]

    def __str__(self) -> str:
        return f"batch {self.pk}"


class Coverage(models.Model):
    """What a batch holds of one source and quarter hour: events, tokens, sequence numbers.

    The table is created in SQL, for its columns of ranges, and only `ledger.usage.coverage` writes
    it. No foreign keys: the audit `coverage` holds every row against its batch.
    """

    pk = models.CompositePrimaryKey("batch_id", "source_id", "slot_starts_at")
    batch_id = models.BigIntegerField()
    source_id = models.BigIntegerField()
    slot_starts_at = models.DateTimeField()
    received_at = models.DateTimeField()
    events = models.IntegerField()
    findings = models.IntegerField()
    numbered = models.IntegerField()
    input = models.BigIntegerField()
    cache_read = models.BigIntegerField()
    cache_write_5m = models.BigIntegerField()
    cache_write_1h = models.BigIntegerField()
    output = models.BigIntegerField()
    reasoning = models.BigIntegerField()
    audio_input = models.BigIntegerField()
    audio_output = models.BigIntegerField()
    image_input = models.BigIntegerField()

    class Meta:
        managed = False
        db_table = "ledger_coverage"
        verbose_name_plural = "coverage"

    def __str__(self) -> str:
        return f"batch {self.batch_id}, source {self.source_id}, {self.slot_starts_at}"
