"""POST /v1/quotes: the worked example of docs/api.md, who sees what, and what is refused."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from ledger.api import quote_examples
from tests import callers
from tests.ledger.pricing.quoting.test_quotes import shipped

PAGE = Path(__file__).resolve().parents[3] / "docs" / "api.md"
QUOTE = {"deployments": ["qwen"], "lines": [{"tokens": {"output": 10}}]}

pytestmark = pytest.mark.django_db


def ask(client: Client, body: Any) -> Any:
    return client.post("/v1/quotes", json.dumps(body), content_type="application/json")


def worked() -> list[Any]:
    """Return the blocks of JSON in the section on quotes."""
    section = (
        PAGE.read_text(encoding="utf-8").split("## What usage would cost")[1].split("\n## ")[0]
    )
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)```", section, re.DOTALL)]


class TestTheWorkedExample:
    def test_is_answered_as_the_documents_say(self) -> None:
        shipped()
        westcloud = callers.client("westcloud")
        question, excerpt = worked()

        answer = ask(westcloud, question)

        assert answer.status_code == 200
        (quote,) = answer.json()["quotes"]
        sites = {one["site"]: one for one in quote["sites"]}
        assert quote["cheapest"] == excerpt["cheapest"]
        for site, said in excerpt["sites"].items():
            found = sites[site]
            assert {name: found["amounts"][name] for name in said["amounts"]} == said["amounts"]
            for name, value in said.get("move", {}).items():
                assert found["move"][name] == value
        assert question == quote_examples.WANTED_QUOTE
        assert answer.json()["quotes"] == quote_examples.QUOTES["quotes"]


class TestWhoSeesWhat:
    def test_a_consumer_sees_prices_and_no_cost_unless_it_is_disclosed(
        self, acme: Client, beta: Client
    ) -> None:
        (kept,) = ask(acme, QUOTE).json()["quotes"]
        (disclosed,) = ask(beta, QUOTE).json()["quotes"]

        assert kept["sites"][0]["amounts"]["price"] == disclosed["sites"][0]["amounts"]["price"]
        assert kept["sites"][0]["amounts"]["cost"] is None
        assert kept["sites"][0]["cost_by_grade"] is None
        assert kept["sites"][0]["moments"][0]["electricity"] is None
        assert disclosed["sites"][0]["amounts"]["cost"]["compute"] == "0.000060000000"
        assert (kept["provider"], disclosed["provider"]) == ("westcloud", "eastcloud")

    def test_a_stranger_sees_nothing(self, acme: Client) -> None:
        for change in ({"deployments": ["eastcloud/qwen"]}, {"rate_card": "standard"}):
            answer = ask(acme, {**QUOTE, **change})

            assert answer.status_code == 422
            assert answer.json()["type"] == "/problems/quote-invalid"
            assert "eastcloud-beta" not in answer.content.decode()

    def test_the_platform_names_the_provider(self, platform: Client) -> None:
        unclear = ask(platform, {**QUOTE, "consumer": "acme"})
        clear = ask(platform, {**QUOTE, "deployments": ["westcloud/qwen"], "consumer": "acme"})

        assert unclear.json()["errors"][0]["detail"] == (
            "'qwen' is a deployment of eastcloud, westcloud; write provider/code"
        )
        assert clear.json()["quotes"][0]["terms"] == "westcloud-acme"


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"deployments": None}, "#/deployments"),
            ({"model": "qwen"}, "#/deployments"),
            ({"lines": []}, "#/lines"),
            ({"lines": [{"tokens": {}}]}, "#/lines"),
            ({"lines": [{"tokens": {"outputs": 1}}]}, "#/lines/0/tokens"),
            ({"lines": [{"tokens": {"output": -1}}]}, "#/lines/0/tokens/output"),
            ({"agreement": "a", "consumer": "b"}, "#/agreement"),
            ({"at": "yesterday"}, "#/at"),
            ({"at": "2026-10-05T00:00:00Z", "day": "2026-10-05"}, "#/at"),
            ({"day": "2026-02-30"}, "#/day"),
            ({"save_percent": "100"}, "#/save_percent"),
            ({"sites": ["atlantis"]}, "#/sites/0"),
            ({"deployments": ["q\u0000"]}, "#"),
            ({"agreement": "none-such"}, "#/agreement"),
        ],
    )
    def test_is_named_by_its_place(
        self, acme: Client, change: dict[str, Any], pointer: str
    ) -> None:
        answer = ask(acme, {**QUOTE, **change})

        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]

    def test_is_no_json(self, acme: Client) -> None:
        answer = acme.post("/v1/quotes", b"{", content_type="application/json")

        assert (answer.status_code, answer.json()["type"]) == (400, "/problems/unreadable-body")
