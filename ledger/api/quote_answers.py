"""What quotes and comparisons answer, described for the OpenAPI document."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ledger.api.answers import Amount, Count, Id

GRADES = {
    "type": ["object", "null"],
    "additionalProperties": {"type": "string", "pattern": r"^-?\d+\.\d{6}$"},
}


@extend_schema_field({"type": ["string", "null"], "pattern": r"^-?\d+\.\d{6}$"})
class PercentOrNull(serializers.CharField):
    """A percentage with six decimals; null where there is nothing to compare with."""


@extend_schema_field(GRADES)
class SharesOrNull(serializers.JSONField):
    """Shares of the cost by grade."""


class Lacking(serializers.Serializer[Any]):
    """Why there is no figure, and what publication would mend it."""

    reason = serializers.CharField()
    missing = serializers.CharField()
    detail = serializers.CharField(allow_blank=True)


class CostParts(serializers.Serializer[Any]):
    """What the price is made of, in the currency of the quote."""

    compute = Amount()
    energy = Amount()
    green = Amount()
    scarcity = Amount()
    margin = Amount()
    fee_provider = Amount(help_text="The platform's fee that the provider bears.")
    gpu_seconds = Amount()


class QuotedAmounts(serializers.Serializer[Any]):
    """What usage costs and takes; of a day, what it does on average over its quarter hours."""

    price = Amount()
    fee_consumer = Amount()
    energy_joules = Amount()
    co2_location_grams = Amount()
    co2_market_grams = Amount()
    embodied_co2e_grams = Amount(
        allow_null=True, help_text="Of making the hardware: reported, never booked."
    )
    water_litres = Amount(allow_null=True, help_text="At the site and at power stations.")
    cost = CostParts(allow_null=True, help_text="Null where it is not disclosed to you.")


class Electricity(serializers.Serializer[Any]):
    """What a kilowatt-hour costs."""

    tariff = serializers.CharField()
    period = serializers.CharField()
    currency = serializers.CharField()
    price_per_kwh = Amount()
    demand_price_per_kwh = Amount(help_text="The demand charge, spread over its kilowatt-hours.")


class QuotedMoment(serializers.Serializer[Any]):
    """A quarter hour, or an hour of a day."""

    starts_at = serializers.DateTimeField()
    amounts = QuotedAmounts()
    electricity = Electricity(
        many=True, allow_null=True, help_text="Each that is different; null if not disclosed."
    )


class GpuHourTurns(serializers.Serializer[Any]):
    """From which price of a GPU-hour on a move no longer saves what is wanted."""

    currency = serializers.CharField()
    price = serializers.CharField(help_text="What the quote was made with.")
    save_percent = serializers.CharField()
    moving_there = Amount(
        allow_null=True, help_text="Below this price the move saves more; null: at no price."
    )
    moving_back = Amount(allow_null=True, help_text="The same for the move back.")
    as_cheap_there = Amount(
        allow_null=True, help_text="A GPU-hour there, and only there, at which both cost the same."
    )


class CarbonTurnOf(serializers.Serializer[Any]):
    """At which price of a tonne of CO2 both sites cost the same, and which is cheaper beside it."""

    per_tonne = Amount(allow_null=True, help_text="Null: at no price above zero.")
    cheaper_below = serializers.CharField(allow_null=True, help_text="A site; null: neither.")
    cheaper_above = serializers.CharField(allow_null=True)


class QuotedMove(serializers.Serializer[Any]):
    """What moving the usage here from the deployment's own site saves; negative: what it costs."""

    saved = QuotedAmounts()
    price_percent = PercentOrNull()
    cost_percent = PercentOrNull(help_text="Of compute, energy and green, without scarcity.")
    gpu_hour = GpuHourTurns(allow_null=True)
    carbon_location = CarbonTurnOf()
    carbon_market = CarbonTurnOf()


class QuotedSite(serializers.Serializer[Any]):
    """The quote at one site: amounts, or what is lacking for them."""

    site = serializers.CharField()
    name = serializers.CharField()
    grid_zone = serializers.CharField()
    is_own = serializers.BooleanField(help_text="The deployment stands here.")
    lack = Lacking(allow_null=True)
    amounts = QuotedAmounts(allow_null=True)
    cost_by_grade = SharesOrNull(
        help_text="The share of the cost that rests on figures of each grade, O to I."
    )
    moments = QuotedMoment(many=True)
    move = QuotedMove(allow_null=True, help_text="Null at the own site, or without it.")


class Quote(serializers.Serializer[Any]):
    """A deployment's usage under some terms at every site that was asked for."""

    provider = serializers.CharField()
    deployment = serializers.CharField()
    model = serializers.CharField()
    terms = serializers.CharField(help_text="An agreement or a rate card.")
    currency = serializers.CharField()
    cheapest = serializers.CharField(allow_null=True)
    cleanest_by_location = serializers.CharField(allow_null=True)
    cleanest_by_market = serializers.CharField(allow_null=True)
    sites = QuotedSite(many=True)


class Quotes(serializers.Serializer[Any]):
    """Quotes, one a deployment; nothing of them is stored."""

    catalogue = Id(help_text="The revision of the catalogue that they were made from.")
    quotes = Quote(many=True)


class MovedTotals(serializers.Serializer[Any]):
    """What was booked, what it would have been, and the difference: booked less that."""

    currency = serializers.CharField()
    booked = QuotedAmounts()
    instead = QuotedAmounts()
    saved = QuotedAmounts()
    price_percent = PercentOrNull()


class MovedDay(MovedTotals):
    """The same of one day, UTC."""

    day = serializers.DateField()


class MovedLack(Lacking):
    """What is lacking, and for how many usage entries."""

    entries = Count()


class MovedTo(serializers.Serializer[Any]):
    """A past span's usage at one site, or each deployment's at its own."""

    site = serializers.CharField(allow_null=True, help_text="Null: each at its own site.")
    lacks = MovedLack(many=True)
    totals = MovedTotals(many=True, help_text="By currency; none where something is lacking.")
    days = MovedDay(many=True)


class WhatIf(serializers.Serializer[Any]):
    """A past span's usage, priced anew elsewhere or at another time."""

    catalogue = Id()
    from_date = serializers.DateField()
    to_date = serializers.DateField(help_text="Not included.")
    shift_minutes = serializers.IntegerField()
    entries = Count()
    sites = MovedTo(many=True)
