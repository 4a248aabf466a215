"""What the API answers about settlements, described for the OpenAPI document."""

from typing import Any

from rest_framework import serializers

from ledger.api.answers import Amount, Id


class Settlement(serializers.Serializer[Any]):
    """One clearing run of one month in one currency."""

    id = Id()
    starts_on = serializers.DateField(help_text="The first accounting date.")
    ends_on = serializers.DateField(help_text="The day after the last accounting date.")
    currency = serializers.CharField()
    state = serializers.ChoiceField(choices=["calculated", "approved", "void"])
    input_hash = serializers.CharField(help_text="Binds what was calculated.")
    calculated_at = serializers.DateTimeField()
    made_by = serializers.CharField(allow_null=True, help_text="For the platform's eyes.")
    approved_at = serializers.DateTimeField(allow_null=True)
    approved_by = serializers.CharField(allow_null=True, help_text="For the platform's eyes.")


class SettlementPage(serializers.Serializer[Any]):
    """Settlements, newest first."""

    items = Settlement(many=True)
    next = serializers.URLField(allow_null=True, help_text="The next page, null on the last.")


class Side(serializers.Serializer[Any]):
    """carried + price ± fee = due + residue: exact on the left, rounded on the right."""

    carried = Amount(help_text="The residue of the month before.")
    fee = Amount(help_text="On top of what a consumer owes, off what a provider is owed.")
    due = Amount(help_text="Rounded to the currency's smallest unit.")
    residue = Amount(help_text="Stays on the account, and goes into the next month.")


class PlatformSide(serializers.Serializer[Any]):
    """What is left between the two sides."""

    fee = Amount()
    rounding = Amount()


class Position(serializers.Serializer[Any]):
    """What an agreement comes to; the sides that are not yours are null."""

    agreement = serializers.CharField()
    provider = serializers.CharField()
    consumer = serializers.CharField()
    price = Amount()
    consumer_side = Side(allow_null=True)
    provider_side = Side(allow_null=True)
    platform_side = PlatformSide(allow_null=True)
    entry = Id(allow_null=True, help_text="The journal entry; null until it is approved.")


class Netting(serializers.Serializer[Any]):
    """What two parties who serve each other set off."""

    party_a = serializers.CharField()
    party_b = serializers.CharField()
    amount = Amount()
    entry = Id(allow_null=True, help_text="The journal entry; null until it is approved.")


class SettlementDetail(Settlement):
    """A settlement with your positions and set-offs."""

    positions = Position(many=True)
    nettings = Netting(many=True)
