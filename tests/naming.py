"""Makers of mappings of sources' names, and of a catalogue in which they have something to name."""

from typing import Any

from tests import factories
from tests.factories import VALID_FROM


def catalogue() -> dict[str, Any]:
    """Return the small catalogue with a second consumer and two more deployments."""
    document = factories.catalogue()
    document["parties"] += [
        {"code": "globex", "name": "Globex", "kind": "consumer"},
        {"code": "eastcloud", "name": "East Cloud", "kind": "provider"},
    ]
    for section in ("deployments", "serving_profiles", "deployment_terms"):
        (one,) = document[section]
        key = "code" if section == "deployments" else "deployment"
        document[section] += [one | {key: "llama"}, one | {key: "gpt-4o@westus"}]
    document["agreements"] += [
        document["agreements"][0] | {"code": "westcloud-globex", "consumer": "globex"}
    ]
    document["agreement_versions"] += [
        document["agreement_versions"][0] | {"agreement": "westcloud-globex"}
    ]
    return document


def consumer(name: str, code: str, **more: Any) -> dict[str, Any]:
    """Return a mapping of a consumer's name, for every source and from the beginning."""
    return mapping(kind="consumer", name=name, consumer=code, **more)


def deployment(name: str, code: str, **more: Any) -> dict[str, Any]:
    """Return a mapping of a deployment's name, for every source and from the beginning."""
    return mapping(kind="deployment", name=name, deployment=code, **more)


def mapping(**more: Any) -> dict[str, Any]:
    return {"provider": "westcloud", "valid_from": VALID_FROM, **more}


def publish(*mappings: dict[str, Any]) -> None:
    factories.publish({"source_names": list(mappings)})
