"""How a name was written, what it was taken for, and since when: told with each price."""

from datetime import timedelta

import pytest

from ledger.rating import rate
from ledger.rating.models import UsageEntry
from ledger.rating.written import Understood, understood
from ledger.usage.models import UsageBatch
from tests import factories, naming
from tests.factories import NOW, OCCURRED_AT
from tests.naming import catalogue, publish

pytestmark = pytest.mark.django_db

QUARTER = timedelta(minutes=15)


@pytest.fixture(autouse=True)
def _catalogue() -> None:
    factories.publish(catalogue())


def rated(consumer: str = "acme", deployment: str = "qwen") -> UsageEntry:
    factories.record(factories.event(consumer=consumer, deployment=deployment))
    rate.rate_pending(now=NOW)
    return UsageEntry.objects.get()


def told(entry: UsageEntry) -> list[tuple[str, str, str, str]]:
    return [(one.kind, one.written, one.code, one.project) for one in understood(entry)]


class TestUnderstood:
    def test_tells_each_name_that_was_mapped_with_its_mapping(self) -> None:
        publish(
            naming.consumer("sk-1", "acme", project="search", source=factories.SOURCE),
            naming.deployment("gpt-4o", "qwen"),
        )
        entry = rated(consumer="sk-1", deployment="gpt-4o@eastus")

        found = understood(entry)

        assert told(entry) == [
            ("consumer", "sk-1", "acme", "search"),
            ("deployment", "gpt-4o@eastus", "qwen", ""),
        ]
        assert [(one.name, one.of_every_source) for one in found] == [
            ("sk-1", False),
            ("gpt-4o", True),
        ]
        assert {one.source for one in found} == {factories.SOURCE}

    def test_tells_nothing_of_names_that_are_codes(self) -> None:
        publish(naming.consumer("sk-1", "acme"))

        assert understood(rated()) == ()

    def test_tells_where_only_the_project_comes_from(self) -> None:
        publish(naming.consumer("acme", "acme", project="search"))

        assert told(rated()) == [("consumer", "acme", "acme", "search")]

    def test_names_the_mapping_that_held_when_it_was_booked(self) -> None:
        publish(
            naming.consumer("sk-1", "acme"),
            naming.consumer("sk-1", "acme", valid_from=(OCCURRED_AT - QUARTER).isoformat()),
            naming.consumer("sk-1", "acme", valid_from=(OCCURRED_AT + QUARTER).isoformat()),
        )
        entry = rated(consumer="sk-1")
        publish(naming.consumer("sk-1", "globex"))

        (found,) = understood(entry)

        assert found.valid_from == OCCURRED_AT - QUARTER

    def test_is_told_when_the_payload_is_gone(self) -> None:
        publish(naming.consumer("sk-1", "acme"))
        entry = rated(consumer="sk-1")
        UsageBatch.objects.update(payload=None)

        (found,) = understood(entry)

        assert isinstance(found, Understood)
        assert found.written == "sk-1"
