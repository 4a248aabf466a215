"""What the audited books have of scarcity, tiers and agreed terms: a document to publish."""

from typing import Any, Final

from tests import factories
from tests.factories import version

LOADED_FROM: Final = "2026-10-06T02:30:00Z"


def document() -> dict[str, Any]:
    """Return a deployment whose scarcity goes by the clock, and a consumer with two prices."""
    busy = {"period": "busy", "spans": [["14:00", "15:00"]], "rank": 1}
    policy = {
        "curve": {"rho0": "0.8", "kappa": "1", "gamma": "2", "cap": "3"},
        "calendar": {
            "time_zone": "Asia/Shanghai",
            "windows": [{"period": "quiet", "spans": [["00:00", "24:00"]]}, busy],
            "periods": {"busy": {"load": "0.92"}, "quiet": {"factor": "1.1"}},
        },
    }
    card = {
        "kind": "both",
        "charged": "higher",
        "cost_plus": {"margin": "0.1"},
        "list": {
            "per_million_tokens": {"input": "9", "cache_read": "9", "output": "9"},
            "context_tiers": [
                {
                    "from_tokens": 100,
                    "per_million_tokens": {"input": "8", "cache_read": "8", "output": "8"},
                }
            ],
        },
        "service_tiers": {"batch": {"factor": "0.5"}},
    }
    small = factories.catalogue()
    served = {"provider": "westcloud", "deployment": "scarce"}
    scarce = version(**served, gpu_hour="h100-owned", utilisation="0.5", scarcity_policy="busy")
    return {
        "parties": [{"code": "initech", "name": "Initech", "kind": "consumer"}],
        "deployments": [small["deployments"][0] | {"code": "scarce"}],
        "serving_profiles": [small["serving_profiles"][0] | served],
        "deployment_terms": [scarce | {"gpu_count": 8}],
        "scarcity_policies": [version(code="busy", terms=policy)],
        "deployment_loads": [
            version(**served, load="0.95") | {"valid_from": LOADED_FROM},
        ],
        "rate_cards": [{"provider": "westcloud", "code": "double"}],
        "rate_card_versions": [
            version(provider="westcloud", rate_card="double", currency="CNY", terms=card)
        ],
        "agreements": [
            small["agreements"][0] | {"code": "westcloud-initech", "consumer": "initech"}
        ],
        "agreement_versions": [
            version(
                agreement="westcloud-initech",
                currency="CNY",
                rate_card="double",
                fee_rate="0",
                fee_consumer_share="0",
                overrides={"margin": "0.05"},
                least_grade="I",
            )
        ],
    }
