"""POST /v1/litellm: what LiteLLM logs is recorded, and rated like any other usage."""

import json
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from ledger import audit, tasks
from ledger.parties import keys
from ledger.parties.bounds import Bounds
from ledger.parties.models import Source
from ledger.rating import rate
from ledger.rating.models import SetAside, UsageEntry
from ledger.usage.models import EventKey, UsageBatch
from tests import callers, factories
from tests.ledger.usage.formats.litellm_payloads import CAPTURED, payload, with_usage

pytestmark = pytest.mark.django_db

BEFORE = 1_791_167_400.25
CALLED: dict[str, Any] = {
    "metadata": {"user_api_key_alias": "acme"},
    "api_base": "",
    "endTime": BEFORE,
}


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


def send(client: Client, *payloads: Any, query: str = "") -> tuple[int, dict[str, Any]]:
    """Post payloads as LiteLLM does; return the status and what was answered."""
    response = client.post(
        f"/v1/litellm{query}", json.dumps(payloads), content_type="application/json"
    )
    return response.status_code, json.loads(response.content)


class TestPost:
    def test_records_what_is_then_rated_to_the_last_digit(
        self, provider: Client, woken: list[str]
    ) -> None:
        usage = {
            "prompt_tokens": 2_000,
            "completion_tokens": 500,
            "total_tokens": 2_500,
            "prompt_tokens_details": {"cached_tokens": 1_200},
        }
        called = CALLED | {"metadata": CALLED["metadata"] | {"usage_object": usage}}

        status, receipt = send(provider, payload(**called))
        rate.rate_pending(now=timezone.now())

        assert (status, receipt["accepted"], receipt["items"]) == (202, 1, [])
        assert woken == ["rung"]
        entry = UsageEntry.objects.get()
        assert (entry.input, entry.cache_read, entry.output) == (800, 1_200, 500)
        # In prefill tokens: 800, a tenth of 1,200, three times 500. See `factories.catalogue`.
        worth = 800 + 120 + 1_500
        assert entry.compute == worth * 2_000_000
        assert entry.scarcity == worth * 1_000_000
        assert entry.energy == worth * 120_000
        assert audit.run() == []

    def test_books_nothing_for_what_failed_or_came_from_the_proxys_cache(
        self, provider: Client
    ) -> None:
        nothing = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
        failed = with_usage({}, status="failure", **nothing, litellm_call_id="failed")
        failed |= {"api_base": "", "endTime": BEFORE}
        failed["metadata"] = {**failed["metadata"], "user_api_key_alias": "acme"}

        _, receipt = send(
            provider, failed, payload(cache_hit=True, litellm_call_id="hit", **CALLED)
        )
        rate.rate_pending(now=timezone.now())

        assert receipt["accepted"] == 2
        entries = UsageEntry.objects.all()
        assert {(one.status, one.output, one.compute, one.margin) for one in entries} == {
            ("failed", 0, 0, 0),
            ("complete", 0, 0, 0),
        }
        assert SetAside.objects.count() == 0
        assert audit.run() == []

    def test_answers_a_retry_with_duplicates(self, provider: Client) -> None:
        send(provider, CAPTURED)

        status, receipt = send(provider, CAPTURED)

        assert (status, receipt["accepted"], receipt["duplicates"]) == (202, 0, 1)
        assert EventKey.objects.count() == 1

    def test_keeps_no_text_of_a_call_anywhere(self, provider: Client) -> None:
        send(provider, CAPTURED)
        stored = bytes(UsageBatch.objects.get().payload or b"")

        assert b"secret" in json.dumps(CAPTURED).encode()
        assert b"secret" not in stored

    def test_names_the_source_by_the_address(self, provider: Client) -> None:
        send(provider, CAPTURED, query="?source=urn:gateway:litellm-1")
        send(provider, CAPTURED)

        assert set(Source.objects.values_list("uri", flat=True)) == {
            "urn:gateway:litellm-1",
            "litellm",
        }

    def test_takes_the_only_source_that_a_key_is_bound_to(self, provider: Client) -> None:
        key = keys.issue(
            party="westcloud",
            scopes=["events:write"],
            name="gateway",
            now=factories.NOW,
            bounds=Bounds(sources=["urn:gw"]),
        )
        bound = Client(headers={"Authorization": f"Bearer {key.token}"})

        _, receipt = send(bound, CAPTURED)

        assert receipt["accepted"] == 1
        assert Source.objects.get().uri == "urn:gw"

    @pytest.mark.parametrize(
        "query", ["?source=", "?source=%01", "?sorce=a", f"?source={'x' * 513}"]
    )
    def test_refuses_an_address_that_it_does_not_understand(
        self, provider: Client, query: str
    ) -> None:
        status, problem = send(provider, CAPTURED, query=query)

        assert (status, problem["type"]) == (400, "/problems/invalid-parameter")
        assert EventKey.objects.count() == 0

    def test_names_what_it_did_not_take_to_the_sender_and_to_the_operators(
        self, provider: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        status, receipt = send(provider, CAPTURED, {"status": "success", "litellm_call_id": "a"})

        assert (status, receipt["accepted"], receipt["rejected"]) == (202, 1, 1)
        (logged,) = [one for one in caplog.records if one.message == "usage not accepted"]
        assert vars(logged)["first"] == "#/1: states no usage, so that nothing is booked"

    def test_asks_for_the_scope(self) -> None:
        factories.publish()

        status, _ = send(callers.client("westcloud", "books:read"), CAPTURED)

        assert status == 403
        assert EventKey.objects.count() == 0
