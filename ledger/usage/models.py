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
    """One accepted post; its payload holds the events as an Arrow IPC stream."""

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
