"""The example of an explanation for the OpenAPI document, with steps of docs/pricing.md's event."""

from typing import Any, Final

from ledger.api import examples

EXPLANATION: Final[dict[str, Any]] = {
    **examples.EXPLANATION,
    "provenance": [
        {
            "figure": "pue",
            "code": "pue-hub-cap",
            "grade": "P",
            "source": "National plan for green data centres: hub nodes at most 1.25 by 2025",
            "document": "",
            "url": "",
            "retrieved_on": "2026-11-24",
            "licence": "",
            "note": "The ceiling that policy sets, not what a site measures.",
        }
    ],
    "derivation": {
        "steps": [
            {
                "subject": "a decode token",
                "name": "energy at the boundary",
                "formula": "J per output token × L_out / (L_out + L_in / r)",
                "filled": "1.10397 × 887 / (887 + 245 / 2.5)",
                "result": "0.994133390863",
                "unit": "J",
                "rests_on": ["profile"],
                "grade": "M",
            },
            {
                "subject": "a decode token",
                "name": "compute",
                "formula": "GPU-s / 3,600 × price of a GPU-hour / u",
                "filled": "0.00199591618347 / 3600 × 11.7 / 0.6",
                "result": "0.0000108112126605",
                "unit": "CNY",
                "rests_on": ["profile", "terms", "gpu_hour"],
                "grade": "I",
            },
        ],
        "windows": [
            {
                "period": "valley",
                "spans": "09:00–17:00",
                "months": "every month",
                "day_types": "any",
                "rank": 0,
            }
        ],
        "shares": [{"part": "compute", "amount": "0.009384134600", "percent": "60.657000"}],
        "cost_by_grade": {"O": "0.010000", "I": "0.990000"},
    },
}
