"""Two providers and two consumers with rated usage: what each of them may see of it."""

from typing import Any

import pytest
from django.test import Client

from ledger.rating import rate
from tests import callers, correcting, factories
from tests.factories import NOW, version


def two_of_each() -> dict[str, Any]:
    """Return a catalogue in which westcloud serves acme, and eastcloud serves beta."""
    document = factories.catalogue()
    document["parties"] += [
        {"code": "eastcloud", "name": "East Cloud", "kind": "provider"},
        {"code": "beta", "name": "Beta", "kind": "consumer"},
    ]
    for section in ("deployments", "serving_profiles", "deployment_terms", "rate_cards"):
        document[section] += [{**one, "provider": "eastcloud"} for one in document[section]]
    document["rate_card_versions"] += [
        {**one, "provider": "eastcloud"} for one in document["rate_card_versions"]
    ]
    document["agreements"].append(
        {
            "code": "eastcloud-beta",
            "provider": "eastcloud",
            "consumer": "beta",
            "time_zone": "Asia/Shanghai",
        }
    )
    document["agreement_versions"].append(
        version(
            agreement="eastcloud-beta",
            currency="CNY",
            rate_card="standard",
            fee_rate="0.02",
            fee_consumer_share="0",
            discloses_cost=True,
        )
    )
    document["source_names"] = [
        version(provider=provider, kind="consumer", name=f"{consumer}-key", consumer=consumer)
        for provider, consumer in (("westcloud", "acme"), ("eastcloud", "beta"))
    ]
    return document


@pytest.fixture
def books(db: None) -> None:
    """Record and rate: two events of acme, one of beta; set one more of beta's provider aside."""
    factories.publish(two_of_each())
    factories.record(
        factories.event("acme-1", project="acme-search", consumer="acme-key"),
        factories.event("acme-2", attributes={"request": "acme-r-2"}),
    )
    factories.record(
        factories.event("beta-1", consumer="beta-key", project="beta-search"),
        factories.event("beta-2", consumer="beta", deployment="beta-model"),
        provider="eastcloud",
    )
    rated = rate.rate_pending(now=NOW)
    assert rated is not None


@pytest.fixture
def corrected(books: None) -> None:
    """Ask for corrections of an event of each provider; no worker has looked at them."""
    correcting.ask(correcting.void("acme-2"), correcting.amend("acme-1", usage={"input": 7}))
    correcting.ask(correcting.void("beta-2"), provider="eastcloud")


@pytest.fixture
def acme(books: None) -> Client:
    """Return a client of the consumer whose agreement keeps the provider's cost to itself."""
    return callers.client("acme")


@pytest.fixture
def westcloud(books: None) -> Client:
    """Return a client of acme's provider."""
    return callers.client("westcloud")


@pytest.fixture
def beta(books: None) -> Client:
    """Return a client of the consumer whose agreement discloses the provider's cost."""
    return callers.client("beta")


@pytest.fixture
def eastcloud(books: None) -> Client:
    """Return a client of beta's provider."""
    return callers.client("eastcloud")


@pytest.fixture
def platform(books: None) -> Client:
    """Return a client of the platform."""
    return callers.client("clearwatt")
