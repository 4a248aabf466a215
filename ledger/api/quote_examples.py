"""Examples of quotes for the OpenAPI document: the worked event of docs/pricing.md."""

from typing import Any, Final

WANTED_QUOTE: Final[dict[str, Any]] = {
    "deployments": ["qwen"],
    "agreement": "westcloud-acme",
    "lines": [{"tokens": {"input": 800, "cache_read": 1_200, "output": 500}}],
    "at": "2026-11-24T02:30:00Z",
    "sites": ["beijing", "zhongwei"],
}
QUOTES: Final[dict[str, Any]] = {
    "catalogue": "2",
    "quotes": [
        {
            "provider": "westcloud",
            "deployment": "qwen",
            "model": "Qwen/Qwen3-235B-A22B-Instruct-2507-FP8",
            "terms": "westcloud-acme",
            "currency": "CNY",
            "cheapest": "zhongwei",
            "cleanest_by_location": "zhongwei",
            "cleanest_by_market": "zhongwei",
            "sites": [
                {
                    "site": "beijing",
                    "name": "Beijing",
                    "grid_zone": "CN-BJ",
                    "is_own": True,
                    "lack": None,
                    "amounts": {
                        "price": "0.015904314700",
                        "fee_consumer": "0.000000000000",
                        "energy_joules": "1752.393500000000",
                        "co2_location_grams": "0.270355700000",
                        "co2_market_grams": "0.270355700000",
                        "embodied_co2e_grams": "0.030077500000",
                        "water_litres": "0.003372200000",
                        "cost": {
                            "compute": "0.009384134600",
                            "energy": "0.000491173600",
                            "green": "0.000000000000",
                            "scarcity": "0.003378287700",
                            "margin": "0.002650718800",
                            "fee_provider": "0.000000000000",
                            "gpu_seconds": "1.732456000000",
                        },
                    },
                    "cost_by_grade": {"I": "1.000000"},
                    "moments": [
                        {
                            "starts_at": "2026-11-24T02:30:00Z",
                            "amounts": {
                                "price": "0.015904314700",
                                "fee_consumer": "0.000000000000",
                                "energy_joules": "1752.393500000000",
                                "co2_location_grams": "0.270355700000",
                                "co2_market_grams": "0.270355700000",
                                "embodied_co2e_grams": "0.030077500000",
                                "water_litres": "0.003372200000",
                                "cost": {
                                    "compute": "0.009384134600",
                                    "energy": "0.000491173600",
                                    "green": "0.000000000000",
                                    "scarcity": "0.003378287700",
                                    "margin": "0.002650718800",
                                    "fee_provider": "0.000000000000",
                                    "gpu_seconds": "1.732456000000",
                                },
                            },
                            "electricity": [
                                {
                                    "tariff": "beijing-1-10kv",
                                    "period": "peak",
                                    "currency": "CNY",
                                    "price_per_kwh": "0.926841000000",
                                    "demand_price_per_kwh": "0.082191780822",
                                }
                            ],
                        }
                    ],
                    "move": None,
                },
                {
                    "site": "zhongwei",
                    "name": "Zhongwei, Ningxia",
                    "grid_zone": "CN-NX",
                    "is_own": False,
                    "lack": None,
                    "amounts": {
                        "price": "0.015470826600",
                        "fee_consumer": "0.000000000000",
                        "energy_joules": "1550.195100000000",
                        "co2_location_grams": "0.266417300000",
                        "co2_market_grams": "0.053283500000",
                        "embodied_co2e_grams": "0.030077500000",
                        "water_litres": "0.002811500000",
                        "cost": {
                            "compute": "0.009384134600",
                            "energy": "0.000128507400",
                            "green": "0.000001426300",
                            "scarcity": "0.003378287700",
                            "margin": "0.002578470600",
                            "fee_provider": "0.000000000000",
                            "gpu_seconds": "1.732456000000",
                        },
                    },
                    "cost_by_grade": {"I": "1.000000"},
                    "moments": [
                        {
                            "starts_at": "2026-11-24T02:30:00Z",
                            "amounts": {
                                "price": "0.015470826600",
                                "fee_consumer": "0.000000000000",
                                "energy_joules": "1550.195100000000",
                                "co2_location_grams": "0.266417300000",
                                "co2_market_grams": "0.053283500000",
                                "embodied_co2e_grams": "0.030077500000",
                                "water_litres": "0.002811500000",
                                "cost": {
                                    "compute": "0.009384134600",
                                    "energy": "0.000128507400",
                                    "green": "0.000001426300",
                                    "scarcity": "0.003378287700",
                                    "margin": "0.002578470600",
                                    "fee_provider": "0.000000000000",
                                    "gpu_seconds": "1.732456000000",
                                },
                            },
                            "electricity": [
                                {
                                    "tariff": "ningxia-110kv",
                                    "period": "valley",
                                    "currency": "CNY",
                                    "price_per_kwh": "0.257175000000",
                                    "demand_price_per_kwh": "0.041257050766",
                                }
                            ],
                        }
                    ],
                    "move": {
                        "saved": {
                            "price": "0.000433488100",
                            "fee_consumer": "0.000000000000",
                            "energy_joules": "202.198400000000",
                            "co2_location_grams": "0.003938400000",
                            "co2_market_grams": "0.217072200000",
                            "embodied_co2e_grams": "0.000000000000",
                            "water_litres": "0.000560700000",
                            "cost": {
                                "compute": "0.000000000000",
                                "energy": "0.000362666200",
                                "green": "-0.000001426300",
                                "scarcity": "0.000000000000",
                                "margin": "0.000072248200",
                                "fee_provider": "0.000000000000",
                                "gpu_seconds": "0.000000000000",
                            },
                        },
                        "price_percent": "2.725601",
                        "cost_percent": "3.658011",
                        "gpu_hour": {
                            "currency": "CNY",
                            "price": "11.7",
                            "save_percent": "5",
                            "moving_there": "8.395383148064",
                            "moving_back": None,
                            "as_cheap_there": "12.150388555808",
                        },
                        "carbon_location": {
                            "per_tonne": None,
                            "cheaper_below": "zhongwei",
                            "cheaper_above": "zhongwei",
                        },
                        "carbon_market": {
                            "per_tonne": None,
                            "cheaper_below": "zhongwei",
                            "cheaper_above": "zhongwei",
                        },
                    },
                },
            ],
        }
    ],
}
