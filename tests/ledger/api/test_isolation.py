"""What belongs to others is nowhere to be seen: every path that can be read, with every id."""

import itertools
import json
import re
from typing import Any

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from ledger.books.models import Account, JournalEntry
from ledger.parties.models import Source
from ledger.pricing.models import Site
from ledger.rating.identity import public_id
from ledger.rating.models import UsageEntry
from ledger.usage.models import Correction, UsageBatch
from tests import callers

MARKERS = {
    "acme": ("beta", "eastcloud"),
    "beta": ("acme", "westcloud"),
    "westcloud": ("beta", "eastcloud"),
    "eastcloud": ("acme", "westcloud"),
}
"""Whom a party must never hear of: the names run through codes, projects, events, attributes."""

SEEN = {"acme": "acme-r-2", "beta": "beta-1", "westcloud": "acme-r-2", "eastcloud": "beta-2"}
"""What it must hear of, so that the test is not one of closed doors."""


def readable_paths() -> list[str]:
    """Return every path of the API that can be read."""
    schema: dict[str, Any] = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    return [path for path, operations in schema["paths"].items() if "get" in operations]


def identifiers() -> dict[str, list[str]]:
    """Return every id that there is, by the name that paths give it."""
    return {
        "code": [account.code for account in Account.objects.all()],
        "entry_id": [str(entry.id) for entry in JournalEntry.objects.all()],
        "usage_entry_id": [
            public_id(occurred_at=entry.occurred_at, id_=entry.id)
            for entry in UsageEntry.objects.all()
        ],
        "batch_id": [str(batch.id) for batch in UsageBatch.objects.all()],
        "correction_id": [str(one.id) for one in Correction.objects.all()],
        "source_id": [str(source.id) for source in Source.objects.all()],
        "site": [site.code for site in Site.objects.all()],
        "settlement_id": ["1"],
        "proposal_id": ["1"],
        "rerating_id": ["1"],
    }


def filled(path: str) -> list[str]:
    """Return the path with every combination of ids that it can hold."""
    names = re.findall(r"{(\w+)}", path)
    known = identifiers()
    return [
        path.format(**dict(zip(names, values, strict=True)))
        for values in itertools.product(*(known[name] for name in names))
    ]


def of_the_platform(path: str) -> bool:
    """Return whether only the platform reads the path."""
    return path.startswith(("/v1/publications", "/v1/proposals", "/v1/token-economy"))


@pytest.mark.usefixtures("corrected")
@pytest.mark.parametrize("party", sorted(MARKERS))
class TestEveryPath:
    def test_shows_a_party_nothing_of_others(
        self, party: str, request: pytest.FixtureRequest
    ) -> None:
        client: Client = request.getfixturevalue(party)
        answered = []

        for path in itertools.chain.from_iterable(filled(path) for path in readable_paths()):
            response = client.get(path)
            assert response.status_code in ((403,) if of_the_platform(path) else (200, 404)), path
            if response.status_code == 200:
                answered.append(response.content.decode())
                for marker in MARKERS[party]:
                    assert marker not in answered[-1], f"{path} shows {party} something of {marker}"

        assert SEEN[party] in "".join(answered)

    def test_answers_what_is_of_others_like_what_is_not(
        self, party: str, request: pytest.FixtureRequest
    ) -> None:
        client: Client = request.getfixturevalue(party)
        standard = {"type", "title", "status", "detail"}

        for path in itertools.chain.from_iterable(filled(path) for path in readable_paths()):
            response = client.get(path)
            if response.status_code == 404:
                problem = json.loads(response.content)
                facts = [str(value) for key, value in problem.items() if key not in standard]
                (asked,) = facts
                assert f"/{asked}" in path
                assert problem["detail"].strip("'").endswith(asked)

    def test_lets_no_key_read_beyond_its_scope(
        self, party: str, request: pytest.FixtureRequest
    ) -> None:
        request.getfixturevalue("books")
        client = callers.client(party, "settlements:approve")

        for path in readable_paths():
            response = client.get(filled(path)[0])
            assert response.status_code == 403 or path == "/v1/health", path
