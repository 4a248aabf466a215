"""An example of a comparison for the OpenAPI document: an event of Beijing, in Zhongwei."""

from typing import Any, Final


def _amounts(**of: str) -> dict[str, Any]:
    return {
        "price": of["price"],
        "fee_consumer": "0.000000000000",
        "energy_joules": of["joules"],
        "co2_location_grams": of["location"],
        "co2_market_grams": of["market"],
        "embodied_co2e_grams": None,
        "water_litres": None,
        "cost": None,
    }


BEIJING: Final = _amounts(
    price="0.015904314700",
    joules="1752.393500000000",
    location="0.270355700000",
    market="0.270355700000",
)
ZHONGWEI: Final = _amounts(
    price="0.015470826600",
    joules="1550.195100000000",
    location="0.266417300000",
    market="0.053283500000",
)
NOTHING: Final = _amounts(
    price="0.000000000000",
    joules="0.000000000000",
    location="0.000000000000",
    market="0.000000000000",
)
SAVED: Final = _amounts(
    price="0.000433488100",
    joules="202.198400000000",
    location="0.003938400000",
    market="0.217072200000",
)
AT_HOME: Final[dict[str, Any]] = {
    "currency": "CNY",
    "booked": BEIJING,
    "instead": BEIJING,
    "saved": NOTHING,
    "price_percent": "0.000000",
}
MOVED: Final[dict[str, Any]] = {
    "currency": "CNY",
    "booked": BEIJING,
    "instead": ZHONGWEI,
    "saved": SAVED,
    "price_percent": "2.725601",
}
WHAT_IF: Final[dict[str, Any]] = {
    "catalogue": "2",
    "from_date": "2026-11-24",
    "to_date": "2026-11-25",
    "shift_minutes": 0,
    "entries": 1,
    "sites": [
        {
            "site": None,
            "lacks": [],
            "totals": [AT_HOME],
            "days": [{"day": "2026-11-24", **AT_HOME}],
        },
        {
            "site": "zhongwei",
            "lacks": [],
            "totals": [MOVED],
            "days": [{"day": "2026-11-24", **MOVED}],
        },
    ],
}
