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


class GpuHourPrice(Version):
    """What an hour of one GPU costs, and whether its electricity is inside."""

    code = models.TextField()
    hardware = models.ForeignKey(Hardware, on_delete=models.PROTECT, related_name="+")
    method = models.TextField()
    currency = models.TextField()
    price = columns.figure()
    includes_energy = models.BooleanField()

    class Meta:
        db_table = "ledger_gpu_hour_price"
        constraints = [columns.versions_of("gpu_hour_price", "code")]


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
    """Grams of CO2 per kWh of a grid zone, by method."""

    class Method(models.TextChoices):
        LOCATION = "location"
        RESIDUAL = "residual"

    zone = models.TextField()
    method = models.TextField(choices=Method)
    basis = models.TextField()
    grams_per_kwh = columns.figure()

    class Meta:
        db_table = "ledger_carbon_factor"
        constraints = [columns.versions_of("carbon_factor", "zone", "method")]
