"""Operators see what a corrected catalogue changes, propose it, and approve what others did."""

import pytest
from django.urls import reverse

from ledger import tasks
from ledger.rating import rate
from ledger.rating.identity import public_id
from ledger.rating.models import UsageEntry
from ledger.rating.rerating.models import Rerating
from tests import factories, operators, rerating
from tests.factories import NOW
from tests.settlement import factories as settling

pytestmark = pytest.mark.django_db

LIST = "/admin/ledger/rerating/"
FORM = "/admin/ledger/rerating/propose/"
OCTOBER = {"starts_at": "2026-10-01", "ends_at": "2026-11-01 00:00", "reason": "a wrong tariff"}


@pytest.fixture(autouse=True)
def _dearer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "wake_reratings", lambda: None)
    settling.publish()
    factories.record(factories.event("a"), factories.event("b", consumer="eastcloud"))
    rate.rate_pending(now=NOW)
    rerating.publish(rerating.electricity("0.72"))


def page(run: Rerating) -> str:
    return reverse("admin:ledger_rerating_change", args=[run.pk])


def decide(run: Rerating, decision: str) -> str:
    return reverse("admin:ledger_rerating_decide", args=[run.pk, decision])


class TestTheForm:
    def test_shows_what_would_change_before_anything_is_proposed(self) -> None:
        client = operators.operator()

        shown = operators.text(client.post(FORM, {**OCTOBER, "look": ""}))

        assert "2 of 2 usage entries are priced otherwise by now" in shown
        assert "2026-10-05 westcloud acme 1 0.008307 0.008627 0.000319 CNY" in shown
        assert not Rerating.objects.exists()

    def test_proposes_in_the_readers_name(self) -> None:
        client = operators.operator()

        answer = client.post(FORM, {**OCTOBER, "submit": ""})

        run = Rerating.objects.get()
        assert (answer["Location"], run.asked_by.get_username()) == (page(run), "operator")
        assert "You proposed this re-rating" in operators.text(client.get(page(run)))

    @pytest.mark.parametrize(
        ("said", "why"),
        [
            ({"provider": "nobody"}, "There is no provider 'nobody'"),
            ({"ends_at": "2026-10-01"}, "is not after the beginning"),
            ({"reason": ""}, "Say why"),
            ({"starts_at": "soon"}, "Enter a valid date/time"),
        ],
    )
    def test_says_what_it_refuses(self, said: dict[str, str], why: str) -> None:
        client = operators.operator()

        shown = operators.text(client.post(FORM, {**OCTOBER, **said, "submit": ""}))

        assert why.lower() in shown.lower()
        assert not Rerating.objects.exists()

    def test_is_not_for_everybody(self) -> None:
        client = operators.signed_in(operators.person("guest", "ledger.view_rerating"))

        assert client.get(FORM).status_code == 403
        assert "Re-rate usage" not in operators.text(client.get(LIST))


class TestThePage:
    def test_lets_another_person_approve(self) -> None:
        run = rerating.propose()
        client = operators.operator()

        assert "Approve" in operators.text(client.get(page(run)))
        answer = client.post(decide(run, "approve"), follow=True)
        rerating.apply()

        assert f"Re-rating {run.pk} is approved, and applied soon." in operators.text(answer)
        shown = operators.text(client.get(page(run)))
        assert "State applied" in shown
        assert "Taken back and replaced 2 of 2" in shown

    def test_keeps_the_proposer_from_approving(self) -> None:
        proposer = operators.person("proposer", "ledger.view_rerating", "ledger.approve_rerating")
        client = operators.signed_in(proposer)
        run = rerating.propose()

        client.post(decide(run, "approve"))

        assert Rerating.objects.get().state == "proposed"

    def test_withdraws(self) -> None:
        run = rerating.propose()
        client = operators.operator()

        client.post(decide(run, "withdraw"))

        assert "Withdrawn by operator" in operators.text(client.get(page(run)))

    def test_needs_the_permission_and_a_post(self) -> None:
        run = rerating.propose()
        client = operators.signed_in(operators.person("guest", "ledger.view_rerating"))

        assert client.post(decide(run, "approve")).status_code == 403
        assert client.get(decide(run, "approve")).status_code == 405
        assert client.post(decide(run, "forget")).status_code == 405
        assert "It waits for somebody who may approve" in operators.text(client.get(page(run)))

    def test_stands_behind_the_list_and_the_usage_entry(self) -> None:
        run = rerating.rerate()
        client = operators.operator()
        entry = UsageEntry.objects.filter(kind="rerate").order_by("id")[0]
        id_ = public_id(occurred_at=entry.occurred_at, id_=entry.pk)

        shown = client.get(reverse("admin:ledger_usageentry_change", args=[id_]))

        assert operators.link(client.get(LIST), str(run.pk)) == page(run)
        assert operators.link(shown, f"Re-rating {run.pk}") == page(run)
        assert "Asked for by proposer, approved by approver." in operators.text(shown)
