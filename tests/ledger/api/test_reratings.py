"""Re-ratings as the API takes and tells them: dry run, proposal, approval by another person."""

import json
from typing import Any

import pytest
from django.test import Client

from ledger import tasks
from ledger.rating import rate
from ledger.rating.identity import public_id
from ledger.rating.models import UsageEntry
from ledger.rating.rerating.models import Rerating
from tests import callers, factories, rerating
from tests.factories import NOW
from tests.settlement import factories as settling

pytestmark = pytest.mark.django_db

OCTOBER = {"starts_at": "2026-10-01T00:00:00Z", "ends_at": "2026-11-01T00:00:00+00:00"}
PROPOSAL = {**OCTOBER, "reason": "the tariff was wrong"}


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return what grows when a worker is told that a re-rating was approved."""
    bell: list[int] = []
    monkeypatch.setattr(tasks, "wake_reratings", lambda: bell.append(1))
    return bell


@pytest.fixture(autouse=True)
def _dearer() -> None:
    settling.publish()
    factories.record(factories.event("a"))
    rate.rate_pending(now=NOW)
    rerating.publish(rerating.electricity("0.72"))


@pytest.fixture
def maker() -> Client:
    callers.user("maker")
    return callers.client("clearwatt", user_name="maker")


@pytest.fixture
def checker() -> Client:
    callers.user("checker")
    return callers.client("clearwatt", user_name="checker")


def post(client: Client, path: str, body: Any = None, *, status: int) -> dict[str, Any]:
    """Send a body, or none, and return what was answered."""
    given: dict[str, Any] = (
        {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
    )
    response = client.post(path, **given)
    assert response.status_code == status, response.content
    answered: dict[str, Any] = json.loads(response.content)
    return answered


def get(client: Client, path: str, *, status: int = 200) -> dict[str, Any]:
    response = client.get(path)
    assert response.status_code == status, response.content
    answered: dict[str, Any] = json.loads(response.content)
    return answered


class TestPreview:
    def test_tells_by_consumer_provider_and_day(self, maker: Client) -> None:
        shown = post(maker, "/v1/reratings/preview", OCTOBER, status=200)

        (line,) = shown["differences"]
        assert (shown["entries"], shown["standing"], shown["lacks"]) == (1, 1, [])
        assert (line["consumer"], line["provider"], line["day"], line["currency"]) == (
            *("acme", "westcloud"),
            *("2026-10-05", "CNY"),
        )
        assert line["difference"]["price"] == "0.000319440000"
        assert line["after"]["energy_joules"] == "2904.000000000000"
        assert not Rerating.objects.exists()


class TestPropose:
    def test_and_approve_take_two_people(
        self, maker: Client, checker: Client, rung: list[int]
    ) -> None:
        proposed = post(maker, "/v1/reratings", PROPOSAL, status=201)
        path = f"/v1/reratings/{proposed['id']}"

        refused = post(maker, f"{path}/approve", status=403)
        approved = post(checker, f"{path}/approve", status=200)
        rerating.apply()
        applied = get(maker, path)

        assert (proposed["state"], proposed["asked_by"]) == ("proposed", "maker")
        assert refused["type"] == "/problems/rerating-approver-proposed"
        assert (approved["state"], approved["approved_by"], rung) == ("approved", "checker", [1])
        assert (applied["state"], applied["taken_back"], applied["until"]) == (
            *("applied", 1),
            "2026-11-01T00:00:00Z",
        )
        assert applied["preview"]["differences"] == proposed["preview"]["differences"]
        assert get(maker, "/v1/reratings?state=applied")["items"][0]["id"] == proposed["id"]

    def test_can_be_withdrawn(self, maker: Client) -> None:
        proposed = post(maker, "/v1/reratings", PROPOSAL, status=201)
        path = f"/v1/reratings/{proposed['id']}/withdraw"

        withdrawn = post(maker, path, status=200)

        assert (withdrawn["state"], withdrawn["outcome"]) == ("withdrawn", "withdrawn by maker")
        assert post(maker, path, status=409)["type"] == "/problems/rerating-not-open"

    @pytest.mark.parametrize(
        ("body", "part"),
        [
            ({**PROPOSAL, "provider": "nobody"}, "provider"),
            ({**PROPOSAL, "ends_at": OCTOBER["starts_at"]}, "to"),
            ({**PROPOSAL, "starts_at": "October"}, "starts_at"),
            ({**PROPOSAL, "starts_at": "9999-10-01T00:00:00Z"}, "starts_at"),
            ({**PROPOSAL, "reason": "a\x00b"}, "reason"),
            ({**PROPOSAL, "consumer": "a\x00b"}, "consumer"),
            (OCTOBER, "#"),
            ({**PROPOSAL, "day": "2026-10-01"}, "#"),
        ],
    )
    def test_refuses_what_says_no_usage(
        self, maker: Client, body: dict[str, str], part: str
    ) -> None:
        refused = post(maker, "/v1/reratings", body, status=422)

        assert (refused["type"], refused["part"]) == ("/problems/rerating-scope-invalid", part)
        assert not Rerating.objects.exists()

    def test_is_for_the_platforms_people(self) -> None:
        nobody = callers.client("clearwatt")
        provider = callers.client("westcloud", user_name=callers.user("west").username)

        assert post(nobody, "/v1/reratings", PROPOSAL, status=403)["type"].endswith(
            "key-without-user"
        )
        assert post(provider, "/v1/reratings/preview", OCTOBER, status=403)["type"].endswith(
            "party-not-allowed"
        )


class TestReading:
    def test_shows_other_parties_nothing(self, maker: Client) -> None:
        proposed = post(maker, "/v1/reratings", PROPOSAL, status=201)
        acme = callers.client("acme")

        assert get(acme, "/v1/reratings")["items"] == []
        hidden = get(acme, f"/v1/reratings/{proposed['id']}", status=404)
        assert hidden["type"] == "/problems/no-such-rerating"


class TestExplain:
    def test_names_the_run_and_who_wanted_it(self) -> None:
        run = rerating.rerate()
        acme = callers.client("acme")
        paths = {
            entry.kind: public_id(occurred_at=entry.occurred_at, id_=entry.pk)
            for entry in UsageEntry.objects.all()
        }

        told = {
            kind: get(acme, f"/v1/usage-entries/{id_}/explain")["reratings"]
            for kind, id_ in paths.items()
        }

        why = {
            "rerating": str(run.pk),
            "reason": "the tariff was wrong",
            "asked_by": "proposer",
            "approved_by": "approver",
            "applied_at": "2026-10-20T12:01:00Z",
        }
        assert told == {
            "usage": [{"did": "took_back", **why}],
            "reversal": [{"did": "booked", **why}],
            "rerate": [{"did": "booked", **why}],
        }
