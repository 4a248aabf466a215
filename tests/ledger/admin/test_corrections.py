"""Operators see every correction, what became of it, and correct events themselves."""

from typing import Any

import pytest
from django.urls import reverse

from ledger import audit, tasks
from ledger.parties.models import Source
from ledger.rating import rate
from ledger.rating.identity import public_id
from ledger.rating.models import UsageEntry
from ledger.usage.models import Correction
from settlement.audits import EVERY_AUDIT
from tests import factories, operators
from tests.correcting import amend, apply, correct
from tests.factories import NOW
from tests.settlement import factories as settling

pytestmark = pytest.mark.django_db

LIST = "/admin/ledger/correction/"
FORM = "/admin/ledger/correction/correct/"


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return what grows when a worker is told that corrections wait."""
    rung: list[int] = []
    monkeypatch.setattr(tasks, "wake_corrections", lambda: rung.append(1))
    return rung


@pytest.fixture(autouse=True)
def _books() -> None:
    settling.publish()
    factories.record(factories.event("evt/1 ü"), factories.event("aside", deployment="nowhere"))
    rate.rate_pending(now=NOW)


def said(**values: Any) -> dict[str, Any]:
    """Return what is sent from the form."""
    return {
        "source": Source.objects.get().pk,
        "event_id": "evt/1 ü",
        "act": "void",
        "reason": "billed twice",
        **values,
    }


def entry_page(**which: Any) -> str:
    entry = UsageEntry.objects.get(**which)
    id_ = public_id(occurred_at=entry.occurred_at, id_=entry.pk)
    return reverse("admin:ledger_usageentry_change", args=[id_])


class TestTheForm:
    def test_voids_an_event_from_the_page_of_its_usage_entry(self, woken: list[int]) -> None:
        client = operators.operator()
        page = client.get(entry_page(event_id="evt/1 ü"))

        form = client.get(operators.link(page, "Correct this event"))
        answer = client.post(FORM, said())
        apply(now=NOW.replace(year=2030))

        assert 'value="evt/1 ü"' in form.content.decode()
        correction = Correction.objects.get()
        assert answer["Location"] == reverse("admin:ledger_correction_change", args=[correction.pk])
        assert correction.requested_by_user is not None
        assert correction.requested_by_user.get_username() == "operator"
        assert (correction.state, correction.reason) == ("applied", "billed twice")
        assert woken == [1]
        assert audit.run(EVERY_AUDIT) == []

    def test_amends_an_event_that_is_set_aside(self) -> None:
        client = operators.operator()
        aside = client.get(reverse("admin:ledger_set_aside"))

        form = client.get(operators.link(aside, "Correct"))
        client.post(
            FORM,
            said(event_id="aside", act="amend", deployment="qwen", output="3", attributes="{}"),
        )
        apply(now=NOW.replace(year=2030))

        assert form.status_code == 200
        entry = UsageEntry.objects.get(event_id="aside")
        assert (entry.input, entry.output, entry.attributes) == (0, 3, None)
        assert audit.run(EVERY_AUDIT) == []

    @pytest.mark.parametrize(
        ("values", "why"),
        [
            ({"reason": ""}, "This field is required"),
            ({"act": "amend"}, "Say what is to be amended"),
            ({"input": "3"}, "A void takes everything back"),
            ({"act": "amend", "input": "-1"}, "greater than or equal to 0"),
            ({"act": "amend", "attributes": "[1]"}, "This is no JSON object"),
            ({"event_id": "nothing"}, "No event 'nothing'"),
        ],
    )
    def test_says_why_it_is_refused_and_records_nothing(
        self, values: dict[str, str], why: str, woken: list[int]
    ) -> None:
        answer = operators.operator().post(FORM, said(**values))

        assert answer.status_code == 200
        assert why in operators.text(answer)
        assert not Correction.objects.exists()
        assert woken == []

    def test_is_for_those_who_may_correct(self) -> None:
        viewer = operators.signed_in(
            operators.person("viewer", "ledger.view_correction", "ledger.view_usageentry")
        )

        assert viewer.get(FORM).status_code == 403
        assert viewer.post(FORM, said()).status_code == 403
        assert FORM not in viewer.get(LIST).content.decode()
        assert FORM not in viewer.get(entry_page(event_id="evt/1 ü")).content.decode()
        assert not Correction.objects.exists()


class TestPages:
    def test_lead_from_one_entry_over_its_corrections_to_the_next(self) -> None:
        client = operators.operator()
        (correction,) = correct(amend("evt/1 ü", usage={"input": 5}))

        page = client.get(entry_page(event_id="evt/1 ü", kind="rerate"))
        own = client.get(operators.link(page, str(correction.pk)))

        assert "counted wrongly" in operators.text(page)
        assert "Asked by corrector" in operators.text(own)
        assert "Tokens 5 input" in operators.text(own)
        for kind in ("usage", "reversal", "rerate"):
            address = entry_page(event_id="evt/1 ü", kind=kind)
            assert address in own.content.decode()

    def test_say_for_what_a_correction_waits(self) -> None:
        (waiting,) = correct(amend("evt/1 ü", deployment="typo"))

        page = operators.operator().get(f"{LIST}{waiting.pk}/change/")

        assert "It waits: unknown deployment, deployment:westcloud/typo" in operators.text(page)
