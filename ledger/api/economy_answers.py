"""What the token economy answers, described for the OpenAPI document."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ledger.api.answers import Amount, Count, Id


@extend_schema_field({"type": ["string", "null"], "pattern": r"^-?\d+\.\d{6}$"})
class RatioOrNull(serializers.CharField):
    """A ratio with six decimals; null where there is nothing to divide by."""


@extend_schema_field({"type": "string", "pattern": r"^-?\d+\.\d{6}$"})
class Hours(serializers.CharField):
    """Hours with six decimals."""


@extend_schema_field({"type": ["string", "null"], "pattern": r"^-?\d+\.\d{6}$"})
class HoursOrNull(serializers.CharField):
    """Hours with six decimals; null where they are unknown."""


class MoneyOfUsage(serializers.Serializer[Any]):
    """What usage cost in one currency, without fees; currencies are never added."""

    currency = serializers.CharField()
    price = Amount()
    per_million_tokens = Amount(allow_null=True)
    per_kwh = Amount(allow_null=True, help_text="Per kilowatt-hour at the meter.")
    compute_share = RatioOrNull(help_text="Of the cost, which has no margin.")
    energy_share = RatioOrNull(help_text="Of the cost, which has no margin.")


class ExchangeRate(serializers.Serializer[Any]):
    """A rate as it is published: one unit of `base` in the currency converted into."""

    base = serializers.CharField()
    rate = serializers.CharField()
    fx_rate = Id(help_text="The version in the catalogue.")


class ConvertedPrice(serializers.Serializer[Any]):
    """The price of all currencies in one, at the rates in force as each day begins."""

    currency = serializers.CharField()
    price = Amount(allow_null=True, help_text="Null if a rate is missing.")
    rates = ExchangeRate(many=True)
    missing = serializers.ListField(
        child=serializers.CharField(), help_text="Currencies without a published rate."
    )


class UsageFigures(serializers.Serializer[Any]):
    """What was used, and what it took and cost."""

    events = Count()
    tokens = Count()
    energy_joules = Amount()
    joules_per_token = RatioOrNull()
    busy_gpu_hours = Hours()
    available_gpu_hours = HoursOrNull(
        help_text="Of GPUs that stood ready, in hours that have begun. Null: no deployment's terms "
        "state how many.",
    )
    uncounted_gpu_hours = Hours(
        help_text="Busy hours of deployments that do not state how many GPUs stand ready: no part "
        "of `utilisation`.",
    )
    utilisation = RatioOrNull(
        help_text="Busy over available GPU-hours, of deployments that state how many GPUs stand "
        "ready. Null where none does.",
    )
    co2_location_grams = Amount()
    co2_market_grams = Amount()
    market_over_location = RatioOrNull(help_text="What certificates leave of the grid's grams.")
    money = MoneyOfUsage(many=True)


class Growth(serializers.Serializer[Any]):
    """By what share tokens grew: up to and with the day, against as many days before."""

    day = RatioOrNull()
    week = RatioOrNull(help_text="7 days against 7 days.")
    month = RatioOrNull(help_text="30 days against 30 days.")


class EconomyDay(UsageFigures):
    """A day."""

    date = serializers.DateField()
    growth = Growth()
    converted = ConvertedPrice(allow_null=True)


class EconomyTotal(UsageFigures):
    """All days."""

    converted = ConvertedPrice(allow_null=True)


class EconomyShare(UsageFigures):
    """A zone, a site, a model or a provider."""

    name = serializers.CharField()
    tokens_share = RatioOrNull()


class TokenEconomy(serializers.Serializer[Any]):
    """The token economy of some days."""

    starts_on = serializers.DateField()
    ends_on = serializers.DateField(help_text="The day after the last one.")
    time_zone = serializers.CharField(help_text="The zone of the days.")
    by = serializers.ChoiceField(choices=["zone", "site", "model", "provider"])
    total = EconomyTotal()
    days = EconomyDay(many=True)
    shares = EconomyShare(many=True)
