"""Operators publish documents, and a second one approves what moves prices."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from ledger import tasks
from ledger.pricing.models import Proposal, Publication, RateCardVersion
from tests import factories, operators

pytestmark = pytest.mark.django_db

FORM = "/admin/ledger/proposal/propose/"


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return what grows when a worker is told that something was published."""
    rung: list[int] = []
    monkeypatch.setattr(tasks, "wake_set_aside", lambda: rung.append(1))
    return rung


def dearer() -> dict[str, Any]:
    terms = {"kind": "cost_plus", "margin": "0.21"}
    row = factories.version(provider="westcloud", rate_card="standard", currency="CNY", terms=terms)
    return {"rate_card_versions": [row | {"valid_from": "2026-11-01T00:00:00Z"}]}


class TestTheForm:
    def test_shows_what_a_document_changes_before_anything_happens(self) -> None:
        factories.publish()
        client = operators.operator()

        page = client.post(FORM, {"text": json.dumps(dearer()), "look": ""})

        said = operators.text(page)
        assert "terms/margin 0.10 0.21" in said
        assert "3.432733 CNY 3.776007 CNY +10.00 %" in said
        assert "Propose it" in said
        assert Proposal.objects.count() == 0

    def test_takes_a_yaml_file_and_publishes_first_prices_at_once(self, woken: list[int]) -> None:
        client = operators.operator()
        file = SimpleUploadedFile("catalogue.yaml", json.dumps(factories.catalogue()).encode())

        page = client.post(FORM, {"file": file, "submit": ""}, follow=True)

        assert "is in force" in operators.text(page)
        assert (Publication.objects.count(), len(woken)) == (1, 1)

    @pytest.mark.parametrize("text", ["", "- a", "a: [", "sites: 7", "nothing: []"])
    def test_says_what_is_wrong_with_a_document(self, text: str) -> None:
        client = operators.operator()

        page = client.post(FORM, {"text": text, "submit": ""})

        assert page.status_code == 200
        assert "cw-bad" in page.content.decode()
        assert Publication.objects.count() == 0

    def test_is_for_those_who_may_propose(self) -> None:
        client = operators.signed_in(operators.person("guest", "ledger.view_proposal"))

        assert client.post(FORM, {"text": "{}"}).status_code == 403


class TestAProposal:
    def test_is_approved_by_somebody_else(self, woken: list[int]) -> None:
        factories.publish()
        rights = ("ledger.view_proposal", "ledger.add_proposal", "ledger.change_proposal")
        anna = operators.signed_in(operators.person("anna", *rights))
        berta = operators.signed_in(operators.person("berta", *rights))
        anna.post(FORM, {"text": json.dumps(dearer()), "submit": "", "note": "indexation"})
        number = Proposal.objects.get().pk
        path = f"/admin/ledger/proposal/{number}/"

        own = operators.text(anna.get(f"{path}change/"))
        refused = operators.text(anna.post(f"{path}decide/approve/", follow=True))
        offered = operators.text(berta.get(f"{path}change/"))
        approved = operators.text(berta.post(f"{path}decide/approve/", follow=True))

        assert "another person publishes it" in own
        assert "another person publishes it" in refused
        assert "Approve and publish" in offered
        assert f"Proposal {number} is published." in approved
        assert RateCardVersion.objects.latest("id").terms["margin"] == "0.21"
        assert len(woken) == 1

    def test_is_withdrawn_by_who_made_it(self) -> None:
        factories.publish()
        anna = operators.signed_in(
            operators.person("anna", "ledger.view_proposal", "ledger.add_proposal")
        )
        anna.post(FORM, {"text": json.dumps(dearer()), "submit": ""})
        path = f"/admin/ledger/proposal/{Proposal.objects.get().pk}/"

        assert anna.post(f"{path}decide/approve/").status_code == 403
        assert "is refused" in operators.text(anna.post(f"{path}decide/refuse/", follow=True))
