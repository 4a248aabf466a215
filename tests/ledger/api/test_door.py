"""Who is let in: the bounds of a key, as a caller meets them."""

import json
from typing import Any

import http_sf
import pytest
import requests
from django.test import Client

from ledger.parties import keys
from ledger.parties.bounds import Bounds
from ledger.parties.models import ApiKey, Source
from ledger.pricing.source_names import SourceName
from tests import callers, factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db

BATCHES = "/v1/set-aside"


def authorization(*scopes: str, **bounds: Any) -> dict[str, str]:
    """Return the header of a key that is bound so; it may read unless it is said what it may."""
    callers.party("westcloud", "provider")
    token = keys.issue(
        party="westcloud",
        scopes=scopes or ["books:read"],
        name="",
        now=NOW,
        bounds=Bounds(**bounds),
    ).token
    return {"Authorization": f"Bearer {token}"}


def client(*scopes: str, **bounds: Any) -> Client:
    """Return a client with such a key."""
    return Client(headers=authorization(*scopes, **bounds), raise_request_exception=False)


def parsed(header: str) -> tuple[str, dict[str, int]]:
    """Read a list of one item as another's parser of structured fields (RFC 9651) does."""
    found: Any = http_sf.parse(header.encode(), tltype="list")
    ((item, parameters),) = found
    return item, parameters


class TestAddress:
    def test_lets_in_from_the_keys_networks(self) -> None:
        bound = client(networks=["192.0.2.0/24"])

        assert bound.get(BATCHES, REMOTE_ADDR="192.0.2.7").status_code == 200

    @pytest.mark.parametrize("remote", ["192.0.3.7", "::1", ""])
    def test_keeps_out_from_elsewhere(self, remote: str) -> None:
        bound = client(networks=["192.0.2.0/24"])

        answer = bound.get(BATCHES, REMOTE_ADDR=remote)

        assert answer.status_code == 403
        assert answer.json()["type"] == "/problems/address-not-allowed"
        assert answer.json()["address"] == (remote or None)

    def test_believes_no_header_of_a_stranger(self) -> None:
        bound = client(networks=["192.0.2.0/24"])

        answer = bound.get(BATCHES, REMOTE_ADDR="6.6.6.6", headers={"X-Forwarded-For": "192.0.2.7"})

        assert (answer.status_code, answer.json()["address"]) == (403, "6.6.6.6")

    def test_believes_a_trusted_proxy(self, settings: Any) -> None:
        settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
        bound = client(networks=["192.0.2.0/24"])

        def status(forwarded_for: str) -> int:
            headers = {"X-Forwarded-For": forwarded_for}
            return bound.get(BATCHES, REMOTE_ADDR="10.0.0.1", headers=headers).status_code

        assert status("192.0.2.7") == 200
        assert status("192.0.2.7, 6.6.6.6") == 403

    def test_does_not_matter_to_a_key_without_networks(self) -> None:
        assert client().get(BATCHES, REMOTE_ADDR="").status_code == 200

    def test_is_told_by_the_web_server_that_users_run(self, site: str) -> None:
        def got(network: str) -> requests.Response:
            headers = authorization(networks=[network])
            return requests.get(f"{site}{BATCHES}", headers=headers, timeout=10)

        assert got("127.0.0.0/8").status_code == 200
        refused = got("192.0.2.0/24")
        assert (refused.status_code, refused.json()["address"]) == (403, "127.0.0.1")


