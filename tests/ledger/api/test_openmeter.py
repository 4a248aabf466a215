"""POST /api/v1/events: OpenMeter's path and answer, and nothing lost where it answers less."""

import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from ledger import audit, tasks
from ledger.rating import rate
from ledger.rating.models import UsageEntry
from ledger.usage.models import EventKey
from tests import callers, factories
from tests.ledger.usage.formats.test_openmeter import event

pytestmark = pytest.mark.django_db


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Count the messages to workers, in place of a broker."""
    rung: list[str] = []
    monkeypatch.setattr(tasks, "wake", lambda: rung.append("rung"))
    return rung


@pytest.fixture
def provider(woken: list[str]) -> Client:
    """Return a client of a provider that may send events."""
    factories.publish()
    return callers.client("westcloud", "events:write")


def send(client: Client, *events: Any, query: str = "") -> Any:
    """Post a batch."""
    return client.post(
        f"/api/v1/events{query}",
        json.dumps(events),
        content_type="application/cloudevents-batch+json",
    )


class TestPost:
    def test_answers_without_a_word_once_all_is_recorded_and_rates_it(
        self, provider: Client, woken: list[str]
    ) -> None:
        prompt = event(data={"tokens": 2_000, "model": "qwen", "type": "input"})
        answer = event(data={"tokens": "500", "model": "qwen", "type": "output"}, id="evt-2")

        response = send(provider, prompt, answer)
        rate.rate_pending(now=timezone.now())

        assert (response.status_code, response.content) == (204, b"")
        assert woken == ["rung"]
        entries = UsageEntry.objects.order_by("event_id")
        assert [(one.input, one.output) for one in entries] == [(2_000, 0), (0, 500)]
        # A token read takes 0.000002 CNY of compute, a written one three times as much.
        assert [one.compute for one in entries] == [2_000 * 2_000_000, 500 * 6_000_000]
        assert audit.run() == []

    def test_answers_a_retry_in_the_same_way(self, provider: Client) -> None:
        send(provider, event())

        assert send(provider, event()).status_code == 204
        assert EventKey.objects.count() == 1

    def test_records_what_is_good_and_names_what_is_not(self, provider: Client) -> None:
        send(provider, event())
        other = event(data={"tokens": 1, "model": "qwen", "type": "input"})

        response = send(provider, event(id="new"), event(), other, event("request", id="odd"))

        problem = json.loads(response.content)
        assert (response.status_code, problem["type"]) == (400, "/problems/events-refused")
        assert response["Content-Type"] == "application/problem+json"
        assert (problem["accepted"], problem["duplicates"]) == (1, 1)
        assert (problem["conflicts"], problem["rejected"]) == (1, 1)
        assert [item["index"] for item in problem["items"]] == [1, 2, 3]
        assert problem["detail"].startswith("2 of 4 events were not taken, and the others are ")
        assert EventKey.objects.count() == 2

    def test_refuses_as_problems_what_openmeter_would(self, provider: Client) -> None:
        answers = {
            400: send(provider, event(), query="?a=b"),
            401: Client().post("/api/v1/events", b"{}", content_type="application/json"),
            405: provider.get("/api/v1/events"),
            415: provider.post("/api/v1/events", b"{}", content_type="text/plain"),
        }

        for status, response in answers.items():
            assert response.status_code == status
            assert response["Content-Type"] == "application/problem+json"
        assert EventKey.objects.count() == 0

    def test_answers_what_else_openmeter_has_as_not_found(self, provider: Client) -> None:
        for path in ("/api/v1/meters", "/api/", "/api/v1/events/"):
            response = provider.get(path)

            assert response.status_code == 404
            assert json.loads(response.content)["detail"] == f"{path} is no path of this API"
