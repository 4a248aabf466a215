"""Runs of re-rating: what was proposed and approved, and how far each is applied."""

from django.conf import settings
from django.db import models


class Rerating(models.Model):
    """One run: usage of a span of time, priced again by the catalogue as it stands.

    What was proposed is never edited; its state goes one way. `preview` is what the dry run showed,
    and `digest` is of that part of it which a second person approves. `revision` is the catalogue
    of the dry run, `applied_revision` the one that the run is applied by: it comes to the same.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed"
        APPROVED = "approved"
        APPLYING = "applying"
        APPLIED = "applied"
        WITHDRAWN = "withdrawn"
        STALE = "stale"

    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    provider = models.ForeignKey(
        "ledger.Party", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    consumer = models.ForeignKey(
        "ledger.Party", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    deployment = models.ForeignKey(
        "ledger.Deployment", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    reason = models.TextField()
    revision = models.BigIntegerField()
    preview = models.JSONField()
    digest = models.BinaryField()
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField()
    state = models.TextField(choices=State, default=State.PROPOSED)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_at = models.DateTimeField(null=True)
    applied_revision = models.BigIntegerField(null=True)
    begun_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    outcome = models.TextField(default="")

    class Meta:
        verbose_name = "re-rating"
        permissions = [("approve_rerating", "Can approve re-rating")]
        constraints = [
            models.UniqueConstraint(
                name="ledger_rerating_applying_one",
                fields=["state"],
                condition=models.Q(state="applying"),
            )
        ]

    def __str__(self) -> str:
        return f"re-rating {self.pk}"


class ReratingClaim(models.Model):
    """A part of a run that was applied in one transaction, up to an instant and id, and included.

    `taken_back` usage entries were reversed and replaced; `left_alone` have no price now, or are in
    an archive, and stand as before.
    """

    rerating = models.ForeignKey(
        Rerating, on_delete=models.PROTECT, related_name="claims", db_index=False
    )
    number = models.IntegerField()
    until_at = models.DateTimeField()
    until_id = models.BigIntegerField()
    taken_back = models.IntegerField()
    left_alone = models.IntegerField()
    applied_at = models.DateTimeField()

    class Meta:
        db_table = "ledger_rerating_claim"
        constraints = [
            models.UniqueConstraint(
                name="ledger_rerating_claim_number_uniq", fields=["rerating", "number"]
            )
        ]

    def __str__(self) -> str:
        return f"claim {self.number} of re-rating {self.rerating_id}"


class ReratingEntry(models.Model):
    """That a journal entry was booked by a claim: the usage entries that name it are re-rated."""

    journal_entry = models.OneToOneField(
        "ledger.JournalEntry", primary_key=True, on_delete=models.PROTECT, related_name="+"
    )
    claim = models.ForeignKey(ReratingClaim, on_delete=models.PROTECT, related_name="entries")

    class Meta:
        db_table = "ledger_rerating_entry"
        verbose_name_plural = "rerating entries"

    def __str__(self) -> str:
        return f"entry {self.journal_entry_id} of claim {self.claim_id}"
