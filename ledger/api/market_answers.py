"""What the comparison with the market answers, described for the OpenAPI document."""

from typing import Any, Final

from rest_framework import serializers

from ledger.api.answers import Amount, Count


class MarketSnapshot(serializers.Serializer[Any]):
    """The newest snapshot of public list prices."""

    source = serializers.CharField()  # type: ignore[assignment] # a field, not the option
    version = serializers.CharField()
    taken_at = serializers.DateTimeField()


class VendorPrice(serializers.Serializer[Any]):
    """What a vendor's list makes of a million tokens of the mix."""

    vendor = serializers.CharField()
    model = serializers.CharField(help_text="As the vendor calls it.")
    usd_per_million = Amount()


class MarketCoverageLine(serializers.Serializer[Any]):
    """A deployment's month against the market, per million tokens of the mix that was used."""

    model = serializers.CharField()
    provider = serializers.CharField()
    deployment = serializers.CharField()
    tokens = Count()
    price_usd_per_million = Amount(allow_null=True, help_text="What was charged.")
    cost_usd_per_million = Amount(
        allow_null=True, help_text="Compute, energy and green; null where it is not yours to see."
    )
    median = VendorPrice(allow_null=True, help_text="The listing in the middle.")
    coverage = Amount(allow_null=True, help_text="The median over the cost; below 1 it loses.")
    vendors = VendorPrice(many=True, help_text="Cheapest first.")
    lack = serializers.CharField(allow_blank=True, help_text="Why there is nothing to compare.")


class MarketCoverage(serializers.Serializer[Any]):
    """Cost coverage of a month; without a snapshot there are no lines, and it is null."""

    month = serializers.CharField()
    snapshot = MarketSnapshot(allow_null=True, help_text="Null: none was ever taken.")
    lines = MarketCoverageLine(many=True)


_NEBIUS: Final[dict[str, Any]] = {
    "vendor": "huggingface_nebius",
    "model": "Qwen/Qwen3-235B-A22B-Instruct-2507",
    "usd_per_million": "0.280000000000",
}
EXAMPLE: Final[dict[str, Any]] = {
    "month": "2026-11",
    "snapshot": {
        "source": "genai-prices",
        "version": "0.2.3",
        "taken_at": "2026-11-24T09:00:00Z",
    },
    "lines": [
        {
            "model": "Qwen/Qwen3-235B-A22B-Instruct-2507-FP8",
            "provider": "westcloud",
            "deployment": "qwen",
            "tokens": 2500,
            "price_usd_per_million": "0.871595864789",
            "cost_usd_per_million": "0.536003847887",
            "median": _NEBIUS,
            "coverage": "0.522384309560",
            "vendors": [_NEBIUS],
            "lack": "",
        }
    ],
}