class TestRateLimit:
    def test_answers_429_and_says_when_to_come_again(self) -> None:
        limited = client(requests_per_minute=2)

        statuses = [limited.get(BATCHES).status_code for _ in range(2)]
        refused = limited.get(BATCHES)

        assert statuses == [200, 200]
        assert refused.status_code == 429
        assert refused.json()["type"] == "/problems/throttled"
        assert refused.json()["requests_per_minute"] == 2
        assert 1 <= int(refused["Retry-After"]) <= 30

    def test_is_told_in_every_answer_as_the_draft_has_it(self) -> None:
        limited = client(requests_per_minute=3)
        addresses = (BATCHES, "/v1/batches/4711", "/v1/settlements", BATCHES)

        answers = [limited.get(address) for address in addresses]

        assert [answer.status_code for answer in answers] == [200, 404, 403, 429]
        for answer, remaining in zip(answers, (2, 1, 0, 0), strict=True):
            policy, of_policy = parsed(answer["RateLimit-Policy"])
            name, left = parsed(answer["RateLimit"])
            assert (policy, name) == ("key", "key")
            assert of_policy == {"q": 3, "w": 60}
            assert left["r"] == remaining
            assert 1 <= left["t"] <= 20
        assert answers[-1]["Retry-After"] == str(left["t"])

    def test_is_told_to_exporters_of_traces_too(self) -> None:
        limited = client("events:write", requests_per_minute=1)

        answers = [
            limited.post(
                "/v1/otlp/v1/traces", b'{"resourceSpans": []}', content_type="application/json"
            )
            for _ in range(2)
        ]

        assert [answer.status_code for answer in answers] == [200, 429]
        assert all("RateLimit" in answer for answer in answers)
        assert 1 <= int(answers[1]["Retry-After"]) <= 60
        assert "/problems/throttled" in answers[1].json()["message"]

    def test_counts_nothing_of_who_is_kept_out(self) -> None:
        limited = client(requests_per_minute=1, networks=["192.0.2.0/24"])

        kept_out = [limited.get(BATCHES, REMOTE_ADDR="6.6.6.6") for _ in range(3)]

        assert [answer.status_code for answer in kept_out] == [403] * 3
        assert "RateLimit" not in kept_out[0]
        assert limited.get(BATCHES, REMOTE_ADDR="192.0.2.7").status_code == 200

    def test_costs_a_key_without_one_nothing(self, django_assert_num_queries: Any) -> None:
        free, limited = client(), client(requests_per_minute=100)
        for one in (free, limited):
            one.get(BATCHES)

        with django_assert_num_queries(2):
            answer = free.get(BATCHES)
        with django_assert_num_queries(3):
            limited.get(BATCHES)

        assert "RateLimit" not in answer
        assert "RateLimit-Policy" not in answer


class TestSources:
    def test_of_others_are_not_posted_for(self) -> None:
        bound = client("events:write", sources=[factories.SOURCE])
        events = [factories.event("a"), factories.event("b", source="urn:other")]

        answer = bound.post("/v1/events", json.dumps(events), content_type="application/json")

        assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
        (item,) = answer.json()["items"]
        assert (item["index"], item["code"]) == (1, "source_not_allowed")

    def test_of_others_are_not_spoken_for(self) -> None:
        factories.publish()
        factories.record(factories.event("a"), factories.event("b", source="urn:other"))
        bound = client("names:write", sources=[factories.SOURCE])
        name = {"kind": "consumer", "name": "sk-1", "target": "acme"}

        def mapped(uri: str, **more: Any) -> tuple[int, str]:
            address = f"/v1/sources/{Source.objects.get(uri=uri).id}/names"
            body = json.dumps([name | more])
            answer = bound.post(address, body, content_type="application/json")
            return answer.status_code, answer.json().get("type", "")

        assert mapped("urn:other") == (403, "/problems/source-not-allowed")
        assert mapped(factories.SOURCE, every_source=True) == (422, "/problems/names-invalid")
        assert not SourceName.objects.exists()
        assert mapped(factories.SOURCE) == (200, "")


class TestParty:
    def test_that_serves_no_models_posts_no_usage_even_with_an_old_key(self) -> None:
        callers.party("acme")
        acme = callers.client("acme", "books:read")
        ApiKey.objects.update(scopes=["books:read", "events:write"])

        answer = acme.post("/v1/events", b"{}", content_type="application/json")

        assert answer.status_code == 403
        assert answer.json()["type"] == "/problems/party-not-allowed"
        assert answer.json()["allowed"] == "providers"
