"""The catalogue, versioned and never edited, and the rates compiled from it."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

PRICE_DIGITS = 28
PRICE_DECIMALS = 12


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
    tdp_watts = models.DecimalField(max_digits=PRICE_DIGITS, decimal_places=PRICE_DECIMALS)
    idle_watts = models.DecimalField(max_digits=PRICE_DIGITS, decimal_places=PRICE_DECIMALS)
    memory_gb = models.DecimalField(max_digits=PRICE_DIGITS, decimal_places=PRICE_DECIMALS)

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
    joules_per_output_token = models.DecimalField(
        max_digits=PRICE_DIGITS, decimal_places=PRICE_DECIMALS
    )
    output_tokens_per_second = models.DecimalField(
        max_digits=PRICE_DIGITS, decimal_places=PRICE_DECIMALS
    )
    mean_output_tokens = models.DecimalField(max_digits=PRICE_DIGITS, decimal_places=PRICE_DECIMALS)
    mean_input_tokens = models.DecimalField(max_digits=PRICE_DIGITS, decimal_places=PRICE_DECIMALS)
    decode_to_prefill = models.DecimalField(max_digits=PRICE_DIGITS, decimal_places=PRICE_DECIMALS)
    cached_to_prefill = models.DecimalField(max_digits=PRICE_DIGITS, decimal_places=PRICE_DECIMALS)
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


class Agreement(models.Model):
    """What binds a provider and a consumer; `time_zone` decides accounting dates."""

    code = models.TextField(unique=True)
    provider = models.ForeignKey("ledger.Party", on_delete=models.PROTECT, related_name="+")
    consumer = models.ForeignKey("ledger.Party", on_delete=models.PROTECT, related_name="+")
    time_zone = models.TextField()

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
    pue = models.DecimalField(max_digits=PRICE_DIGITS, decimal_places=PRICE_DECIMALS)

    class Meta:
        db_table = "ledger_site_pue"
        verbose_name = "site PUE"
        constraints = [
            models.UniqueConstraint(
                name="ledger_site_pue_version_uniq", fields=["site", "valid_from", "revision"]
            )
        ]


class SiteTariff(Version):
    """Which tariff a site buys electricity under."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    tariff = models.ForeignKey(Tariff, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "ledger_site_tariff"
        constraints = [
            models.UniqueConstraint(
                name="ledger_site_tariff_version_uniq", fields=["site", "valid_from", "revision"]
            )
        ]


class TariffVersion(Version):
    """A tariff's windows, ratios, components and published prices, as `tariff.py` reads them."""

    tariff = models.ForeignKey(Tariff, on_delete=models.PROTECT, related_name="+")
    terms = models.JSONField()

    class Meta:
        db_table = "ledger_tariff_version"
        constraints = [
            models.UniqueConstraint(
                name="ledger_tariff_version_version_uniq",
                fields=["tariff", "valid_from", "revision"],
            )
        ]


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
    share = models.DecimalField(max_digits=PRICE_DIGITS, decimal_places=PRICE_DECIMALS)
    price_per_mwh = models.DecimalField(max_digits=PRICE_DIGITS, decimal_places=PRICE_DECIMALS)
    currency = models.TextField()

    class Meta:
        db_table = "ledger_green_supply"
        verbose_name_plural = "green supplies"
        constraints = [
            models.UniqueConstraint(
                name="ledger_green_supply_version_uniq", fields=["site", "valid_from", "revision"]
            )
        ]


class CarbonFactor(Version):
    """Grams of CO2 per kWh of a grid zone, by method."""

    class Method(models.TextChoices):
        LOCATION = "location"
        RESIDUAL = "residual"

    zone = models.TextField()
    method = models.TextField(choices=Method)
    basis = models.TextField()
    grams_per_kwh = models.DecimalField(max_digits=PRICE_DIGITS, decimal_places=PRICE_DECIMALS)

    class Meta:
        db_table = "ledger_carbon_factor"
        constraints = [
            models.UniqueConstraint(
                name="ledger_carbon_factor_version_uniq",
                fields=["zone", "method", "valid_from", "revision"],
            )
        ]


