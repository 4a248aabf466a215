"""The catalogue: things, and their versions, which are never edited."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

PRICE_DIGITS = 28
PRICE_DECIMALS = 12


def _figure() -> "models.DecimalField[Any, Any]":
    """Return a column for an exact figure: a price, a factor, watts, joules or grams."""
    return models.DecimalField(max_digits=PRICE_DIGITS, decimal_places=PRICE_DECIMALS)


def _versions_of(table: str, *series: str) -> models.UniqueConstraint:
    """Return the constraint that a series has one version per start and revision."""
    return models.UniqueConstraint(
        name=f"ledger_{table}_version_uniq", fields=[*series, "valid_from", "revision"]
    )


class Publication(models.Model):
    """One act of publishing; its id is the catalogue's revision.

    `provides` names what came with it, in the words in which set-aside events name what they miss.
    """

    published_at = models.DateTimeField()
    published_by = models.TextField()
    note = models.TextField(default="", blank=True)
    document_sha256 = models.TextField()
    provides = ArrayField(models.TextField())

    def __str__(self) -> str:
        return f"publication {self.pk}"


class Provenance(models.Model):
    """Where a figure comes from, and how far it can be trusted."""

    class Grade(models.TextChoices):
        OFFICIAL = "O"
        MEASURED = "M"
        POLICY = "P"
        DERIVED = "D"
        ILLUSTRATIVE = "I"

    code = models.TextField(unique=True)
    grade = models.TextField(choices=Grade)
    source = models.TextField()
    document = models.TextField(default="", blank=True)
    url = models.TextField(default="", blank=True)
    retrieved_on = models.DateField(null=True)
    licence = models.TextField(default="", blank=True)
    note = models.TextField(default="", blank=True)

    def __str__(self) -> str:
        return f"{self.code} ({self.grade})"


class Hardware(models.Model):
    """A kind of accelerator."""

    code = models.TextField(unique=True)
    name = models.TextField()
    tdp_watts = _figure()
    idle_watts = _figure()
    memory_gb = _figure()

    class Meta:
        verbose_name_plural = "hardware"

    def __str__(self) -> str:
        return self.code


class Site(models.Model):
    """A data centre: where joules are metered and electricity is bought."""

    code = models.TextField(unique=True)
    name = models.TextField()
    time_zone = models.TextField()
    grid_zone = models.TextField()

    def __str__(self) -> str:
        return self.code


class Tariff(models.Model):
    """An electricity tariff; its terms are in its versions."""

    code = models.TextField(unique=True)
    name = models.TextField()
    currency = models.TextField()
    time_zone = models.TextField()

    def __str__(self) -> str:
        return self.code


class Benchmark(models.Model):
    """A measured serving run of a model on hardware, from which profiles are split."""

    code = models.TextField(unique=True)
    model = models.TextField()
    hardware = models.ForeignKey(Hardware, on_delete=models.PROTECT, related_name="+")
    gpu_count = models.IntegerField()
    joules_per_output_token = _figure()
    output_tokens_per_second = _figure()
    mean_output_tokens = _figure()
    mean_input_tokens = _figure()
    decode_to_prefill = _figure()
    cached_to_prefill = _figure()
    provenance = models.ForeignKey(Provenance, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.code


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


class Version(models.Model):
    """What every catalogue version carries: it holds from `valid_from` until the next begins.

    Of versions with one `valid_from` the highest revision holds; a withdrawn one ends the series.
    """

    valid_from = models.DateTimeField()
    revision = models.IntegerField()
    withdrawn = models.BooleanField(default=False)
    publication = models.ForeignKey(Publication, on_delete=models.PROTECT, related_name="+")
    provenance = models.ForeignKey(
        Provenance, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} from {self.valid_from:%Y-%m-%d %H:%M} UTC"


class SitePue(Version):
    """Facility energy over IT energy at a site."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    pue = _figure()

    class Meta:
        db_table = "ledger_site_pue"
        verbose_name = "site PUE"
        constraints = [_versions_of("site_pue", "site")]


class SiteTariff(Version):
    """Which tariff a site buys electricity under."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    tariff = models.ForeignKey(Tariff, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "ledger_site_tariff"
        constraints = [_versions_of("site_tariff", "site")]


class TariffVersion(Version):
    """A tariff's windows, ratios, components and published prices, as `tariff.py` reads them."""

    tariff = models.ForeignKey(Tariff, on_delete=models.PROTECT, related_name="+")
    terms = models.JSONField()

    class Meta:
        db_table = "ledger_tariff_version"
        constraints = [_versions_of("tariff_version", "tariff")]


