"""Supply of every kind for the books: a market, owned GPUs, water, a benchmark."""

from typing import Any

from tests.factories import version


def describe(document: dict[str, Any]) -> None:
    """Add a second site that owns its GPUs, buys at a market, and states its water."""
    document["sites"] += [
        {"code": "north", "name": "North", "time_zone": "Asia/Shanghai", "grid_zone": "CN-NX"}
    ]
    document["tariffs"] += [
        {"code": "spot", "name": "Spot", "currency": "CNY", "time_zone": "Asia/Shanghai"}
    ]
    terms = {
        "kind": "series",
        "series": "ningxia-spot",
        "currency": "CNY",
        "time_zone": "Asia/Shanghai",
        "components": [{"name": "grid", "per_kwh": "0.06", "floats": False}],
    }
    document["tariff_versions"] += [version(tariff="spot", terms=terms)]
    document["price_days"] = [
        {
            "series": "ningxia-spot",
            "day": "2026-10-05",
            "time_zone": "Asia/Shanghai",
            "currency": "CNY",
            "resolution_minutes": 60,
            "prices": ["-0.05"] * 14 + ["0.30"] * 10,
            "provenance": "test",
        }
    ]
    for section, values in (
        ("site_tariffs", {"tariff": "spot"}),
        ("site_pue", {"pue": "1.1"}),
        ("green_supplies", {"share": "0", "price_per_mwh": "0", "currency": "CNY"}),
        ("site_wue", {"litres_per_kwh": "0.6"}),
    ):
        document[section] = [*document.get(section, []), version(site="north", **values)]
    document["water_factors"] = [version(zone="CN-NX", litres_per_kwh="6")]
    _accelerators(document)
    _deployment(document)


def _accelerators(document: dict[str, Any]) -> None:
    document["hardware"] += [
        document["hardware"][0] | {"code": "h20", "name": "H20"},
    ]
    document["hardware_versions"] = [
        version(
            hardware="h20",
            embodied_kg_co2e="900",
            embodied_life_years="4",
            memory_gb_per_second="4000",
        )
    ]
    document["gpu_hours"] += [
        version(
            code="h20-owned",
            hardware="h20",
            currency="CNY",
            includes_energy=False,
            method="owned",
            capex="100000",
            life_years=4,
            capital_cost="0.05",
            availability="0.95",
            opex_per_hour="0.2",
        )
    ]


def _deployment(document: dict[str, Any]) -> None:
    document["benchmarks"] = [
        {
            "code": "run",
            "model": "qwen",
            "hardware": "h20",
            "gpu_count": 8,
            "joules_per_output_token": "1.2",
            "output_tokens_per_second": "3000",
            "mean_output_tokens": "800",
            "mean_input_tokens": "250",
            "decode_to_prefill": "2.5",
            "cached_to_prefill": "0.1",
            "provenance": "test",
            "split_provenance": "test",
        }
    ]
    document["deployments"] += [document["deployments"][0] | {"code": "spot", "site": "north"}]
    document["serving_profiles"] += [
        version(
            provider="westcloud",
            deployment="spot",
            benchmark="run",
            boundary="gpu",
            host_watts_per_gpu="150",
            idle_watts_per_gpu="195",
        )
    ]
    document["deployment_terms"] += [
        document["deployment_terms"][0] | {"deployment": "spot", "gpu_hour": "h20-owned"}
    ]
