"""Settlements at the operators' site: what is shown, and who may approve."""

import pytest
from django.test import Client
from django.urls import reverse

from settlement.clearing.models import Approval, Settlement
from tests import operators
from tests.settlement import factories

pytestmark = pytest.mark.django_db

VIEW = ("settlement.view_settlement", "ledger.view_journalentry")
APPROVE = "settlement.add_approval"


@pytest.fixture
def settlement() -> Settlement:
    factories.publish()
    factories.post(price="100.004", fee_provider="2.001")
    return factories.calculate()


def page(settlement: Settlement) -> str:
    return reverse("admin:settlement_settlement_change", args=[settlement.pk])


def approve(settlement: Settlement) -> str:
    return reverse("admin:settlement_settlement_approve", args=[settlement.pk])


def clerk(name: str, *more: str) -> Client:
    return operators.signed_in(operators.person(name, *VIEW, *more))


class TestThePage:
    def test_shows_what_everybody_owes(self, settlement: Settlement) -> None:
        said = operators.text(clerk("clerk").get(page(settlement)))

        assert "Settlement of 2026-10 in CNY" in said
        assert settlement.input_hash in said
        # 100.004 owed is 100.00, and 0.004 stays; 98.003 due is 98.00.
        assert "westcloud-acme 100.004000 0.000000 0.000000 100.00 0.004000" in said
        assert "2.001000 98.00 0.003000 2.00 0.00" in said

    def test_shows_how_true_ups_came_about(self) -> None:
        factories.publish(volume_terms={"minimum": "100"})
        settlement = factories.calculate()

        said = operators.text(clerk("clerk").get(page(settlement)))

        assert (
            "westcloud-acme 2026-10 charged by the rate cards 0.000000"
            " what is missing to the minimum of 100 100.000000 true-up 100.000000"
        ) in said

    def test_leads_to_the_entry_once_approved(self, settlement: Settlement) -> None:
        client = clerk("boss", APPROVE)
        client.post(approve(settlement))
        position = settlement.positions.get()

        entry = client.get(
            operators.link(client.get(page(settlement)), str(position.journal_entry_id))
        )

        assert f"Settlement {settlement.pk} of westcloud-acme" in operators.text(entry)

    def test_offers_approval_to_who_may_give_it(self, settlement: Settlement) -> None:
        operators.person("maker")
        factories.user("maker").user_permissions.clear()

        assert b">Approve<" in clerk("boss", APPROVE).get(page(settlement)).content
        assert b">Approve<" not in clerk("clerk").get(page(settlement)).content

    def test_tells_the_maker_that_another_person_approves(self, settlement: Settlement) -> None:
        maker = factories.user("maker")
        maker.is_staff = maker.is_superuser = True
        maker.save()

        answer = operators.signed_in(maker).get(page(settlement))

        assert b">Approve<" not in answer.content
        assert "another person approves it" in operators.text(answer)


class TestApproving:
    def test_posts_in_the_name_of_who_pressed(self, settlement: Settlement) -> None:
        answer = clerk("boss", APPROVE).post(approve(settlement), follow=True)

        assert f"Settlement {settlement.pk} is approved and posted." in operators.text(answer)
        assert Approval.objects.get().checker.get_username() == "boss"
        settlement.refresh_from_db()
        assert settlement.state == "approved"
        assert b">Approve<" not in answer.content

    def test_is_refused_to_the_maker(self, settlement: Settlement) -> None:
        maker = factories.user("maker")
        maker.is_staff = maker.is_superuser = True
        maker.save()

        answer = operators.signed_in(maker).post(approve(settlement), follow=True)

        assert "another person approves it" in operators.text(answer)
        assert Approval.objects.count() == 0

    def test_is_refused_without_the_permission(self, settlement: Settlement) -> None:
        assert clerk("clerk").post(approve(settlement)).status_code == 403
        assert Approval.objects.count() == 0

    def test_is_refused_to_strangers(self, settlement: Settlement) -> None:
        answer = Client().post(approve(settlement))

        assert answer.status_code == 302
        assert answer["Location"].startswith("/admin/login/")
        assert Approval.objects.count() == 0

    def test_is_nothing_that_a_link_can_do(self, settlement: Settlement) -> None:
        assert clerk("boss", APPROVE).get(approve(settlement)).status_code == 405
        assert Approval.objects.count() == 0

    def test_takes_the_token_that_another_site_cannot_know(self, settlement: Settlement) -> None:
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(operators.person("boss", *VIEW, APPROVE))

        assert strict.post(approve(settlement)).status_code == 403
        assert Approval.objects.count() == 0

    def test_says_that_the_books_have_changed(self, settlement: Settlement) -> None:
        factories.post(price="1")

        answer = clerk("boss", APPROVE).post(approve(settlement), follow=True)

        assert "The books changed since" in operators.text(answer)
        assert Approval.objects.count() == 0

    def test_twice_says_that_there_is_nothing_to_approve(self, settlement: Settlement) -> None:
        client = clerk("boss", APPROVE)
        client.post(approve(settlement))

        answer = client.post(approve(settlement), follow=True)

        assert "there is nothing to approve" in operators.text(answer)
        assert Approval.objects.count() == 1

    def test_of_an_unknown_one_leads_back_with_a_word(self) -> None:
        address = reverse("admin:settlement_settlement_approve", args=[987])

        answer = clerk("boss", APPROVE).post(address, follow=True)

        assert "There is no settlement 987" in operators.text(answer)
