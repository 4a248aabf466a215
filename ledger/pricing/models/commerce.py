"""What is asked for a token: rate cards, agreements, exchange rates."""

from django.conf import settings
from django.db import models

from ledger.pricing.models import columns
from ledger.pricing.models.publications import Provenance, Version


class RateCard(models.Model):
    """A provider's way of making a price; its terms are in its versions."""

    provider = models.ForeignKey("ledger.Party", on_delete=models.PROTECT, related_name="+")
    code = models.TextField()

    class Meta:
        db_table = "ledger_rate_card"
        constraints = [
            models.UniqueConstraint(
                name="ledger_rate_card_provider_code_uniq", fields=["provider", "code"]
            )
        ]

    def __str__(self) -> str:
        return self.code


class RateCardVersion(Version):
    """Cost plus margin, or list prices per class; as `cost.py` reads them."""

    rate_card = models.ForeignKey(RateCard, on_delete=models.PROTECT, related_name="+")
    currency = models.TextField()
    terms = models.JSONField()

    class Meta:
        db_table = "ledger_rate_card_version"
        constraints = [columns.versions_of("rate_card_version", "rate_card")]


def books_time_zone() -> str:
    """Return the zone of accounting dates where an agreement names none: BOOKS_TIME_ZONE."""
    return str(settings.BOOKS_TIME_ZONE)


class Agreement(models.Model):
    """What binds a provider and a consumer; `time_zone` decides accounting dates."""

    code = models.TextField(unique=True)
    provider = models.ForeignKey("ledger.Party", on_delete=models.PROTECT, related_name="+")
    consumer = models.ForeignKey("ledger.Party", on_delete=models.PROTECT, related_name="+")
    time_zone = models.TextField(default=books_time_zone)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="ledger_agreement_provider_consumer_uniq", fields=["provider", "consumer"]
            )
        ]

    def __str__(self) -> str:
        return self.code


class AgreementVersion(Version):
    """Currency, rate card and platform fee of an agreement.

    `fee_rate` is a fraction of the price; `fee_consumer_share` of it is borne by the consumer.
    `volume_terms` are settled when a period closes, see `volume_terms.py`; null where none are.
    `overrides` replace terms of the card (`agreed.py`); events whose cost rests on figures worse
    than `least_grade` are set aside.
    """

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="+")
    currency = models.TextField()
    rate_card = models.ForeignKey(RateCard, on_delete=models.PROTECT, related_name="+")
    fee_rate = columns.figure()
    fee_consumer_share = columns.figure()
    discloses_cost = models.BooleanField(default=False)
    volume_terms = models.JSONField(null=True, blank=True)
    overrides = models.JSONField(null=True, blank=True)
    least_grade = models.TextField(null=True, blank=True)

    class Meta:
        db_table = "ledger_agreement_version"
        constraints = [
            columns.versions_of("agreement_version", "agreement"),
            models.CheckConstraint(
                name="ledger_agreement_version_least_grade_known",
                condition=models.Q(least_grade__isnull=True)
                | models.Q(least_grade__in=[grade.value for grade in Provenance.Grade]),
            ),
        ]


class FxRate(Version):
    """One unit of `base` in units of `quote`."""

    base = models.TextField()
    quote = models.TextField()
    rate = columns.figure()

    class Meta:
        db_table = "ledger_fx_rate"
        verbose_name = "FX rate"
        constraints = [columns.versions_of("fx_rate", "base", "quote")]
