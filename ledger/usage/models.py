"""The log of what was recorded: identities for ever, and the batches that wait to be rated."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
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


class Correction(models.Model):
    """What was asked to be changed of one event, and what came of it.

    What was asked is never edited. While it waits, `lack` says for what; once it is applied or
    refused, nothing changes any more. `final_*` is the event that a superseded one gives way to.
    The entries are usage entries of the month of `occurred_at`.
    """

    class Act(models.TextChoices):
        VOID = "void"
        AMEND = "amend"
        SUPERSEDE = "supersede"

    class State(models.TextChoices):
        WAITING = "waiting"
        APPLIED = "applied"
        REFUSED = "refused"

    provider = models.ForeignKey(
        "ledger.Party", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    key = models.UUIDField()
    source = models.TextField()
    event_id = models.TextField()
    number = models.IntegerField()
    act = models.TextField(choices=Act)
    reason = models.TextField()
    consumer = models.TextField(null=True)
    project = models.TextField(null=True)
    deployment = models.TextField(null=True)
    status = models.TextField(null=True)
    counts = ArrayField(models.BigIntegerField(), null=True)
    attributes = models.JSONField(null=True)
    said = models.JSONField(null=True)
    content_hash = models.UUIDField()
    final_event_id = models.TextField(null=True)
    final_batch = models.ForeignKey(
        UsageBatch, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    final_row = models.IntegerField(null=True)
    requested_by_key = models.ForeignKey(
        "ledger.ApiKey", null=True, on_delete=models.PROTECT, related_name="+"
    )
    requested_by_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField()
    state = models.TextField(choices=State, default=State.WAITING)
    attempts = models.IntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    lack = models.TextField(default="")
    missing = models.TextField(default="")
    detail = models.TextField(default="")
    judged_by_publication = models.BigIntegerField(default=0)
    batch = models.ForeignKey(
        UsageBatch, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    row = models.IntegerField(null=True)
    occurred_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    outcome = models.TextField(default="")
    reversed_entry_id = models.BigIntegerField(null=True)
    reversal_entry_id = models.BigIntegerField(null=True)
    replacement_entry_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="ledger_correction_event_number_uniq", fields=["provider", "key", "number"]
            ),
            *(
                models.UniqueConstraint(name=f"ledger_correction_{entry}_uniq", fields=[entry])
                for entry in ("reversed_entry_id", "reversal_entry_id", "replacement_entry_id")
            ),
        ]
        indexes = [
            models.Index(
                name="ledger_correction_waiting",
                fields=["next_attempt_at", "id"],
                condition=models.Q(state="waiting"),
            ),
            models.Index(name="ledger_correction_provider", fields=["provider", "id"]),
            models.Index(name="ledger_correction_event", fields=["batch", "row"]),
            models.Index(name="ledger_correction_final", fields=["final_batch", "final_row"]),
        ]

    def __str__(self) -> str:
        return f"correction {self.pk}"
