"""POST /v1/events, by a foreign client: the CloudEvents SDK builds what is sent."""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import zstandard
from cloudevents.core.bindings.http import to_structured_event
from cloudevents.core.v1.event import CloudEvent
from django.test import Client

from ledger import tasks
from ledger.parties.models import Source
from ledger.usage.formats.decoding import MOST_BYTES, MOST_EVENTS
from ledger.usage.models import EventKey, UsageBatch
from tests import callers

pytestmark = pytest.mark.django_db

BATCH = "application/cloudevents-batch+json"
SINGLE = "application/cloudevents+json"


def event(event_id: str = "evt-1", **data: Any) -> bytes:
    """Return what the SDK sends for one event."""
    made = CloudEvent(
        {
            "id": event_id,
            "source": "urn:gateway:west-1",
            "type": "ai.usage",
            "subject": "acme",
            "time": datetime(2024, 10, 5, 2, 30, tzinfo=UTC),
        },
        {"deployment": "qwen", "usage": {"input": 800, "output": 500}, **data},
    )
    message = to_structured_event(made)
    assert message.headers["content-type"] == SINGLE
    return message.body


def batch(*events: bytes) -> bytes:
    """Return the events as a CloudEvents batch: an array of what the SDK sends."""
    return b"[" + b",".join(events) + b"]"


def send(
    client: Client, body: bytes, content_type: str = BATCH, **headers: str
) -> tuple[int, dict[str, Any]]:
    """Post a body; return the status and what was answered."""
    response = client.generic(
        "POST", "/v1/events", body, CONTENT_TYPE=content_type, headers=headers
    )
    answer: dict[str, Any] = json.loads(response.content)
    return response.status_code, answer


