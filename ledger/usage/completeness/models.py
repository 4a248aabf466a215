"""Manifests: what sources state that they sent."""

from django.db import models


class Manifest(models.Model):
    """What a source states that it sent in a window of whole quarter hours.

    Of several statements of one window the highest revision holds. What is null was not stated.
    """

    source = models.ForeignKey("ledger.Source", on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    revision = models.IntegerField()
    posted_at = models.DateTimeField()
    events = models.BigIntegerField()
    input = models.BigIntegerField(null=True)
    cache_read = models.BigIntegerField(null=True)
    cache_write_5m = models.BigIntegerField(null=True)
    cache_write_1h = models.BigIntegerField(null=True)
    output = models.BigIntegerField(null=True)
    reasoning = models.BigIntegerField(null=True)
    audio_input = models.BigIntegerField(null=True)
    audio_output = models.BigIntegerField(null=True)
    image_input = models.BigIntegerField(null=True)
    first_sequence = models.BigIntegerField(null=True)
    last_sequence = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="ledger_manifest_window_revision_uniq",
                fields=["source", "starts_at", "ends_at", "revision"],
            ),
        ]

    def __str__(self) -> str:
        return f"manifest {self.pk}"
