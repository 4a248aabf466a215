"""Operators see which names stand for nothing, and say what they stand for."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.urls import reverse

from ledger import audit, tasks
from ledger.parties.models import Source
from ledger.pricing.models import Publication
from ledger.pricing.source_names import SourceName
from ledger.rating import rate
from ledger.rating.models import SetAside, UsageEntry
from tests import factories, naming, operators
from tests.factories import NOW

pytestmark = pytest.mark.django_db

LIST = "/admin/ledger/sourcename/"
UNMAPPED = "/admin/ledger/sourcename/unmapped/"
MAP = "/admin/ledger/sourcename/map/"


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return what grows when a worker is told that something was published."""
    rung: list[int] = []
    monkeypatch.setattr(tasks, "wake_set_aside", lambda: rung.append(1))
    return rung


@pytest.fixture(autouse=True)
def _books() -> None:
    """Set aside three events of two unknown names."""
    factories.publish(naming.catalogue())
    factories.record(
        factories.event("w-1", consumer="sk 1/ü&x"),
        factories.event("w-2", consumer="sk 1/ü&x"),
        factories.event("w-3", deployment="gpt-4o@eastus"),
    )
    rate.rate_pending(now=NOW)


def word(kind: str, name: str) -> dict[str, Any]:
    return {"source": Source.objects.get().pk, "kind": kind, "name": name}


class TestUnmapped:
    def test_lists_names_with_how_many_events_wait_for_them(self) -> None:
        said = operators.text(operators.operator().get(UNMAPPED))

        assert "sk 1/ü&x consumer 2 urn:gateway:west-1 westcloud" in said
        assert "gpt-4o@eastus deployment 1 urn:gateway:west-1 westcloud" in said
        assert said.index("sk 1/ü&x") < said.index("gpt-4o@eastus")

    def test_offers_no_mapping_to_those_who_may_only_look(self) -> None:
        viewer = operators.signed_in(operators.person("viewer", "ledger.view_sourcename"))

        page = viewer.get(UNMAPPED)

        assert page.status_code == 200
        assert MAP not in page.content.decode()

    def test_is_two_clicks_from_a_set_aside_event(self) -> None:
        client = operators.operator()
        aside = client.get(reverse("admin:ledger_set_aside") + "?reason=unknown_deployment")

        form = client.get(operators.link(aside, "Map"))
        answer = client.post(
            form.request["PATH_INFO"] + "?" + form.request["QUERY_STRING"],
            {"word": "1", "target": "code:qwen"},
        )

        assert answer.status_code == 302
        row = SourceName.objects.get()
        assert (row.name, row.kind, row.source) == ("gpt-4o", "deployment", factories.SOURCE)


class TestMapping:
    def post(self, said: dict[str, Any], **asked: Any) -> Any:
        client = operators.operator()
        return client.post(
            MAP, said, query_params={**word("consumer", "sk 1/ü&x"), **asked}, follow=True
        )

    def test_publishes_in_the_operators_name_and_has_what_waits_rated(
        self, woken: list[int]
    ) -> None:
        answer = self.post({"target": "code:acme", "project": "search"})

        rated = rate.retry_set_aside(now=datetime.now(UTC))
        assert "sk 1/ü&x stands for acme from 2020-01-01 00:00:00 UTC" in operators.text(answer)
        assert Publication.objects.latest("id").published_by == "operator"
        assert rated is not None
        assert rated.entered == 2
        assert set(UsageEntry.objects.values_list("project", flat=True)) == {"search"}
        assert woken == [1]
        assert audit.run() == []

    def test_maps_for_every_source_from_a_time_that_is_said(self) -> None:
        self.post({"target": "code:globex", "every_source": "on", "valid_from": "2026-10-01T00:15"})

        row = SourceName.objects.get()
        assert (row.source, row.consumer and row.consumer.code) == ("", "globex")
        assert row.valid_from == datetime(2026, 10, 1, 0, 15, tzinfo=UTC)

    def test_withdraws(self) -> None:
        self.post({"target": "code:acme"})
        answer = self.post({"target": "nothing"})

        assert "stands for nothing from" in operators.text(answer)
        assert SourceName.objects.filter(withdrawn=True).count() == 1

    def test_says_that_a_mapping_holds_already(self) -> None:
        self.post({"target": "code:acme"})
        answer = self.post({"target": "code:acme"})

        assert "stands for acme already" in operators.text(answer)
        assert SourceName.objects.count() == 1

    @pytest.mark.parametrize(
        ("said", "complaint"),
        [
            ({}, "This field is required"),
            ({"target": "code:atlantis"}, "Select a valid choice"),
            ({"target": "code:eastcloud"}, "Select a valid choice"),
            ({"target": "code:acme", "valid_from": "2026-10-01T00:07"}, "quarter hour"),
            ({"target": "code:acme", "valid_from": "yesterday"}, "Enter a valid date/time"),
            ({"target": "nothing", "project": "x"}, "a withdrawn name has no project"),
        ],
    )
    def test_asks_again_when_something_is_wrong(self, said: dict[str, str], complaint: str) -> None:
        answer = self.post(said)

        assert answer.status_code == 200
        assert complaint in operators.text(answer)
        assert not SourceName.objects.exists()
        assert SetAside.objects.count() == 3

    @pytest.mark.parametrize(
        "asked", [{"source": 4711}, {"kind": "model"}, {"source": "x"}, {"name": "x" * 513}]
    )
    def test_asks_first_which_word_is_meant(self, asked: dict[str, Any]) -> None:
        answer = operators.operator().get(MAP, {**word("consumer", "sk-1"), **asked})

        assert answer.status_code == 200
        assert "Go on" in operators.text(answer)

    def test_takes_a_permission_of_its_own(self) -> None:
        viewer = operators.signed_in(operators.person("viewer", "ledger.view_sourcename"))

        answers = [
            viewer.get(MAP, word("consumer", "sk-1")),
            viewer.post(MAP, {"target": "code:acme"}, query_params=word("consumer", "sk-1")),
        ]

        assert [answer.status_code for answer in answers] == [403, 403]
        assert not SourceName.objects.exists()


class TestHistory:
    def test_is_shown_with_the_mapping_and_on_the_form(self) -> None:
        naming.publish(
            naming.consumer("sk-1", "acme", project="search"),
            naming.consumer("sk-1", "globex", valid_from="2026-10-01T00:00:00Z"),
        )
        client = operators.operator()
        row = SourceName.objects.latest("id")

        page = client.get(f"{LIST}{row.pk}/change/")
        form = client.get(operators.link(page, "Map it anew"))

        history = "globex 2026-10-01 00:00:00 1 2026-10-20 12:00:00"
        assert f"{history} tests acme search 2023-01-01 00:00:00 1" in operators.text(page)
        assert "globex every source 2026-10-01 00:00:00 1" in operators.text(form)

    def test_is_searched_and_filtered(self) -> None:
        naming.publish(
            naming.consumer("sk-1", "acme"), naming.deployment("gpt-4o", "qwen", source="urn:x")
        )
        client = operators.operator()

        found = operators.text(client.get(LIST, {"q": "urn:x"}))
        filtered = operators.text(client.get(LIST, {"kind__exact": "consumer"}))

        assert "gpt-4o" in found
        assert "sk-1" not in found
        assert "sk-1" in filtered
        assert "gpt-4o" not in filtered
