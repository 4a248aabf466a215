"""Settlements as the API tells them, and their approval by a second person."""

import json
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from ledger.books.models import JournalEntry
from settlement.clearing.models import Approval, Settlement
from tests import callers
from tests.settlement import factories

pytestmark = pytest.mark.django_db


def answer(response: Any, status: int = 200) -> dict[str, Any]:
    """Return what was answered."""
    assert response.status_code == status, response.content
    loaded: dict[str, Any] = json.loads(response.content)
    return loaded


@pytest.fixture
def calculated() -> Settlement:
    """Return a settlement of acme's usage, and of what two providers owe each other."""
    factories.publish()
    factories.post(price="10", fee_consumer="0.1", fee_provider="0.3")
    factories.post("westcloud-eastcloud", price="70")
    factories.post("eastcloud-westcloud", price="50")
    return factories.calculate()


@pytest.fixture
def checker(calculated: Settlement) -> Client:
    """Return a client of the platform's second person."""
    factories.user("checker")
    return callers.client("clearwatt", user_name="checker")


class TestApprove:
    def test_posts_the_entries_and_answers_the_settlement(
        self, checker: Client, calculated: Settlement
    ) -> None:
        before = JournalEntry.objects.count()

        approved = answer(checker.post(f"/v1/settlements/{calculated.pk}/approve"))

        assert (approved["state"], approved["made_by"], approved["approved_by"]) == (
            "approved",
            "maker",
            "checker",
        )
        acme = approved["positions"][1]
        assert acme["consumer_side"]["due"] == "10.100000000000"
        assert acme["provider_side"]["due"] == "9.700000000000"
        assert acme["platform_side"] == {"fee": "0.400000000000", "rounding": "0.000000000000"}
        assert [one["amount"] for one in approved["nettings"]] == ["50.000000000000"]
        assert JournalEntry.objects.count() > before
        assert answer(checker.get(f"/v1/entries/{acme['entry']}"))["kind"] == "settlement"

    def test_is_refused_a_second_time(self, checker: Client, calculated: Settlement) -> None:
        checker.post(f"/v1/settlements/{calculated.pk}/approve")
        entries = JournalEntry.objects.count()

        problem = answer(checker.post(f"/v1/settlements/{calculated.pk}/approve"), status=409)

        assert (problem["type"], problem["state"]) == ("/problems/settlement-not-open", "approved")
        assert JournalEntry.objects.count() == entries

    def test_is_refused_for_a_settlement_that_is_not_there(self, checker: Client) -> None:
        problem = answer(checker.post(f"/v1/settlements/{10**30}/approve"), status=404)

        assert problem["type"] == "/problems/no-such-settlement"


class TestRefusedApproval:
    @pytest.mark.parametrize(
        ("party", "scopes", "user_name", "problem"),
        [
            ("clearwatt", ["settlements:approve"], "maker", "checker-is-maker"),
            ("clearwatt", ["settlements:approve"], None, "key-without-user"),
            ("clearwatt", ["settlements:read"], "checker", "scope-missing"),
            ("westcloud", ["settlements:approve"], "checker", "party-not-allowed"),
        ],
    )
    def test_changes_nothing(
        self,
        calculated: Settlement,
        party: str,
        scopes: list[str],
        user_name: str | None,
        problem: str,
    ) -> None:
        factories.user("checker")
        client = callers.client(party, *scopes, user_name=user_name)
        entries = JournalEntry.objects.count()

        refused = answer(client.post(f"/v1/settlements/{calculated.pk}/approve"), status=403)

        assert refused["type"] == f"/problems/{problem}"
        assert Settlement.objects.get().state == "calculated"
        assert not Approval.objects.exists()
        assert JournalEntry.objects.count() == entries

    def test_follows_a_change_of_the_books(self, checker: Client, calculated: Settlement) -> None:
        factories.post(price="1")

        refused = answer(checker.post(f"/v1/settlements/{calculated.pk}/approve"), status=409)

        assert refused["type"] == "/problems/settlement-changed"
        assert refused["calculated_hash"] == calculated.input_hash
        assert Settlement.objects.get().state == "calculated"


class TestReading:
    def test_shows_a_consumer_its_side_and_nothing_of_others(
        self, checker: Client, calculated: Settlement
    ) -> None:
        checker.post(f"/v1/settlements/{calculated.pk}/approve")
        acme = callers.client("acme", "settlements:read")

        (listed,) = answer(acme.get("/v1/settlements"))["items"]
        response = acme.get(f"/v1/settlements/{listed['id']}")

        detail = answer(response)
        (position,) = detail["positions"]
        assert position["consumer_side"] == {
            "carried": "0.000000000000",
            "fee": "0.100000000000",
            "due": "10.100000000000",
            "residue": "0.000000000000",
        }
        assert position["provider_side"] is position["platform_side"] is None
        assert detail["made_by"] is detail["approved_by"] is None
        assert detail["nettings"] == []
        assert "eastcloud" not in response.content.decode()

    def test_hides_what_is_not_approved(self, checker: Client, calculated: Settlement) -> None:
        acme = callers.client("acme", "settlements:read")

        assert answer(acme.get("/v1/settlements"))["items"] == []
        problem = answer(acme.get(f"/v1/settlements/{calculated.pk}"), status=404)
        assert problem["type"] == "/problems/no-such-settlement"
        assert answer(checker.get("/v1/settlements"))["items"][0]["state"] == "calculated"

    def test_takes_four_queries(
        self,
        checker: Client,
        calculated: Settlement,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        checker.get("/v1/accounts")

        with django_assert_num_queries(4):  # the key, the settlement, positions, nettings
            checker.get(f"/v1/settlements/{calculated.pk}")