class HolidayYear(models.Model):
    """The exceptions of one year of a holiday calendar; a year without a row is unknown."""

    calendar = models.TextField()
    year = models.IntegerField()
    revision = models.IntegerField()
    days = models.JSONField()
    publication = models.ForeignKey(Publication, on_delete=models.PROTECT, related_name="+")
    provenance = models.ForeignKey(Provenance, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "ledger_holiday_year"
        constraints = [
            models.UniqueConstraint(
                name="ledger_holiday_year_version_uniq", fields=["calendar", "year", "revision"]
            )
        ]

    def __str__(self) -> str:
        return f"{self.calendar} {self.year}"


class GreenSupply(Version):
    """The share of a site's energy matched by certificates, and what they cost."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    share = _figure()
    price_per_mwh = _figure()
    currency = models.TextField()

    class Meta:
        db_table = "ledger_green_supply"
        verbose_name_plural = "green supplies"
        constraints = [_versions_of("green_supply", "site")]


class CarbonFactor(Version):
    """Grams of CO2 per kWh of a grid zone, by method."""

    class Method(models.TextChoices):
        LOCATION = "location"
        RESIDUAL = "residual"

    zone = models.TextField()
    method = models.TextField(choices=Method)
    basis = models.TextField()
    grams_per_kwh = _figure()

    class Meta:
        db_table = "ledger_carbon_factor"
        constraints = [_versions_of("carbon_factor", "zone", "method")]


class GpuHourPrice(Version):
    """What an hour of one GPU costs, and whether its electricity is inside."""

    code = models.TextField()
    hardware = models.ForeignKey(Hardware, on_delete=models.PROTECT, related_name="+")
    method = models.TextField()
    currency = models.TextField()
    price = _figure()
    includes_energy = models.BooleanField()

    class Meta:
        db_table = "ledger_gpu_hour_price"
        constraints = [_versions_of("gpu_hour_price", "code")]


class FxRate(Version):
    """One unit of `base` in units of `quote`."""

    base = models.TextField()
    quote = models.TextField()
    rate = _figure()

    class Meta:
        db_table = "ledger_fx_rate"
        verbose_name = "FX rate"
        constraints = [_versions_of("fx_rate", "base", "quote")]


class ServingProfile(Version):
    """What a token takes on a deployment, from `context_from_tokens` prompt tokens up.

    Either a benchmark that is split, or the six measured figures per token in `figures`.
    """

    deployment = models.ForeignKey("ledger.Deployment", on_delete=models.PROTECT, related_name="+")
    context_from_tokens = models.BigIntegerField(default=0)
    benchmark = models.ForeignKey(
        Benchmark, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    figures = models.JSONField(null=True, blank=True)
    boundary = models.TextField()
    host_watts_per_gpu = _figure()
    idle_watts_per_gpu = _figure()

    class Meta:
        db_table = "ledger_serving_profile"
        constraints = [
            _versions_of("serving_profile", "deployment", "context_from_tokens"),
            models.CheckConstraint(
                name="ledger_serving_profile_one_origin",
                condition=models.Q(benchmark__isnull=False, figures__isnull=True)
                | models.Q(benchmark__isnull=True, figures__isnull=False),
            ),
        ]


class DeploymentTerms(Version):
    """The standards a deployment is costed at: GPU-hour, utilisation and scarcity factor."""

    deployment = models.ForeignKey("ledger.Deployment", on_delete=models.PROTECT, related_name="+")
    gpu_hour = models.TextField()
    utilisation = _figure()
    scarcity_factor = _figure()

    class Meta:
        db_table = "ledger_deployment_terms"
        verbose_name_plural = "deployment terms"
        constraints = [_versions_of("deployment_terms", "deployment")]


class RateCardVersion(Version):
    """Cost plus margin, or list prices per class; as `cost.py` reads them."""

    rate_card = models.ForeignKey(RateCard, on_delete=models.PROTECT, related_name="+")
    currency = models.TextField()
    terms = models.JSONField()

    class Meta:
        db_table = "ledger_rate_card_version"
        constraints = [_versions_of("rate_card_version", "rate_card")]


class AgreementVersion(Version):
    """Currency, rate card and platform fee of an agreement.

    `fee_rate` is a fraction of the price; `fee_consumer_share` of it is borne by the consumer.
    """

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="+")
    currency = models.TextField()
    rate_card = models.ForeignKey(RateCard, on_delete=models.PROTECT, related_name="+")
    fee_rate = _figure()
    fee_consumer_share = _figure()
    discloses_cost = models.BooleanField(default=False)

    class Meta:
        db_table = "ledger_agreement_version"
        constraints = [_versions_of("agreement_version", "agreement")]
