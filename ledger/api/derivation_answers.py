"""How an explanation's derivation is described for the OpenAPI document."""

from typing import Any

from rest_framework import serializers

from ledger.api import answers
from ledger.api.answers import Amount
from ledger.api.quote_answers import PercentOrNull, SharesOrNull
from ledger.api.reported_answers import Reported


class Provenance(answers.Provenance):
    """Where a figure comes from, and under which licence."""

    code = serializers.CharField()
    url = serializers.CharField(allow_blank=True)
    retrieved_on = serializers.DateField(allow_null=True)
    licence = serializers.CharField(allow_blank=True)
    note = serializers.CharField(allow_blank=True)


class DerivedStep(serializers.Serializer[Any]):
    """One step from the catalogue to a price."""

    subject = serializers.CharField(help_text="What it is told of, such as `a decode token`.")
    name = serializers.CharField()
    formula = serializers.CharField(help_text="In words; docs/pricing.md explains the letters.")
    filled = serializers.CharField(help_text="In numbers of at most twelve digits.")
    result = serializers.CharField(help_text="To at most twelve digits.")
    unit = serializers.CharField()
    rests_on = serializers.ListField(
        child=serializers.CharField(), help_text="The parts of the rates' inputs that enter it."
    )
    grade = serializers.ChoiceField(
        choices=["O", "M", "P", "D", "I"], allow_null=True, help_text="The weakest among those."
    )


class TariffWindow(serializers.Serializer[Any]):
    """A window of the tariff that holds at the local time of the slot."""

    period = serializers.CharField()
    spans = serializers.CharField()
    months = serializers.CharField()
    day_types = serializers.CharField()
    rank = serializers.IntegerField()


class PriceShare(serializers.Serializer[Any]):
    """What a part is of the price."""

    part = serializers.CharField()
    amount = Amount()
    percent = PercentOrNull()


class Derivation(serializers.Serializer[Any]):
    """How the rates follow from the catalogue; empty where the cost is not disclosed to you."""

    steps = DerivedStep(many=True)
    windows = TariffWindow(many=True)
    shares = PriceShare(many=True)
    cost_by_grade = SharesOrNull()


class Explanation(answers.Explanation):
    """Every row and multiplication behind the price of a usage entry."""

    provenance = Provenance(many=True)
    reported = Reported(allow_null=True, help_text="Null where the cost is not disclosed.")
    derivation = Derivation()
    grade = serializers.CharField(
        allow_null=True,
        help_text="O, M, P, D or I: counted from the strongest, the grade that reaches half of the "
        "cost. Null where it is not disclosed to you, and for rates from before grades were kept.",
    )
    grade_shares = serializers.DictField(
        child=serializers.CharField(), help_text="How much of the cost rests on each grade."
    )
    compared_price = Amount(
        allow_null=True,
        help_text="What the price comes to that the rate card makes beside, and does not charge.",
    )
