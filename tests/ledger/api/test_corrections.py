"""POST /v1/events/{id}/void and /amend, /v1/corrections: what was wrong, and what is right."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import timezone

from ledger import audit
from ledger.parties import keys
from ledger.parties.bounds import Bounds
from ledger.rating.models import UsageEntry, UsageRollup
from ledger.usage.models import Correction
from tests import callers, correcting, factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def send(client: Client, path: str, **body: Any) -> tuple[int, Any]:
    answer = client.post(f"/v1/{path}", json.dumps(body), content_type="application/json")
    return answer.status_code, answer.json()


def void(client: Client, event_id: str, **body: Any) -> tuple[int, Any]:
    given = {"source": factories.SOURCE, "reason": "posted twice", **body}
    return send(client, f"events/{quote(event_id, safe='')}/void", **given)


def amend(client: Client, event_id: str, **body: Any) -> tuple[int, Any]:
    given = {"source": factories.SOURCE, "reason": "counted wrongly", **body}
    return send(client, f"events/{quote(event_id, safe='')}/amend", **given)


class TestVoid:
    def test_takes_an_event_back_and_keeps_it(self, westcloud: Client) -> None:
        status, answer = void(westcloud, "acme-1")
        correcting.apply(now=timezone.now())

        assert (status, answer["state"], answer["act"]) == (202, "waiting", "void")
        after = westcloud.get(f"/v1/corrections/{answer['id']}").json()
        assert after["state"] == "applied"
        entries = after["usage_entries"]
        reversal = westcloud.get(f"/v1/usage-entries/{entries['reversal']}").json()
        original = westcloud.get(f"/v1/usage-entries/{entries['reversed']}").json()
        assert reversal["kind"] == "reversal"
        assert reversal["price"] == f"-{original['price']}"
        assert reversal["occurred_at"] == original["occurred_at"]
        assert entries["replacement"] is None
        assert audit.run() == []

    def test_is_known_when_it_comes_again(self, westcloud: Client) -> None:
        _, first = void(westcloud, "acme-1")
        correcting.apply(now=timezone.now())

        status, again = void(westcloud, "acme-1")

        assert (status, again["id"]) == (200, first["id"])
        assert Correction.objects.count() == 1

    def test_is_for_good(self, westcloud: Client) -> None:
        void(westcloud, "acme-1")
        correcting.apply(now=timezone.now())

        status, problem = amend(westcloud, "acme-1", usage={"input": 1})

        assert (status, problem["type"]) == (409, "/problems/event-no-longer-stands")
        assert Correction.objects.count() == 1

    def test_finds_an_id_with_slashes_and_words_of_the_address(self, westcloud: Client) -> None:
        factories.record(factories.event("a/b c/void"))

        status, answer = void(westcloud, "a/b c/void", source=None)

        assert (status, answer["event"]) == (202, "a/b c/void")

    @pytest.mark.parametrize(
        ("body", "code", "pointer"),
        [
            ({"reason": ""}, 422, "#/reason"),
            ({"reason": "x\x00"}, 422, "#/reason"),
            ({"usage": {"input": 1}}, 422, "#"),
            ({"source": 7}, 422, "#/source"),
        ],
    )
    def test_says_what_is_wrong_and_records_nothing(
        self, westcloud: Client, body: dict[str, Any], code: int, pointer: str
    ) -> None:
        status, problem = void(westcloud, "acme-1", **body)

        assert status == code
        assert [one["pointer"] for one in problem["errors"]] == [pointer]
        assert not Correction.objects.exists()

    def test_is_for_the_events_own_provider(self, westcloud: Client, acme: Client) -> None:
        unknown = void(westcloud, "beta-1")
        forbidden = void(acme, "acme-1")

        assert (unknown[0], unknown[1]["type"]) == (404, "/problems/no-such-event")
        assert (forbidden[0], forbidden[1]["type"]) == (403, "/problems/scope-missing")
        assert not Correction.objects.exists()

    def test_is_not_for_a_key_of_another_source(self, books: None) -> None:
        issued = keys.issue(
            party="westcloud",
            scopes=["events:correct"],
            name="other gateway",
            bounds=Bounds(sources=["urn:gateway:other"]),
            now=NOW,
        )
        client = Client(headers={"Authorization": f"Bearer {issued.token}"})

        status, problem = void(client, "acme-1")

        assert (status, problem["type"]) == (403, "/problems/source-not-allowed")
        assert not Correction.objects.exists()


class TestAmend:
    def test_books_what_is_right_beside_what_was_wrong(self, westcloud: Client) -> None:
        status, answer = amend(westcloud, "acme-1", usage={"input": 800, "output": 500})
        correcting.apply(now=timezone.now())

        assert status == 202
        after = westcloud.get(f"/v1/corrections/{answer['id']}").json()
        replacement = westcloud.get(
            f"/v1/usage-entries/{after['usage_entries']['replacement']}"
        ).json()
        assert replacement["kind"] == "rerate"
        assert (replacement["tokens"]["cache_read"], replacement["tokens"]["output"]) == (0, 500)
        assert sum(UsageRollup.objects.values_list("events", flat=True)) == 3
        assert UsageEntry.objects.count() == 5
        assert audit.run() == []

    def test_reads_a_usage_object_as_its_surface_has_it(self, westcloud: Client) -> None:
        usage = {
            "prompt_tokens": 2_000,
            "completion_tokens": 500,
            "total_tokens": 2_500,
            "prompt_tokens_details": {"cached_tokens": 1_200},
        }

        _, answer = amend(westcloud, "acme-1", surface="openai-chat", usage=usage)

        counts = {name: n for name, n in answer["stated"]["usage"].items() if n}
        assert counts == {"input": 800, "cache_read": 1_200, "output": 500}
        assert answer["stated"]["said"]["usage"] == usage

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({}, "#"),
            ({"usage": {"input": -1}}, "#/usage/input"),
            ({"usage": {"thinking": 1}}, "#/usage"),
            ({"surface": "openai-chat", "usage": {"prompt_tokens": "7"}}, "#/usage/prompt_tokens"),
            ({"surface": "mine", "usage": {}}, "#/usage"),
            (
                {
                    "surface": "openai-chat",
                    "usage": {
                        "prompt_tokens": 7,
                        "completion_tokens": 6,
                        "prompt_tokens_details": {"cached_tokens": 4_805},
                    },
                },
                "#/usage",
            ),
            ({"time": "2026-10-01T00:00:00Z"}, "#"),
            ({"attributes": {"a": "\x00"}}, "#/attributes"),
        ],
    )
    def test_says_what_is_wrong_and_records_nothing(
        self, westcloud: Client, body: dict[str, Any], pointer: str
    ) -> None:
        status, problem = amend(westcloud, "acme-1", **body)

        assert (status, problem["type"]) == (422, "/problems/correction-invalid")
        assert [one["pointer"] for one in problem["errors"]] == [pointer]
        assert not Correction.objects.exists()

    def test_waits_for_what_has_no_price_and_says_so(self, westcloud: Client) -> None:
        _, answer = amend(westcloud, "acme-1", deployment="unheard-of")
        correcting.apply(now=timezone.now())

        after = westcloud.get(f"/v1/corrections/{answer['id']}").json()
        assert after["state"] == "waiting"
        assert after["waits_for"]["reason"] == "unknown_deployment"
        assert UsageEntry.objects.count() == 3


class TestSeveral:
    def test_records_the_good_and_names_the_bad(self, westcloud: Client) -> None:
        items = [
            {"act": "void", "event": "acme-1", "reason": "posted twice"},
            {"act": "amend", "event": "acme-2", "reason": "counted wrongly", "usage": {"input": 9}},
            {"act": "void", "event": "never-sent", "reason": "posted twice"},
            {"act": "void", "event": "acme-2"},
            {"act": "repeat", "event": "acme-2", "reason": "why not"},
            {"act": "void", "event": "acme-1", "reason": "posted twice"},
        ]

        status, answer = send(westcloud, "corrections", items=items)

        assert status == 202
        assert (answer["recorded"], answer["known"], answer["refused"]) == (2, 1, 3)
        told = [(one["index"], one["code"], one["detail"].split(":")[0]) for one in answer["items"]]
        assert told == [
            (0, "", ""),
            (1, "", ""),
            (2, "no-such-event", told[2][2]),
            (3, "correction-invalid", "#/items/3"),
            (4, "correction-invalid", "#/items/4/act"),
            (5, "", ""),
        ]
        correcting.apply(now=timezone.now())
        assert Correction.objects.filter(state="applied").count() == 2
        assert audit.run() == []

    def test_refuses_a_body_that_is_no_list(self, westcloud: Client) -> None:
        status, problem = send(westcloud, "corrections", corrections=[])

        assert (status, problem["type"]) == (422, "/problems/correction-invalid")

    def test_refuses_more_than_ten_thousand(self, westcloud: Client) -> None:
        items = [{"act": "void", "event": "acme-1", "reason": "x"}] * 10_001

        status, problem = send(westcloud, "corrections", items=items)

        assert (status, problem["type"]) == (413, "/problems/too-many-events")


class TestList:
    def test_shows_a_provider_its_own_and_filters(
        self, westcloud: Client, eastcloud: Client, platform: Client, acme: Client
    ) -> None:
        void(westcloud, "acme-1")
        void(westcloud, "acme-2")
        void(eastcloud, "beta-1")

        def events(client: Client, query: str = "") -> list[str]:
            page = client.get(f"/v1/corrections{query}").json()
            return [one["event"] for one in page["items"]]

        assert events(westcloud) == ["acme-1", "acme-2"]
        assert events(westcloud, "?event=acme-2&state=waiting") == ["acme-2"]
        assert events(westcloud, "?state=applied") == []
        assert events(platform) == ["acme-1", "acme-2", "beta-1"]
        assert events(acme) == []

    def test_hides_a_correction_of_another_provider(
        self, westcloud: Client, eastcloud: Client
    ) -> None:
        _, answer = void(eastcloud, "beta-1")

        hidden = westcloud.get(f"/v1/corrections/{answer['id']}")

        assert (hidden.status_code, hidden.json()["type"]) == (404, "/problems/no-such-correction")


class TestKeys:
    def test_of_consumers_correct_nothing(self, books: None) -> None:
        with pytest.raises(keys.ScopeNotForParty):
            callers.token("acme", "events:correct")
