"""POST /v1/otlp/v1/traces: what spans state is recorded, and answered as OTLP has it."""

import json
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from ledger import audit, tasks
from ledger.parties.models import Source
from ledger.rating import rate
from ledger.rating.models import UsageEntry
from ledger.usage import intake
from ledger.usage.formats import otlp
from ledger.usage.formats.otlp import wire
from ledger.usage.models import EventKey
from tests import callers, factories
from tests.ledger.usage.formats.otlp_requests import CALL, ENCODINGS, USAGE, span, written

pytestmark = pytest.mark.django_db

ODD = CALL | USAGE | {"gen_ai.usage.input_tokens": -1}


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


def send(
    client: Client, *spans: dict[str, Any], encoding: str, query: str = "", **headers: str
) -> Any:
    """Post spans as an exporter does."""
    return client.generic(
        "POST",
        f"/v1/otlp/v1/traces{query}",
        written(*spans, encoding=encoding),
        CONTENT_TYPE=encoding,
        headers=headers,
    )


def message(response: Any, encoding: str) -> str:
    """Return the message of a Status."""
    assert response["Content-Type"] == encoding
    if encoding == otlp.JSON:
        (said,) = json.loads(response.content).items()
        assert said[0] == "message"
        return str(said[1])
    reader = wire.Reader(response.content, most_fields=9)
    ((tag, start, end),) = reader.fields(0, len(response.content))
    assert tag == wire.tag_of(2, wire.DELIMITED)
    return reader.text(start, end)


def partial_success(response: Any, encoding: str) -> tuple[int, str]:
    """Return what an ExportTraceServiceResponse says was rejected."""
    assert (response.status_code, response["Content-Type"]) == (200, encoding)
    if encoding == otlp.JSON:
        said = json.loads(response.content).get("partialSuccess", {})
        return int(said.get("rejectedSpans", "0")), said.get("errorMessage", "")
    parsed = ExportTraceServiceResponse.FromString(response.content).partial_success
    return parsed.rejected_spans, parsed.error_message


@pytest.mark.parametrize("encoding", ENCODINGS)
class TestPost:
    def test_records_what_is_then_rated_to_the_last_digit(
        self, provider: Client, woken: list[str], encoding: str
    ) -> None:
        response = send(provider, span(), span({}), encoding=encoding)
        rate.rate_pending(now=timezone.now())

        assert partial_success(response, encoding) == (0, "")
        assert response.content == (b"{}" if encoding == otlp.JSON else b"")
        assert woken == ["rung"]
        entry = UsageEntry.objects.get()
        assert (entry.input, entry.cache_read, entry.output) == (800, 1_200, 500)
        # In prefill tokens: 800, a tenth of 1,200, three times 500. See `factories.catalogue`.
        assert entry.compute == (800 + 120 + 1_500) * 2_000_000
        assert audit.run() == []

    def test_says_how_many_spans_it_did_not_take_and_why(
        self, provider: Client, encoding: str
    ) -> None:
        spans = [span(ODD, span_id=bytes([number]) * 8) for number in range(1, 6)]

        rejected, why = partial_success(send(provider, span(), *spans, encoding=encoding), encoding)

        assert rejected == 5
        assert why.startswith("#/1/attributes/gen_ai.usage.input_tokens: -1 is ")
        assert why.endswith("; and 2 more")
        assert EventKey.objects.count() == 1

    def test_takes_a_retry_for_taken_and_a_conflict_for_rejected(
        self, provider: Client, encoding: str
    ) -> None:
        send(provider, span(), encoding=encoding)

        again = send(provider, span(), encoding=encoding)
        other = send(
            provider, span(CALL | USAGE | {"user.id": "x"}, status_code=2), encoding=encoding
        )

        assert partial_success(again, encoding) == (0, "")
        assert partial_success(other, encoding)[0] == 1
        assert EventKey.objects.count() == 1

    def test_takes_the_same_span_in_the_other_encoding_for_the_same(
        self, provider: Client, encoding: str
    ) -> None:
        for one in (encoding, *ENCODINGS):
            assert partial_success(send(provider, span(), encoding=one), one) == (0, "")

        assert EventKey.objects.count() == 1

    def test_takes_source_and_consumer_from_where_the_address_says(
        self, provider: Client, encoding: str
    ) -> None:
        query = "?source=urn:gw&consumer=tenant.id&consumer=user.id"
        attributes = USAGE | {"gen_ai.request.model": "qwen", "tenant.id": "acme"}

        send(provider, span(attributes), encoding=encoding, query=query)
        rate.rate_pending(now=timezone.now())

        assert Source.objects.get().uri == "urn:gw"
        assert UsageEntry.objects.count() == 1

    def test_answers_in_its_own_encoding_whatever_is_to_be_accepted(
        self, provider: Client, encoding: str
    ) -> None:
        response = send(provider, encoding=encoding, Accept="text/csv")

        assert partial_success(response, encoding) == (0, "")


@pytest.mark.parametrize("encoding", ENCODINGS)
class TestRefusals:
    @pytest.mark.parametrize(
        "query", ["?sorce=a", "?source=", "?consumer=", "?" + "&consumer=a" * 9]
    )
    def test_are_a_status_for_an_address_that_is_not_understood(
        self, provider: Client, encoding: str, query: str
    ) -> None:
        response = send(provider, span(), encoding=encoding, query=query)

        assert response.status_code == 400
        assert message(response, encoding).endswith("(/problems/invalid-parameter)")
        assert EventKey.objects.count() == 0

    def test_are_a_status_for_bad_data(self, provider: Client, encoding: str) -> None:
        response = provider.post("/v1/otlp/v1/traces", b"\x0a[", content_type=encoding)

        assert response.status_code == 400
        assert message(response, encoding).startswith("The body cannot be read: ")

    def test_are_a_status_without_a_good_key(self, encoding: str) -> None:
        response = Client().post("/v1/otlp/v1/traces", b"{}", content_type=encoding)

        assert response.status_code == 401
        assert response["WWW-Authenticate"].startswith("Bearer ")
        assert message(response, encoding).endswith("(/problems/key-missing)")

    def test_say_when_to_try_again_where_that_helps(
        self, provider: Client, encoding: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away(**_: Any) -> None:
            raise OperationalError

        monkeypatch.setattr(intake, "record", away)

        response = send(provider, span(), encoding=encoding)

        assert (response.status_code, response["Retry-After"]) == (503, "5")
        assert message(response, encoding).endswith("(/problems/database-unavailable)")


class TestOtherContentTypes:
    def test_are_refused_in_json(self, provider: Client) -> None:
        response = provider.post("/v1/otlp/v1/traces", b"", content_type="text/plain")

        assert response.status_code == 415
        assert message(response, otlp.JSON).endswith("(/problems/unsupported-content-type)")
