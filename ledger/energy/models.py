"""The energy books' tables: meter readings, utility bills, and true-ups of a site's month."""

from django.db import models

from ledger.pricing.models import Provenance

QUANTITY_DIGITS = 20
QUANTITY_DECIMALS = 6
AMOUNT_DIGITS = 38
AMOUNT_DECIMALS = 12


class MeterReading(models.Model):
    """What a meter of a site counted in starts_at <= t < ends_at: kWh, or GPU-hours by kind.

    A correction is a row with the next revision of the same interval; the highest holds.
    """

    class Kind(models.TextChoices):
        FACILITY = "facility", "Facility, kWh"
        IT = "it", "IT, kWh"
        GPU_BUSY = "gpu_busy", "GPUs busy, hours"
        GPU_AVAILABLE = "gpu_available", "GPUs available, hours"

    site = models.ForeignKey("ledger.Site", on_delete=models.PROTECT, related_name="+")
    kind = models.TextField(choices=Kind)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    revision = models.IntegerField()
    quantity = models.DecimalField(max_digits=QUANTITY_DIGITS, decimal_places=QUANTITY_DECIMALS)
    grade = models.TextField(choices=Provenance.Grade)
    source = models.TextField()
    recorded_at = models.DateTimeField()
    recorded_by = models.TextField()

    class Meta:
        db_table = "ledger_meter_reading"
        constraints = [
            models.UniqueConstraint(
                name="ledger_meter_reading_interval_revision_uniq",
                fields=["site", "kind", "starts_at", "ends_at", "revision"],
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} from {self.starts_at:%Y-%m-%d %H:%M} UTC"


class EnergyBill(models.Model):
    """What a utility billed a site for starts_on <= day < ends_on, within one month."""

    site = models.ForeignKey("ledger.Site", on_delete=models.PROTECT, related_name="+")
    provider = models.ForeignKey("ledger.Party", on_delete=models.PROTECT, related_name="+")
    document = models.TextField()
    starts_on = models.DateField()
    ends_on = models.DateField()
    kwh = models.DecimalField(max_digits=QUANTITY_DIGITS, decimal_places=QUANTITY_DECIMALS)
    amount = models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=AMOUNT_DECIMALS)
    currency = models.TextField()
    journal_entry = models.ForeignKey(
        "ledger.JournalEntry", on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField()
    recorded_by = models.TextField()

    class Meta:
        db_table = "ledger_energy_bill"
        constraints = [
            models.UniqueConstraint(
                name="ledger_energy_bill_site_document_uniq", fields=["site", "document"]
            )
        ]

    def __str__(self) -> str:
        return self.document


class EnergyTrueUp(models.Model):
    """One run that brought the books of a site's month to its meter; the newest run holds.

    `journal_entry` posts the difference to the run before, and is null where there was none.
    """

    site = models.ForeignKey("ledger.Site", on_delete=models.PROTECT, related_name="+")
    starts_on = models.DateField()
    run = models.IntegerField()
    journal_entry = models.ForeignKey(
        "ledger.JournalEntry", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    facility_kwh = models.DecimalField(max_digits=QUANTITY_DIGITS, decimal_places=QUANTITY_DECIMALS)
    it_kwh = models.DecimalField(
        null=True, max_digits=QUANTITY_DIGITS, decimal_places=QUANTITY_DECIMALS
    )
    gpu_busy_hours = models.DecimalField(
        null=True, max_digits=QUANTITY_DIGITS, decimal_places=QUANTITY_DECIMALS
    )
    gpu_available_hours = models.DecimalField(
        null=True, max_digits=QUANTITY_DIGITS, decimal_places=QUANTITY_DECIMALS
    )
    last_reading_id = models.BigIntegerField()
    last_bill_id = models.BigIntegerField()
    notes = models.JSONField()
    recorded_at = models.DateTimeField()
    recorded_by = models.TextField()

    class Meta:
        db_table = "ledger_energy_true_up"
        verbose_name = "energy true-up"
        constraints = [
            models.UniqueConstraint(
                name="ledger_energy_true_up_site_month_run_uniq",
                fields=["site", "starts_on", "run"],
            )
        ]

    def __str__(self) -> str:
        return f"{self.site_id} {self.starts_on:%Y-%m} run {self.run}"


class EnergyVariance(models.Model):
    """What one part of a site's variance comes to in a true-up, in joules or money; debit positive.

    It is the whole of the month, not the difference that the run posted.
    """

    true_up = models.ForeignKey(EnergyTrueUp, on_delete=models.PROTECT, related_name="variances")
    part = models.TextField()
    commodity = models.TextField()
    amount = models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=AMOUNT_DECIMALS)

    class Meta:
        db_table = "ledger_energy_variance"
        constraints = [
            models.UniqueConstraint(
                name="ledger_energy_variance_part_uniq", fields=["true_up", "part", "commodity"]
            )
        ]

    def __str__(self) -> str:
        return f"{self.part} in {self.commodity}"


class EnergyShare(models.Model):
    """What usage booked of a provider in a true-up's month, and its share of the variance."""

    true_up = models.ForeignKey(EnergyTrueUp, on_delete=models.PROTECT, related_name="shares")
    provider = models.ForeignKey("ledger.Party", on_delete=models.PROTECT, related_name="+")
    commodity = models.TextField()
    booked = models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=AMOUNT_DECIMALS)
    variance = models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=AMOUNT_DECIMALS)

    class Meta:
        db_table = "ledger_energy_share"
        constraints = [
            models.UniqueConstraint(
                name="ledger_energy_share_provider_uniq",
                fields=["true_up", "provider", "commodity"],
            )
        ]

    def __str__(self) -> str:
        return f"{self.provider_id} in {self.commodity}"