@pytest.fixture
def provider() -> Client:
    """Return a client of a provider that may send events."""
    callers.party("westcloud", "provider")
    return callers.client("westcloud", "events:write")


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Count the messages to workers, in place of a broker."""
    rung: list[str] = []
    monkeypatch.setattr(tasks, "wake", lambda: rung.append("rung"))
    return rung


@pytest.fixture(autouse=True)
def _no_broker(woken: list[str]) -> None:
    """Send nothing to a broker in these tests."""


class TestPost:
    @pytest.mark.parametrize("content_type", [SINGLE, "application/json"])
    def test_records_a_single_event(self, provider: Client, content_type: str) -> None:
        status, receipt = send(provider, event(), content_type)

        stored = UsageBatch.objects.get()
        assert status == 202
        assert receipt == {
            "batch": str(stored.id),
            "accepted": 1,
            "duplicates": 0,
            "conflicts": 0,
            "rejected": 0,
            "items": [],
        }
        assert (stored.events, stored.state) == (1, "pending")

    @pytest.mark.parametrize("content_type", [BATCH, "application/json", f"{BATCH}; charset=utf-8"])
    def test_records_a_batch(self, provider: Client, content_type: str) -> None:
        status, receipt = send(provider, batch(event("a"), event("b")), content_type)

        assert (status, receipt["accepted"]) == (202, 2)
        assert UsageBatch.objects.get().events == EventKey.objects.count() == 2

    @pytest.mark.parametrize("encoding", ["gzip", "zstd"])
    def test_records_a_compressed_batch(self, provider: Client, encoding: str) -> None:
        compress = gzip.compress if encoding == "gzip" else zstandard.compress
        headers = {"Content-Encoding": encoding}

        status, receipt = send(provider, compress(batch(event("a"), event("b"))), **headers)

        assert (status, receipt["accepted"]) == (202, 2)

    def test_records_for_the_party_of_the_key(self, provider: Client) -> None:
        send(provider, event(), SINGLE)

        assert UsageBatch.objects.get().provider.code == "westcloud"

    def test_names_every_item_that_was_not_accepted(self, provider: Client) -> None:
        send(provider, event("known"), SINGLE)

        status, receipt = send(
            provider,
            batch(
                event("new"),
                event("known"),
                event("known", status="partial"),
                event("odd", usage={"input": -1}),
            ),
        )

        assert status == 202
        assert (receipt["accepted"], receipt["duplicates"]) == (1, 1)
        assert (receipt["conflicts"], receipt["rejected"]) == (1, 1)
        assert [(item["index"], item["status"]) for item in receipt["items"]] == [
            (1, "duplicate"),
            (2, "conflict"),
            (3, "rejected"),
        ]
        assert all(set(item) == {"index", "status", "code", "detail"} for item in receipt["items"])
        assert EventKey.objects.count() == 2

    def test_answers_a_retry_without_a_batch(self, provider: Client) -> None:
        send(provider, event(), SINGLE)

        status, receipt = send(provider, event(), SINGLE)

        assert (status, receipt["batch"], receipt["duplicates"]) == (202, None, 1)
        assert UsageBatch.objects.count() == 1

    def test_wakes_a_worker(self, provider: Client, woken: list[str]) -> None:
        send(provider, event(), SINGLE)

        assert woken == ["rung"]

    def test_does_not_wait_for_a_catalogue(self, provider: Client) -> None:
        status, receipt = send(provider, event(deployment="unheard-of"), SINGLE)

        assert (status, receipt["accepted"]) == (202, 1)


class TestRefusals:
    @pytest.fixture(autouse=True)
    def _nothing_stored(self, woken: list[str]) -> Iterator[None]:
        yield
        stored = (UsageBatch, EventKey, Source)
        assert [kind.objects.count() for kind in stored] == [0, 0, 0]
        assert woken == []

    @pytest.mark.parametrize(
        "header", [None, "", "Bearer", "Basic dXNlcjpwYXNz", "Bearer cw_abc_00", "Bearer \xfc"]
    )
    def test_answer_401_without_a_good_key(self, header: str | None) -> None:
        headers = {} if header is None else {"Authorization": header}
        response = Client().post("/v1/events", event(), content_type=SINGLE, headers=headers)

        assert response.status_code == 401
        assert response["WWW-Authenticate"].startswith('Bearer realm="clearwatt"')
        assert response["Content-Type"] == "application/problem+json"

    def test_answer_403_without_the_scope_and_name_it(self) -> None:
        callers.party("westcloud", "provider")

        status, problem = send(callers.client("westcloud", "books:read"), event(), SINGLE)

        assert (status, problem["type"]) == (403, "/problems/scope-missing")
        assert problem["needed"] == "events:write"

    @pytest.mark.parametrize(
        ("body", "content_type"),
        [
            (b"", SINGLE),
            (b"", BATCH),
            (b"{", SINGLE),
            (b"[{}", BATCH),
            (b"{}", BATCH),
            (b"[]x", BATCH),
            (b"\xff\xfe", "application/json"),
            (b'"text"', "application/json"),
        ],
    )
    def test_answer_400_to_a_body_that_is_no_json(
        self, provider: Client, body: bytes, content_type: str
    ) -> None:
        status, problem = send(provider, body, content_type)

        assert (status, problem["type"]) == (400, "/problems/unreadable-body")

    @pytest.mark.parametrize("content_type", ["text/csv", "application/xml", "nonsense", ""])
    def test_answer_415_to_other_content_types(self, provider: Client, content_type: str) -> None:
        status, problem = send(provider, event(), content_type)

        assert (status, problem["type"]) == (415, "/problems/unsupported-content-type")

    def test_answer_415_to_a_body_that_is_compressed_otherwise(self, provider: Client) -> None:
        response = provider.post(
            "/v1/events", event(), content_type=SINGLE, headers={"Content-Encoding": "br"}
        )

        assert response.status_code == 415
        assert response.json()["type"] == "/problems/unsupported-content-encoding"
        assert response["Accept-Encoding"] == "gzip, zstd"

    @pytest.mark.parametrize("sent", [event(), gzip.compress(event())[:-1], b""])
    def test_answer_400_to_damaged_compression(self, provider: Client, sent: bytes) -> None:
        headers = {"Content-Encoding": "gzip"}

        status, problem = send(provider, sent, SINGLE, **headers)

        assert (status, problem["type"]) == (400, "/problems/unreadable-body")

    def test_answer_413_to_what_unpacks_to_too_many_bytes(self, provider: Client) -> None:
        headers = {"Content-Encoding": "gzip"}

        status, problem = send(provider, gzip.compress(b" " * (MOST_BYTES + 1)), SINGLE, **headers)

        assert (status, problem["type"]) == (413, "/problems/body-too-large")
        assert (problem["limit"], problem["decompressed"]) == (MOST_BYTES, True)

    def test_answer_413_to_too_many_events(self, provider: Client) -> None:
        body = batch(*[event()] * (MOST_EVENTS + 1))

        status, problem = send(provider, body)

        assert (status, problem["type"]) == (413, "/problems/too-many-events")
        assert (problem["events"], problem["limit"]) == (10_001, 10_000)

    def test_answer_413_to_too_many_bytes(self, provider: Client) -> None:
        status, problem = send(provider, b" " * (MOST_BYTES + 1))

        assert (status, problem["type"]) == (413, "/problems/body-too-large")
        assert problem["limit"] == 16 * 1024 * 1024

    def test_answer_405_to_reading(self, provider: Client) -> None:
        response = provider.get("/v1/events")

        assert response.status_code == 405
        assert response["Allow"] == "POST, OPTIONS"
        assert response["Content-Type"] == "application/problem+json"

    def test_answer_406_to_who_wants_no_json(self, provider: Client) -> None:
        response = provider.post(
            "/v1/events", event(), content_type=SINGLE, headers={"Accept": "text/csv"}
        )

        assert response.status_code == 406
        assert response["Content-Type"] == "application/problem+json"
