"""Makers of test material: a small catalogue whose prices can be computed by hand, and events.

One west site, one flat tariff, one deployment. Per token, in pico-CNY (worked in the margin of
`catalogue`): prefill compute 2,000,000, energy 120,000, green 667, scarcity 1,000,000; a cached
token a tenth of it, a decoded one three times.
"""

import json
from datetime import UTC, datetime
from typing import Any

from ledger.parties.models import Party
from ledger.pricing import catalogue as publishing
from ledger.usage import intake
from ledger.usage.formats import cloudevents
from ledger.usage.formats.decoding import MOST_EVENTS

NOW = datetime(2026, 10, 20, 12, 0, tzinfo=UTC)
OCCURRED_AT = datetime(2026, 10, 5, 2, 30, tzinfo=UTC)
VALID_FROM = "2023-01-01T00:00:00Z"
SOURCE = "urn:gateway:west-1"


def catalogue() -> dict[str, Any]:
    """Return a document that prices one deployment for one consumer.

    Facility energy of a prefill token: 1 J × PUE 1.2 = 1.2 J; at 0.36 CNY/kWh 0.00000012 CNY.
    Compute: 0.001 GPU-s × 3.60 CNY/h / 3600 / 0.5 = 0.000002 CNY. Scarcity: half of that again.
    Green: 1.2 J × 0.5 at 4 CNY/MWh = 666.67 pico. CO2: 1.2 J at 600 g/kWh = 0.0002 g.
    """
    return _supply() | _deployment() | _commerce()


def _supply() -> dict[str, Any]:
    """Return a site with its electricity and accelerators."""
    return {
        "provenance": [
            {
                "code": "test",
                "grade": "I",
                "source": "round numbers for tests",
                "retrieved_on": "2026-10-01",
            }
        ],
        "parties": [
            {"code": "clearwatt", "name": "Clearwatt", "kind": "platform"},
            {"code": "westcloud", "name": "West Cloud", "kind": "provider"},
            {"code": "acme", "name": "Acme", "kind": "consumer"},
        ],
        "hardware": [
            {
                "code": "h100",
                "name": "H100",
                "tdp_watts": "700",
                "idle_watts": "75",
                "memory_gb": "80",
            }
        ],
        "sites": [
            {"code": "west", "name": "West", "time_zone": "Asia/Shanghai", "grid_zone": "CN-NX"}
        ],
        "tariffs": [
            {"code": "flat", "name": "Flat", "currency": "CNY", "time_zone": "Asia/Shanghai"}
        ],
        "tariff_versions": [
            {
                "tariff": "flat",
                "valid_from": VALID_FROM,
                "provenance": "test",
                "terms": tariff_terms(),
            }
        ],
        "site_tariffs": [version(site="west", tariff="flat")],
        "site_pue": [version(site="west", pue="1.2")],
        "green_supplies": [version(site="west", share="0.5", price_per_mwh="4", currency="CNY")],
        "carbon_factors": [
            version(zone="CN-NX", method=method, basis="co2", grams_per_kwh="600")
            for method in ("location", "residual")
        ],
        "gpu_hours": [
            version(
                code="h100-owned",
                hardware="h100",
                currency="CNY",
                price="3.60",
                includes_energy=False,
                method="owned",
            )
        ],
    }


def _deployment() -> dict[str, Any]:
    """Return one deployment, its profile stated per token, and the standards it is costed at."""
    figures = {
        "prefill": {"joules": "1", "gpu_seconds": "0.001"},
        "cached": {"joules": "0.1", "gpu_seconds": "0.0001"},
        "decode": {"joules": "3", "gpu_seconds": "0.003"},
    }
    return {
        "deployments": [
            {
                "provider": "westcloud",
                "code": "qwen",
                "model": "qwen",
                "site": "west",
                "currency": "CNY",
            }
        ],
        "serving_profiles": [
            version(
                provider="westcloud",
                deployment="qwen",
                figures=figures,
                boundary="server",
                host_watts_per_gpu="0",
                idle_watts_per_gpu="0",
            )
        ],
        "deployment_terms": [
            version(
                provider="westcloud",
                deployment="qwen",
                gpu_hour="h100-owned",
                utilisation="0.5",
                scarcity_factor="1.5",
            )
        ],
    }


