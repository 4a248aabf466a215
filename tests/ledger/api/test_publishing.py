"""POST /v1/publications and /v1/proposals: what a document does, and who decides on it."""

from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.pricing.models import Proposal, Publication, RateCardVersion
from ledger.pricing.sections import SECTIONS
from tests import callers, factories

pytestmark = pytest.mark.django_db

NOVEMBER = "2026-11-01T00:00:00Z"


def dearer() -> dict[str, Any]:
    terms = {"kind": "cost_plus", "margin": "0.21"}
    row = factories.version(provider="westcloud", rate_card="standard", currency="CNY", terms=terms)
    return {"rate_card_versions": [row | {"valid_from": NOVEMBER}]}


def platform(user_name: str, *scopes: str) -> Client:
    callers.party("clearwatt", "platform")
    callers.user(user_name)
    return callers.client("clearwatt", *scopes, user_name=user_name)


def post(client: Client, path: str, document: Any = None) -> Any:
    return client.post(path, document, content_type="application/json")


class TestPublish:
    def test_publishes_what_gives_a_first_price(self) -> None:
        answer = post(platform("anna"), "/v1/publications", factories.catalogue())

        assert (answer.status_code, answer.json()["outcome"]) == (201, "published")
        assert answer.json()["publication"] == str(Publication.objects.get().pk)

    def test_answers_a_retry_with_nothing_new(self) -> None:
        client = platform("anna")
        post(client, "/v1/publications", factories.catalogue())

        answer = post(client, "/v1/publications", factories.catalogue())

        assert (answer.status_code, answer.json()["outcome"]) == (200, "nothing_new")
        assert Publication.objects.count() == 1

    def test_shows_what_a_document_would_do_without_doing_it(self) -> None:
        factories.publish()

        answer = post(platform("anna"), "/v1/publications?dry_run=true", dearer())

        assert (answer.status_code, answer.json()["outcome"]) == (200, "would_propose")
        assert answer.json()["changes"][0]["differences"] == [
            {"field": "terms/margin", "before": "0.10", "after": "0.21"}
        ]
        assert {one["percent"] for one in answer.json()["effects"]} == {"+10.00 %"}
        assert Proposal.objects.count() == 0

    def test_names_each_fault_by_its_place(self) -> None:
        factories.publish()
        faulty = {"site_pue": [factories.version(site="west", pue="0.9")]}

        answer = post(platform("anna"), "/v1/publications", faulty)

        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/document-invalid")
        assert [one["pointer"] for one in answer.json()["errors"]] == ["#/site_pue/0"]
        assert Publication.objects.count() == 1

    def test_is_for_the_platform(self) -> None:
        factories.publish()
        client = callers.client("westcloud", "catalogue:write")

        assert post(client, "/v1/publications", dearer()).status_code == 403
        assert client.get("/v1/proposals").status_code == 403

    @pytest.mark.parametrize(
        "body", ["[]", "{", "7", "null", '{"sites": ' + "[" * 900 + "]" * 900 + "}"]
    )
    def test_refuses_what_is_no_document(self, body: str) -> None:
        answer = post(platform("anna"), "/v1/publications", body)

        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/document-invalid")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=6,
)


class TestFaultyDocuments:
    @settings(
        max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(data=st.data())
    def test_are_refused_whatever_is_in_them(self, data: st.DataObject) -> None:
        callers.party("clearwatt", "platform")
        document = factories.catalogue()
        section = data.draw(st.sampled_from([one.name for one in SECTIONS]))
        rows = document.get(section, [{}])
        row = dict(rows[0])
        field = data.draw(st.sampled_from([*row, "code", "withdrawn"]))
        row[field] = data.draw(ANYTHING)
        document[section] = data.draw(st.sampled_from([[row], row, [row[field]], row[field]]))

        answer = post(platform("anna"), "/v1/publications?dry_run=true", document)

        assert answer.status_code in {200, 422}, answer.content


class TestProposals:
    def test_wait_for_a_second_person(self) -> None:
        factories.publish()
        anna, berta = platform("anna"), platform("berta")

        proposed = post(anna, "/v1/publications?note=indexation", dearer())
        number = proposed.json()["proposal"]
        own = post(anna, f"/v1/proposals/{number}/approve")
        waiting = berta.get("/v1/proposals?state=open").json()["items"]
        approved = post(berta, f"/v1/proposals/{number}/approve")

        assert (proposed.status_code, own.status_code, approved.status_code) == (202, 403, 200)
        assert own.json()["type"] == "/problems/proposer-approves"
        assert [(one["id"], one["note"]) for one in waiting] == [(number, "indexation")]
        assert (approved.json()["state"], approved.json()["decided_by"]) == ("published", "berta")
        assert RateCardVersion.objects.latest("id").terms["margin"] == "0.21"

    def test_are_decided_once(self) -> None:
        factories.publish()
        anna = platform("anna")
        number = post(anna, "/v1/publications", dearer()).json()["proposal"]

        refused = post(anna, f"/v1/proposals/{number}/refuse")
        again = post(platform("berta"), f"/v1/proposals/{number}/approve")

        assert (refused.json()["state"], again.status_code) == ("refused", 409)
        assert anna.get(f"/v1/proposals/{number}").json()["document"] == dearer()
        assert anna.get("/v1/proposals/999999").status_code == 404

    def test_are_approved_by_who_may(self) -> None:
        factories.publish()
        number = post(platform("anna"), "/v1/publications", dearer()).json()["proposal"]

        answer = post(platform("berta", "catalogue:write"), f"/v1/proposals/{number}/approve")

        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/scope-missing")


class TestPublications:
    def test_are_listed_newest_first(self) -> None:
        factories.publish()
        factories.publish_newcomer()
        client = platform("anna")

        first = client.get("/v1/publications?limit=1").json()
        second = client.get(first["next"]).json()

        numbers = [int(page["items"][0]["id"]) for page in (first, second)]
        assert numbers == sorted(Publication.objects.values_list("id", flat=True), reverse=True)
