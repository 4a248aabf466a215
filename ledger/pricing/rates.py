"""The rates compiled from the catalogue, as stored: never edited, named by their inputs."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from ledger.service_tiers import STANDARD


def _per_class() -> "ArrayField[list[int | None], list[int | None]]":
    """Nine whole sub-units in the order of TOKEN_CLASSES; null where the class has no rate."""
    return ArrayField(models.BigIntegerField(null=True))


def _per_class_or_none() -> "ArrayField[list[int | None] | None, list[int | None] | None]":
    """As `_per_class`, and null altogether where an input was not known."""
    return ArrayField(models.BigIntegerField(null=True), null=True)


class SlotRate(models.Model):
    """What one token of each class takes and costs, compiled from the inputs it names.

    Equal inputs give one row: slots of one tariff period share it. Embodied emissions and water
    are reported with it and not booked: null where hardware or water is not described.
    """

    deployment = models.ForeignKey("ledger.Deployment", on_delete=models.PROTECT, related_name="+")
    context_from_tokens = models.BigIntegerField()
    currency = models.TextField()
    inputs = models.JSONField()
    inputs_digest = models.BinaryField(unique=True)
    compiled_at = models.DateTimeField()
    quantisation_bound = models.DecimalField(max_digits=4, decimal_places=2)
    gpu_nanoseconds = _per_class()
    energy_microjoules = _per_class()
    co2_location_nanograms = _per_class()
    co2_market_nanograms = _per_class()
    embodied_nanograms = _per_class_or_none()
    water_nanolitres = _per_class_or_none()
    compute = _per_class()
    energy = _per_class()
    green = _per_class()
    scarcity = _per_class()

    class Meta:
        db_table = "ledger_slot_rate"

    def __str__(self) -> str:
        return f"slot rate {self.pk}"


class PriceRate(models.Model):
    """What one token of each class is charged under an agreement; names the slot rate beneath.

    All amounts in pico-units of `currency`, the agreement's. `compared_price` is the price that a
    card with two does not charge. `grade_shares` are the millionths of the cost that rest on
    figures of each grade, strongest first, and `grade` is that of the whole; null in rates from
    before they were kept.
    """

    slot_rate = models.ForeignKey(SlotRate, on_delete=models.PROTECT, related_name="+")
    agreement_version = models.ForeignKey(
        "ledger.AgreementVersion", on_delete=models.PROTECT, related_name="+"
    )
    currency = models.TextField()
    service_tier = models.TextField(default=STANDARD, db_default=STANDARD)
    inputs = models.JSONField()
    inputs_digest = models.BinaryField(unique=True)
    compiled_at = models.DateTimeField()
    quantisation_bound = models.DecimalField(max_digits=4, decimal_places=2)
    price = _per_class()
    compute = _per_class()
    energy = _per_class()
    green = _per_class()
    scarcity = _per_class()
    margin = _per_class()
    fee_provider = _per_class()
    fee_consumer = _per_class()
    compared_price = _per_class_or_none()
    grade = models.TextField(null=True)
    grade_shares = ArrayField(models.IntegerField(), null=True)

    class Meta:
        db_table = "ledger_price_rate"

    def __str__(self) -> str:
        return f"price rate {self.pk}"