class CertificateStock(models.Model):
    """What of a lot was received into the books and what of it is cancelled, in watt-hours.

    The database keeps `cancelled` within `received`, so that no watt-hour is claimed twice.
    """

    lot = models.OneToOneField(
        "ledger.CertificateLot", primary_key=True, on_delete=models.PROTECT, related_name="stock"
    )
    journal_entry = models.ForeignKey(
        "ledger.JournalEntry", on_delete=models.PROTECT, related_name="+"
    )
    received_watt_hours = models.BigIntegerField()
    cancelled_watt_hours = models.BigIntegerField(default=0)
    received_at = models.DateTimeField()

    class Meta:
        db_table = "ledger_certificate_stock"
        verbose_name_plural = "certificate stock"
        constraints = [
            models.CheckConstraint(
                name="ledger_certificate_stock_never_negative",
                condition=models.Q(
                    cancelled_watt_hours__gte=0,
                    cancelled_watt_hours__lte=models.F("received_watt_hours"),
                ),
            )
        ]

    def __str__(self) -> str:
        return f"stock of lot {self.lot_id}"


class CertificateRun(models.Model):
    """One run that cancelled certificates for a provider's usage at a site in a month.

    Microjoules and grams are the whole of the month as the run saw it; `journal_entry` posts what
    was new of it, and is null where that was nothing.
    """

    site = models.ForeignKey("ledger.Site", on_delete=models.PROTECT, related_name="+")
    provider = models.ForeignKey("ledger.Party", on_delete=models.PROTECT, related_name="+")
    starts_on = models.DateField()
    run = models.IntegerField()
    journal_entry = models.ForeignKey(
        "ledger.JournalEntry", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    consumed_microjoules = models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=0)
    green_microjoules = models.DecimalField(
        max_digits=AMOUNT_DIGITS, decimal_places=AMOUNT_DECIMALS
    )
    unmatched_grams = models.DecimalField(max_digits=AMOUNT_DIGITS, decimal_places=AMOUNT_DECIMALS)
    recorded_at = models.DateTimeField()
    recorded_by = models.TextField()

    class Meta:
        db_table = "ledger_certificate_run"
        constraints = [
            models.UniqueConstraint(
                name="ledger_certificate_run_month_run_uniq",
                fields=["site", "provider", "starts_on", "run"],
            )
        ]

    def __str__(self) -> str:
        return f"{self.site_id}/{self.provider_id} {self.starts_on:%Y-%m} run {self.run}"


class CertificateCancellation(models.Model):
    """Watt-hours of one lot that a run cancelled, for ever."""

    run = models.ForeignKey(CertificateRun, on_delete=models.PROTECT, related_name="cancellations")
    lot = models.ForeignKey("ledger.CertificateLot", on_delete=models.PROTECT, related_name="+")
    watt_hours = models.BigIntegerField()

    class Meta:
        db_table = "ledger_certificate_cancellation"
        constraints = [
            models.UniqueConstraint(
                name="ledger_certificate_cancellation_lot_uniq", fields=["run", "lot"]
            ),
            models.CheckConstraint(
                name="ledger_certificate_cancellation_watt_hours_positive",
                condition=models.Q(watt_hours__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.watt_hours} Wh of lot {self.lot_id}"


class CertificateMatch(models.Model):
    """Watt-hours of a lot that a run matched with usage in one quarter hour."""

    run = models.ForeignKey(CertificateRun, on_delete=models.PROTECT, related_name="matches")
    slot_starts_at = models.DateTimeField()
    lot = models.ForeignKey("ledger.CertificateLot", on_delete=models.PROTECT, related_name="+")
    watt_hours = models.BigIntegerField()

    class Meta:
        db_table = "ledger_certificate_match"
        verbose_name_plural = "certificate matches"
        constraints = [
            models.UniqueConstraint(
                name="ledger_certificate_match_slot_lot_uniq",
                fields=["run", "slot_starts_at", "lot"],
            ),
            models.CheckConstraint(
                name="ledger_certificate_match_watt_hours_positive",
                condition=models.Q(watt_hours__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.watt_hours} Wh at {self.slot_starts_at:%Y-%m-%d %H:%M} UTC"