def _commerce() -> dict[str, Any]:
    """Return a rate card at ten per cent above cost, and an agreement that names it."""
    return {
        "rate_cards": [{"provider": "westcloud", "code": "standard"}],
        "rate_card_versions": [
            version(
                provider="westcloud",
                rate_card="standard",
                currency="CNY",
                terms={"kind": "cost_plus", "margin": "0.10"},
            )
        ],
        "agreements": [
            {
                "code": "westcloud-acme",
                "provider": "westcloud",
                "consumer": "acme",
                "time_zone": "Asia/Shanghai",
            }
        ],
        "agreement_versions": [
            version(
                agreement="westcloud-acme",
                currency="CNY",
                rate_card="standard",
                fee_rate="0.02",
                fee_consumer_share="0.25",
            )
        ],
    }


def version(**values: Any) -> dict[str, Any]:
    """Return a catalogue version that holds from the beginning."""
    return {"valid_from": VALID_FROM, "provenance": "test", **values}


def tariff_terms() -> dict[str, Any]:
    """Return the terms of a tariff with one price at all hours."""
    return {
        "kind": "calendar",
        "time_zone": "Asia/Shanghai",
        "currency": "CNY",
        "windows": [
            {
                "period": "flat",
                "spans": [["00:00", "24:00"]],
                "months": list(range(1, 13)),
                "day_types": ["any"],
                "rank": 0,
            }
        ],
        "published": {"flat": "0.36"},
    }


def publish(document: dict[str, Any] | None = None) -> publishing.Published:
    """Publish a document, by default the small catalogue."""
    return publishing.publish(document or catalogue(), now=NOW, published_by="tests")


def publish_newcomer() -> None:
    """Publish what the events of a new consumer lack."""
    publish(
        {
            "parties": [{"code": "newcomer", "name": "Newcomer", "kind": "consumer"}],
            "agreements": [
                {
                    "code": "westcloud-newcomer",
                    "provider": "westcloud",
                    "consumer": "newcomer",
                    "time_zone": "UTC",
                }
            ],
            "agreement_versions": [
                version(
                    agreement="westcloud-newcomer",
                    currency="CNY",
                    rate_card="standard",
                    fee_rate="0",
                    fee_consumer_share="0",
                )
            ],
        }
    )


def event(
    event_id: str = "evt-1",
    *,
    occurred_at: datetime | None = OCCURRED_AT,
    consumer: str = "acme",
    deployment: str = "qwen",
    source: str = SOURCE,
    usage: dict[str, int] | None = None,
    sequence: int | None = None,
    **data: Any,
) -> dict[str, Any]:
    """Return a CloudEvent: 800 input, 1,200 cached and 500 output tokens unless said otherwise."""
    counts = {"input": 800, "cache_read": 1_200, "output": 500} if usage is None else usage
    envelope: dict[str, Any] = {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": "clearwatt.usage",
        "subject": consumer,
        "data": {"deployment": deployment, "usage": counts, **data},
    }
    if occurred_at is not None:
        envelope["time"] = occurred_at.isoformat()
    if sequence is not None:
        envelope["sequence"] = str(sequence)
    return envelope


def record(
    *events: dict[str, Any],
    provider: str = "westcloud",
    now: datetime = NOW,
    allowed_sources: frozenset[str] | None = None,
) -> intake.Receipt:
    """Post events as one batch of the provider, through the intake."""
    body = json.dumps(list(events)).encode()
    return post(body, provider=provider, now=now, allowed_sources=allowed_sources)


def post(
    body: bytes,
    *,
    content_type: str = cloudevents.BATCH,
    provider: str = "westcloud",
    now: datetime = NOW,
    allowed_sources: frozenset[str] | None = None,
) -> intake.Receipt:
    """Record a body of CloudEvents that the provider posts."""
    return intake.record(
        provider_id=Party.objects.get(code=provider).id,
        decoded=cloudevents.decode(body, content_type=content_type, limit=MOST_EVENTS),
        now=now,
        allowed_sources=allowed_sources,
    )
