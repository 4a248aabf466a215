"""What the API answers of re-rating, and examples, for the OpenAPI document."""

from typing import Any, Final

from rest_framework import serializers

from ledger.api.answers import Amount, Count, Id

STATES: Final = ["proposed", "approved", "applying", "applied", "withdrawn", "stale"]


class ReratingSums(serializers.Serializer[Any]):
    """What usage comes to."""

    price = Amount()
    fee_provider = Amount()
    fee_consumer = Amount()
    energy_joules = Amount()
    co2_location_grams = Amount()
    co2_market_grams = Amount()


class ReratingDifference(serializers.Serializer[Any]):
    """What changes for a consumer at a provider on a day, in a currency."""

    consumer = serializers.CharField()
    provider = serializers.CharField()
    day = serializers.DateField(help_text="The accounting date of the usage itself.")
    currency = serializers.CharField()
    entries = Count(help_text="Usage entries that are taken back and replaced.")
    tokens = Count()
    before = ReratingSums()
    after = ReratingSums()
    difference = ReratingSums()


class ReratingLack(serializers.Serializer[Any]):
    """Usage that has no price now, and stays as it is."""

    reason = serializers.CharField()
    missing = serializers.CharField()
    entries = Count()


class ReratingScope(serializers.Serializer[Any]):
    """Whose usage of which time."""

    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    provider = serializers.CharField(allow_null=True)
    consumer = serializers.CharField(allow_null=True)
    deployment = serializers.CharField(allow_null=True)


class ReratingPreview(serializers.Serializer[Any]):
    """What re-rating would change: the dry run."""

    revision = Id(help_text="The catalogue's.")
    digest = serializers.CharField(help_text="Of the scope and what it comes to, SHA-256.")
    entries = Count()
    standing = Count(help_text="Usage entries that were looked at.")
    renamed = Count(help_text="They get another rate that charges the same, and stay.")
    archived = serializers.ListField(
        child=serializers.CharField(), help_text="Months that are in archives and stay untouched."
    )
    lacks = ReratingLack(many=True)
    differences = ReratingDifference(many=True)


class Rerating(serializers.Serializer[Any]):
    """A run, and how far it is."""

    id = Id()
    state = serializers.ChoiceField(choices=STATES)
    reason = serializers.CharField()
    scope = ReratingScope()
    revision = Id(help_text="The catalogue's of the dry run.")
    applied_revision = Id(allow_null=True, help_text="The catalogue's by which it is applied.")
    proposed_entries = Count()
    taken_back = Count()
    left_alone = Count(help_text="Without a price now, or archived meanwhile.")
    until = serializers.DateTimeField(allow_null=True, help_text="How far it has come.")
    asked_by = serializers.CharField()
    asked_at = serializers.DateTimeField()
    approved_by = serializers.CharField(allow_null=True)
    approved_at = serializers.DateTimeField(allow_null=True)
    begun_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    outcome = serializers.CharField(allow_blank=True, help_text="Why it ended before it was done.")


class ReratingDetail(Rerating):
    """A run with what its dry run showed."""

    preview = ReratingPreview()


class ReratingPage(serializers.Serializer[Any]):
    """Runs, newest first."""

    items = Rerating(many=True)
    next = serializers.URLField(allow_null=True, help_text="The next page, null on the last.")


WANTED: Final[dict[str, Any]] = {
    "starts_at": "2026-10-01T00:00:00Z",
    "ends_at": "2026-11-01T00:00:00Z",
    "provider": "zhongwei",
}
PROPOSAL: Final[dict[str, Any]] = {**WANTED, "reason": "the grid's tariff was corrected"}
BEFORE: Final[dict[str, str]] = {
    "price": "8.307214000000",
    "fee_provider": "0.124608100000",
    "fee_consumer": "0.041535900000",
    "energy_joules": "2904000.000000000000",
    "co2_location_grams": "484.000000000000",
    "co2_market_grams": "242.000000000000",
}
AFTER: Final[dict[str, str]] = {
    **BEFORE,
    "price": "8.626654000000",
    "fee_provider": "0.129399700000",
    "fee_consumer": "0.043133100000",
}
PREVIEW: Final[dict[str, Any]] = {
    "revision": "12",
    "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "entries": 1000,
    "standing": 1500,
    "renamed": 0,
    "archived": [],
    "lacks": [],
    "differences": [
        {
            "consumer": "acme",
            "provider": "zhongwei",
            "day": "2026-10-05",
            "currency": "CNY",
            "entries": 1000,
            "tokens": 2500000,
            "before": BEFORE,
            "after": AFTER,
            "difference": {
                "price": "0.319440000000",
                "fee_provider": "0.004791600000",
                "fee_consumer": "0.001597200000",
                "energy_joules": "0.000000000000",
                "co2_location_grams": "0.000000000000",
                "co2_market_grams": "0.000000000000",
            },
        }
    ],
}
RERATING: Final[dict[str, Any]] = {
    "id": "4",
    "state": "applied",
    "reason": "the grid's tariff was corrected",
    "scope": {**WANTED, "consumer": None, "deployment": None},
    "revision": "12",
    "applied_revision": "12",
    "proposed_entries": 1000,
    "taken_back": 1000,
    "left_alone": 0,
    "until": "2026-11-01T00:00:00Z",
    "asked_by": "maker",
    "asked_at": "2026-11-02T09:00:00Z",
    "approved_by": "checker",
    "approved_at": "2026-11-02T09:20:00Z",
    "begun_at": "2026-11-02T09:20:01Z",
    "ended_at": "2026-11-02T09:20:04Z",
    "outcome": "",
}
PROPOSED: Final[dict[str, Any]] = {
    **RERATING,
    "state": "proposed",
    "applied_revision": None,
    "taken_back": 0,
    "until": None,
    "approved_by": None,
    "approved_at": None,
    "begun_at": None,
    "ended_at": None,
    "preview": PREVIEW,
}
DETAIL: Final[dict[str, Any]] = {**RERATING, "preview": PREVIEW}
