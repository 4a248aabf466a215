"""An example of the token economy for the OpenAPI document: one event of one day, in the west."""

from typing import Any, Final

FIGURES: Final[dict[str, Any]] = {
    "events": 1,
    "tokens": 2500,
    "energy_joules": "2904.000000000000",
    "joules_per_token": "1.161600",
    "busy_gpu_hours": "0.000672",
    "available_gpu_hours": "192.000000",
    "uncounted_gpu_hours": "0.000000",
    "utilisation": "0.000004",
    "co2_location_grams": "0.484000000000",
    "co2_market_grams": "0.242000000000",
    "market_over_location": "0.500000",
    "money": [
        {
            "currency": "CNY",
            "price": "0.008307214000",
            "per_million_tokens": "3.322885600000",
            "per_kwh": "10.298199173554",
            "compute_share": "0.640889",
            "energy_share": "0.038453",
        }
    ],
}
CONVERTED: Final[dict[str, Any]] = {
    "currency": "USD",
    "price": "0.001163009960",
    "rates": [{"base": "CNY", "rate": "0.14", "fx_rate": "1"}],
    "missing": [],
}
TOKEN_ECONOMY: Final[dict[str, Any]] = {
    "starts_on": "2026-10-05",
    "ends_on": "2026-10-06",
    "time_zone": "Asia/Shanghai",
    "by": "zone",
    "total": {**FIGURES, "converted": CONVERTED},
    "days": [
        {
            "date": "2026-10-05",
            **FIGURES,
            "growth": {"day": None, "week": None, "month": None},
            "converted": CONVERTED,
        }
    ],
    "shares": [{"name": "CN-NX", **FIGURES, "tokens_share": "1.000000"}],
}