class GpuHourPrice(Version):
    """What an hour of one GPU costs, and whether its electricity is inside."""

    code = models.TextField()
    hardware = models.ForeignKey(Hardware, on_delete=models.PROTECT, related_name="+")
    method = models.TextField()
    currency = models.TextField()
    price = models.DecimalField(max_digits=PRICE_DIGITS, decimal_places=PRICE_DECIMALS)
    includes_energy = models.BooleanField()

    class Meta:
        db_table = "ledger_gpu_hour_price"
        constraints = [
            models.UniqueConstraint(
                name="ledger_gpu_hour_price_version_uniq",
                fields=["code", "valid_from", "revision"],
            )
        ]


class FxRate(Version):
    """One unit of `base` in units of `quote`."""

    base = models.TextField()
    quote = models.TextField()
    rate = models.DecimalField(max_digits=PRICE_DIGITS, decimal_places=PRICE_DECIMALS)

    class Meta:
        db_table = "ledger_fx_rate"
        verbose_name = "FX rate"
        constraints = [
            models.UniqueConstraint(
                name="ledger_fx_rate_version_uniq",
                fields=["base", "quote", "valid_from", "revision"],
            )
        ]


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
    host_watts_per_gpu = models.DecimalField(max_digits=PRICE_DIGITS, decimal_places=PRICE_DECIMALS)
    idle_watts_per_gpu = models.DecimalField(max_digits=PRICE_DIGITS, decimal_places=PRICE_DECIMALS)

    class Meta:
        db_table = "ledger_serving_profile"
        constraints = [
            models.UniqueConstraint(
                name="ledger_serving_profile_version_uniq",
                fields=["deployment", "context_from_tokens", "valid_from", "revision"],
            ),
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
    utilisation = models.DecimalField(max_digits=PRICE_DIGITS, decimal_places=PRICE_DECIMALS)
    scarcity_factor = models.DecimalField(max_digits=PRICE_DIGITS, decimal_places=PRICE_DECIMALS)

    class Meta:
        db_table = "ledger_deployment_terms"
        verbose_name_plural = "deployment terms"
        constraints = [
            models.UniqueConstraint(
                name="ledger_deployment_terms_version_uniq",
                fields=["deployment", "valid_from", "revision"],
            )
        ]


class RateCardVersion(Version):
    """Cost plus margin, or list prices per class; as `cost.py` reads them."""

    rate_card = models.ForeignKey(RateCard, on_delete=models.PROTECT, related_name="+")
    currency = models.TextField()
    terms = models.JSONField()

    class Meta:
        db_table = "ledger_rate_card_version"
        constraints = [
            models.UniqueConstraint(
                name="ledger_rate_card_version_version_uniq",
                fields=["rate_card", "valid_from", "revision"],
            )
        ]


class AgreementVersion(Version):
    """Currency, rate card and platform fee of an agreement.

    `fee_rate` is a fraction of the price; `fee_consumer_share` of it is borne by the consumer.
    """

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="+")
    currency = models.TextField()
    rate_card = models.ForeignKey(RateCard, on_delete=models.PROTECT, related_name="+")
    fee_rate = models.DecimalField(max_digits=PRICE_DIGITS, decimal_places=PRICE_DECIMALS)
    fee_consumer_share = models.DecimalField(max_digits=PRICE_DIGITS, decimal_places=PRICE_DECIMALS)
    discloses_cost = models.BooleanField(default=False)

    class Meta:
        db_table = "ledger_agreement_version"
        constraints = [
            models.UniqueConstraint(
                name="ledger_agreement_version_version_uniq",
                fields=["agreement", "valid_from", "revision"],
            )
        ]


def _per_class() -> "ArrayField[list[int | None], list[int | None]]":
    """Nine whole sub-units in the order of TOKEN_CLASSES; null where the class has no rate."""
    return ArrayField(models.BigIntegerField(null=True))


class SlotRate(models.Model):
    """What one token of each class takes and costs, compiled from the inputs it names.

    Equal inputs give one row: slots of one tariff period share it.
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

    All amounts in pico-units of `currency`, the agreement's.
    """

    slot_rate = models.ForeignKey(SlotRate, on_delete=models.PROTECT, related_name="+")
    agreement_version = models.ForeignKey(
        AgreementVersion, on_delete=models.PROTECT, related_name="+"
    )
    currency = models.TextField()
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

    class Meta:
        db_table = "ledger_price_rate"

    def __str__(self) -> str:
        return f"price rate {self.pk}"
