"""What waits before the usage journal, as the API tells it."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from ledger.rating import rate
from ledger.usage.models import UsageBatch
from tests import factories
from tests.factories import NOW


def get(client: Client, path: str, status: int = 200) -> dict[str, Any]:
    """Read a path and return the answer."""
    response = client.get(path)
    assert response.status_code == status, response.content
    answer: dict[str, Any] = json.loads(response.content)
    return answer


def batch_of(provider: str) -> int:
    """Return the id of the provider's only batch."""
    return UsageBatch.objects.get(provider__code=provider).id


class TestBatch:
    def test_is_entered_or_set_aside_once_it_is_rated(self, eastcloud: Client) -> None:
        answer = get(eastcloud, f"/v1/batches/{batch_of('eastcloud')}")

        assert answer == {
            "id": str(batch_of("eastcloud")),
            "provider": "eastcloud",
            "state": "rated",
            "received_at": "2026-10-20T12:00:00Z",
            "rated_at": "2026-10-20T12:00:00Z",
            "events": 2,
            "entered": 1,
            "set_aside": 1,
            "voided": 0,
            "waiting": 0,
            "reasons": [
                {
                    "reason": "unknown_deployment",
                    "missing": answer["reasons"][0]["missing"],
                    "events": 1,
                    "oldest": "2026-10-20T12:00:00Z",
                }
            ],
        }

    def test_waits_until_a_worker_has_rated_it(self, westcloud: Client) -> None:
        receipt = factories.record(factories.event("late-1"), factories.event("late-2"))

        answer = get(westcloud, f"/v1/batches/{receipt.batch_id}")

        assert (answer["state"], answer["rated_at"]) == ("pending", None)
        assert (answer["entered"], answer["set_aside"], answer["waiting"]) == (0, 0, 2)

    def test_is_entered_once_what_it_lacked_is_published(self, eastcloud: Client) -> None:
        document = factories.catalogue()
        added = {
            section: [
                {**one, "provider": "eastcloud", name: "beta-model"} for one in document[section]
            ]
            for section, name in (
                ("deployments", "code"),
                ("serving_profiles", "deployment"),
                ("deployment_terms", "deployment"),
            )
        }
        factories.publish(added)

        rate.retry_set_aside(now=NOW + timedelta(hours=2))

        answer = get(eastcloud, f"/v1/batches/{batch_of('eastcloud')}")
        assert (answer["entered"], answer["set_aside"]) == (2, 0)
        assert get(eastcloud, "/v1/set-aside")["items"] == []

    @pytest.mark.parametrize("caller", ["acme", "westcloud"])
    def test_of_others_does_not_exist(
        self, caller: str, request: pytest.FixtureRequest, books: None
    ) -> None:
        client = request.getfixturevalue(caller)

        for batch_id in (batch_of("eastcloud"), 10**30):
            answer = get(client, f"/v1/batches/{batch_id}", status=404)
            assert answer["type"] == "/problems/no-such-batch"
            assert answer["detail"] == f"there is no batch '{batch_id}'"

    def test_takes_two_queries(
        self, eastcloud: Client, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        batch_id = batch_of("eastcloud")
        get(eastcloud, "/v1/accounts")

        with django_assert_num_queries(2):  # the key, the batch with its reasons
            get(eastcloud, f"/v1/batches/{batch_id}")


class TestSetAside:
    def test_tells_a_provider_what_its_events_lack(self, eastcloud: Client) -> None:
        answer = get(eastcloud, "/v1/set-aside")

        (one,) = answer["items"]
        assert {key: one[key] for key in ("batch", "row", "provider", "event_id", "reason")} == {
            "batch": str(batch_of("eastcloud")),
            "row": 1,
            "provider": "eastcloud",
            "event_id": "beta-2",
            "reason": "unknown_deployment",
        }
        assert "beta-model" in one["missing"]
        assert one["since"] == "2026-10-20T12:00:00Z"

    def test_tells_other_parties_nothing(self, acme: Client, westcloud: Client) -> None:
        assert get(acme, "/v1/set-aside") == {"items": [], "next": None}
        assert get(westcloud, "/v1/set-aside") == {"items": [], "next": None}

    def test_tells_the_platform_everything(self, platform: Client) -> None:
        assert [one["event_id"] for one in get(platform, "/v1/set-aside")["items"]] == ["beta-2"]
        assert get(platform, "/v1/set-aside?reason=no_agreement")["items"] == []

    def test_is_read_page_by_page(self, eastcloud: Client) -> None:
        factories.record(
            *[factories.event(f"x-{n}", deployment="beta-model") for n in range(3)],
            provider="eastcloud",
        )
        rate.rate_pending(now=NOW)
        seen, path = [], "/v1/set-aside?limit=2"

        while path:
            page = get(eastcloud, path)
            seen += [one["event_id"] for one in page["items"]]
            path = page["next"]

        assert seen == ["beta-2", "x-0", "x-1", "x-2"]


class TestHealth:
    @pytest.mark.django_db
    def test_is_told_without_a_key(self) -> None:
        assert get(Client(), "/v1/health") == {
            "status": "ok",
            "pending_batches": 0,
            "oldest_pending_seconds": None,
        }

    def test_ages_the_oldest_batch_that_waits(self, books: None) -> None:
        recorded_at = timezone.now() - timedelta(seconds=90)
        factories.record(factories.event("late"), now=recorded_at)
        factories.record(factories.event("later"), now=recorded_at + timedelta(seconds=60))

        answer = get(Client(), "/v1/health")

        assert answer["pending_batches"] == 2
        assert 90 <= answer["oldest_pending_seconds"] < 150

    @pytest.mark.django_db
    def test_is_a_problem_when_the_database_is_away(self) -> None:
        def refuse(*_: Any) -> None:
            raise OperationalError("the server closed the connection")

        with connection.execute_wrapper(refuse):
            response = Client(raise_request_exception=False).get("/v1/health")

        assert response.status_code == 503
        assert response["Retry-After"] == "5"
        assert json.loads(response.content)["type"] == "/problems/database-unavailable"
