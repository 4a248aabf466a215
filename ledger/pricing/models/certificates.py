"""Certificate lots: green watt-hours that were made and may be claimed once."""

from django.db import models

from ledger.pricing.models import columns
from ledger.pricing.models.publications import Provenance


class CertificateLot(models.Model):
    """Certificates of one plant, period and owner, in whole watt-hours (rounded down by issuers).

    What has been cancelled of it stands in the books of energy, never here.
    """

    class Kind(models.TextChoices):
        GEC = "GEC", "Green electricity certificate"
        GC = "GC", "Granular certificate"
        IREC = "IREC", "I-REC"

    code = models.TextField(unique=True)
    kind = models.TextField(choices=Kind)
    provider = models.ForeignKey("ledger.Party", on_delete=models.PROTECT, related_name="+")
    zone = models.TextField()
    technology = models.TextField()
    vintage = models.IntegerField()
    produced_from = models.DateTimeField()
    produced_to = models.DateTimeField()
    watt_hours = models.BigIntegerField()
    price_per_mwh = columns.figure()
    currency = models.TextField()
    issuer = models.TextField()
    serial_first = models.TextField()
    serial_last = models.TextField()
    provenance = models.ForeignKey(Provenance, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "ledger_certificate_lot"
        constraints = [
            models.CheckConstraint(
                name="ledger_certificate_lot_kind_known",
                condition=models.Q(kind__in=["GEC", "GC", "IREC"]),
            ),
            models.CheckConstraint(
                name="ledger_certificate_lot_watt_hours_positive",
                condition=models.Q(watt_hours__gt=0),
            ),
            models.CheckConstraint(
                name="ledger_certificate_lot_production_forward",
                condition=models.Q(produced_to__gt=models.F("produced_from")),
            ),
        ]

    def __str__(self) -> str:
        return self.code
