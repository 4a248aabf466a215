"""What is bought to serve tokens: accelerators, sites, electricity, certificates, carbon."""

from django.db import models

from ledger.pricing.models import columns
from ledger.pricing.models.publications import Provenance, Publication, Version


class Hardware(models.Model):
    """A kind of accelerator."""

    code = models.TextField(unique=True)
    name = models.TextField()
    tdp_watts = columns.figure()
    idle_watts = columns.figure()
    memory_gb = columns.figure()

    class Meta:
        verbose_name_plural = "hardware"

    def __str__(self) -> str:
        return self.code


class HardwareVersion(Version):
    """What is known of an accelerator beside its name; what is not known is null, never zero.

    `embodied_kg_co2e` is what making one took, with its share of the server, spread over
    `embodied_life_years`.
    """

    hardware = models.ForeignKey(Hardware, on_delete=models.PROTECT, related_name="+")
    embodied_kg_co2e = columns.figure_or_none()
    embodied_life_years = columns.figure_or_none()
    memory_gb_per_second = columns.figure_or_none()

    class Meta:
        db_table = "ledger_hardware_version"
        constraints = [
            columns.versions_of("hardware_version", "hardware"),
            models.CheckConstraint(
                name="ledger_hardware_version_embodied_over_life",
                condition=models.Q(embodied_kg_co2e__isnull=True, embodied_life_years__isnull=True)
                | models.Q(embodied_kg_co2e__gte=0, embodied_life_years__gt=0),
            ),
        ]


PARTS = ("capex", "life_years", "capital_cost", "availability", "opex_per_hour")
"""What an owned GPU-hour is made from, as `ownership.py` reads it."""


class GpuHourPrice(Version):
    """What an hour of one GPU costs, and whether its electricity is inside.

    Either a price as it is stated, or the parts that the price of an owned GPU is made from.
    """

    class Method(models.TextChoices):
        RENTAL = "rental"
        OWNED = "owned"

    code = models.TextField()
    hardware = models.ForeignKey(Hardware, on_delete=models.PROTECT, related_name="+")
    method = models.TextField(choices=Method)
    currency = models.TextField()
    price = columns.figure_or_none()
    includes_energy = models.BooleanField()
    capex = columns.figure_or_none()
    life_years = models.IntegerField(null=True)
    capital_cost = columns.figure_or_none()
    availability = columns.figure_or_none()
    opex_per_hour = columns.figure_or_none()

    class Meta:
        db_table = "ledger_gpu_hour_price"
        constraints = [
            columns.versions_of("gpu_hour_price", "code"),
            models.CheckConstraint(
                name="ledger_gpu_hour_price_price_or_parts",
                condition=models.Q(
                    price__isnull=False, **{f"{part}__isnull": True for part in PARTS}
                )
                | models.Q(
                    price__isnull=True,
                    method="owned",
                    includes_energy=False,
                    **{f"{part}__isnull": False for part in PARTS},
                ),
            ),
        ]


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


class SitePue(Version):
    """Facility energy over IT energy at a site."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    pue = columns.figure()

    class Meta:
        db_table = "ledger_site_pue"
        verbose_name = "site PUE"
        constraints = [columns.versions_of("site_pue", "site")]


class SiteWue(Version):
    """Litres of water that a site uses for each kilowatt-hour of its IT."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    litres_per_kwh = columns.figure()

    class Meta:
        db_table = "ledger_site_wue"
        verbose_name = "site WUE"
        constraints = [columns.versions_of("site_wue", "site")]


class WaterFactor(Version):
    """Litres of water behind each kilowatt-hour of a grid zone."""

    zone = models.TextField()
    litres_per_kwh = columns.figure()

    class Meta:
        db_table = "ledger_water_factor"
        constraints = [columns.versions_of("water_factor", "zone")]


class SiteTariff(Version):
    """Which tariff a site buys electricity under."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    tariff = models.ForeignKey(Tariff, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "ledger_site_tariff"
        constraints = [columns.versions_of("site_tariff", "site")]


class TariffVersion(Version):
    """A tariff's windows, ratios, components and published prices, as `tariff.py` reads them."""

    tariff = models.ForeignKey(Tariff, on_delete=models.PROTECT, related_name="+")
    terms = models.JSONField()

    class Meta:
        db_table = "ledger_tariff_version"
        constraints = [columns.versions_of("tariff_version", "tariff")]


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


class PriceDay(models.Model):
    """What a market charged for a kilowatt-hour over one local day, interval by interval.

    `prices` are exact numbers as text, of either sign; null where none was published. Of one
    day's rows the highest revision holds.
    """

    series = models.TextField()
    day = models.DateField()
    revision = models.IntegerField()
    time_zone = models.TextField()
    currency = models.TextField()
    resolution_minutes = models.IntegerField()
    prices = models.JSONField()
    publication = models.ForeignKey(Publication, on_delete=models.PROTECT, related_name="+")
    provenance = models.ForeignKey(Provenance, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "ledger_price_day"
        constraints = [
            models.UniqueConstraint(
                name="ledger_price_day_version_uniq", fields=["series", "day", "revision"]
            ),
            models.CheckConstraint(
                name="ledger_price_day_resolution_known",
                condition=models.Q(resolution_minutes__in=(15, 30, 60)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.series} {self.day}"


class GreenSupply(Version):
    """The share of a site's energy matched by certificates, and what they cost."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    share = columns.figure()
    price_per_mwh = columns.figure()
    currency = models.TextField()

    class Meta:
        db_table = "ledger_green_supply"
        verbose_name_plural = "green supplies"
        constraints = [columns.versions_of("green_supply", "site")]


class CarbonFactor(Version):
    """Grams of CO2 or CO2e per kWh of a grid zone, by method.

    Location and residual factors are averages, and booked. A marginal factor says what one more
    kilowatt-hour would emit: it is for scheduling, and is never booked.
    """

    class Method(models.TextChoices):
        LOCATION = "location"
        RESIDUAL = "residual"
        MARGINAL = "marginal"

    class Basis(models.TextChoices):
        CO2 = "co2"
        CO2E_DIRECT = "co2e_direct"
        CO2E_LIFECYCLE = "co2e_lifecycle"

    zone = models.TextField()
    method = models.TextField(choices=Method)
    basis = models.TextField(choices=Basis)
    grams_per_kwh = columns.figure()

    class Meta:
        db_table = "ledger_carbon_factor"
        constraints = [columns.versions_of("carbon_factor", "zone", "method")]
