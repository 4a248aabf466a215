"""What the API answers of the energy books, described for the OpenAPI document."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ledger.api.answers import Amount, Count, Id
from ledger.energy import stated
from ledger.energy.reading import State
from ledger.energy.variances import PARTS

STATES = [str(state) for state in State]


@extend_schema_field({"type": ["string", "null"], "pattern": r"^-?\d+\.\d{12}$"})
class AmountOrNull(serializers.CharField):
    """An exact decimal with twelve decimals, or null where it is not known."""


class MeterReading(serializers.Serializer[Any]):
    """A reading of a site's meter; the highest revision of an interval holds."""

    id = Id()
    site = serializers.CharField()
    kind = serializers.ChoiceField(choices=stated.KINDS)
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    revision = Count()
    quantity = Amount(help_text="kWh, or GPU-hours, by the kind.")
    grade = serializers.ChoiceField(choices=stated.GRADES)
    source = serializers.CharField()  # type: ignore[assignment] # a field, not the option
    recorded_at = serializers.DateTimeField()


class MeterReadingPage(serializers.Serializer[Any]):
    """Readings, the newest first."""

    items = MeterReading(many=True)
    next = serializers.URLField(allow_null=True, help_text="The next page, null on the last.")


class RecordedReadings(serializers.Serializer[Any]):
    """What became of posted readings."""

    new = Count()
    revised = Count(help_text="Of an interval that had a reading, with another quantity.")
    unchanged = Count(help_text="Said what stood already.")


class EnergyBill(serializers.Serializer[Any]):
    """A utility's bill as it is booked."""

    id = Id()
    site = serializers.CharField()
    provider = serializers.CharField()
    document = serializers.CharField()
    starts_on = serializers.DateField()
    ends_on = serializers.DateField(help_text="The day after the last one billed.")
    kwh = Amount()
    amount = Amount()
    currency = serializers.CharField()
    entry = Id(help_text="The journal entry.")
    recorded_at = serializers.DateTimeField()


class EnergyBillPage(serializers.Serializer[Any]):
    """Bills, the newest first."""

    items = EnergyBill(many=True)
    next = serializers.URLField(allow_null=True, help_text="The next page, null on the last.")


class MissingSpan(serializers.Serializer[Any]):
    """A span without readings, half open."""

    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()


class SiteMeter(serializers.Serializer[Any]):
    """What the readings of one kind come to in the month."""

    kind = serializers.ChoiceField(choices=stated.KINDS)
    quantity = AmountOrNull(help_text="Of the readings that there are; null if there is none.")
    complete = serializers.BooleanField()
    gaps = Count(help_text="Spans of the month without readings.")
    missing = MissingSpan(many=True, help_text="The first 20 of them.")


class BookedEnergy(serializers.Serializer[Any]):
    """What usage booked of a provider now: joules, or energy cost."""

    provider = serializers.CharField()
    commodity = serializers.CharField()
    amount = Amount()


class VariancePart(serializers.Serializer[Any]):
    """A part of the variance, debit positive."""

    part = serializers.ChoiceField(choices=PARTS)
    commodity = serializers.CharField()
    amount = Amount()


class VarianceShare(serializers.Serializer[Any]):
    """What was booked of a provider when the month was trued up, and its share of the variance."""

    provider = serializers.CharField()
    commodity = serializers.CharField()
    booked = Amount()
    variance = Amount()


class EnergyTrueUp(serializers.Serializer[Any]):
    """The newest true-up of the month."""

    run = Count()
    recorded_at = serializers.DateTimeField()
    entries = serializers.ListField(child=Id(), help_text="The journal entries of all its runs.")
    parts = VariancePart(many=True)
    shares = VarianceShare(many=True)
    notes = serializers.ListField(child=serializers.CharField(), help_text="What is not told.")


class SiteEnergy(serializers.Serializer[Any]):
    """A month of a site: metered, booked, billed, and what lies between."""

    site = serializers.CharField()
    month = serializers.CharField(help_text="YYYY-MM, in the site's time zone.")
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    state = serializers.ChoiceField(
        choices=STATES,
        help_text="`stale`: readings, bills or usage changed since it was trued up.",
    )
    meters = SiteMeter(many=True)
    booked = BookedEnergy(many=True)
    bills = EnergyBill(many=True)
    true_up = EnergyTrueUp(allow_null=True)


class GreenSlot(serializers.Serializer[Any]):
    """A quarter hour."""

    starts_at = serializers.DateTimeField()
    consumed_watt_hours = Amount()
    matched_watt_hours = Count()
    matched_share = Amount(help_text="min(consumed, cancelled) / consumed.")


class GreenProvider(serializers.Serializer[Any]):
    """A provider's month at the site."""

    provider = serializers.CharField()
    consumed_watt_hours = Amount()
    green_watt_hours = Amount(help_text="What was booked as green.")
    matched_watt_hours = Count(help_text="What certificates claim of it.")
    short_watt_hours = Count(help_text="Whole watt-hours booked as green without a certificate.")
    matched_share = AmountOrNull(help_text="Over all quarter hours; null if nothing was consumed.")
    co2_location_grams = Amount()
    co2_market_grams_booked = Amount(help_text="As usage booked it, by the green share.")
    co2_unmatched_grams = Amount(help_text="Booked as green, and without a certificate.")
    co2_market_grams = Amount(help_text="The sum of the two.")
    posted = serializers.BooleanField(help_text="Whether the newest run has seen all of it.")
    slots = GreenSlot(many=True, help_text="Empty unless they are asked for.")


class CertificateLot(serializers.Serializer[Any]):
    """A lot and what is left of it."""

    code = serializers.CharField()
    kind = serializers.ChoiceField(choices=["GEC", "GC", "IREC"])
    provider = serializers.CharField()
    zone = serializers.CharField()
    technology = serializers.CharField()
    vintage = serializers.IntegerField()
    produced_from = serializers.DateTimeField()
    produced_to = serializers.DateTimeField()
    watt_hours = Count()
    cancelled_watt_hours = Count()
    left_watt_hours = Count()


class SiteGreen(serializers.Serializer[Any]):
    """A month of a site: what was consumed and claimed, and both kinds of CO2 side by side."""

    site = serializers.CharField()
    month = serializers.CharField(help_text="YYYY-MM, in the site's time zone.")
    providers = GreenProvider(many=True)
    lots = CertificateLot(many=True)
