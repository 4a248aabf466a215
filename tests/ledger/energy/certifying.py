"""Makers of certificate lots for the small catalogue's provider."""

from typing import Any

from tests import factories


def lot(code: str = "wind-1", *, watt_hours: int = 10, **values: Any) -> dict[str, Any]:
    """Return a lot of 2026 from the country of the site `west`, but not from its zone."""
    return {
        "code": code,
        "kind": "GEC",
        "provider": "westcloud",
        "zone": "CN-QH",
        "technology": "wind",
        "vintage": 2026,
        "produced_from": "2026-01-01T00:00:00+08:00",
        "produced_to": "2026-02-01T00:00:00+08:00",
        "watt_hours": watt_hours,
        "price_per_mwh": "4",
        "currency": "CNY",
        "issuer": "NEA",
        "serial_first": f"{code}-1",
        "serial_last": f"{code}-9",
        "provenance": "test",
        **values,
    }


def publish(*lots: dict[str, Any]) -> None:
    """Publish lots."""
    factories.publish({"certificate_lots": list(lots)})


def second_site() -> dict[str, Any]:
    """Return the small catalogue's site and deployment once more, under other names."""
    document = factories.catalogue()
    again = {
        "sites": {"code": "west-2"},
        "site_tariffs": {"site": "west-2"},
        "site_pue": {"site": "west-2"},
        "green_supplies": {"site": "west-2"},
        "deployments": {"code": "qwen-2", "site": "west-2"},
        "serving_profiles": {"deployment": "qwen-2"},
        "deployment_terms": {"deployment": "qwen-2"},
    }
    return {name: [document[name][0] | renamed] for name, renamed in again.items()}
