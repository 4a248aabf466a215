"""Every refusal is a problem document, and every problem is explained."""

import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, OperationalError, connection, transaction
from django.http import Http404
from django.test import Client, RequestFactory
from rest_framework import exceptions

import ledger
import settlement
from config import problems
from config.pages import explanations
from config.problems import PROBLEMS, Problem
from ledger.api.problem_examples import PROBLEM_EXAMPLES
from ledger.errors import LedgerError
from tests.callers import party


class Refusal(LedgerError):
    """A refusal that knows something of everything."""

    problem = "invalid-parameter"

    def __init__(self) -> None:
        self.amount = Decimal("1E+3")
        self.day = date(2026, 10, 1)
        self.at = datetime(2026, 10, 1, 8, tzinfo=UTC)
        self.known = {"b": [1, None], "a": {"c"}}
        self.title = "mine"
        self._secret = "kept"
        super().__init__("this is refused")


def modules(package: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if ".migrations" not in found.name:
            yield importlib.import_module(found.name)


def subclasses(of: type[LedgerError]) -> Iterator[type[LedgerError]]:
    for kind in of.__subclasses__():
        yield kind
        yield from subclasses(kind)


def body(response: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(response.content)
    return loaded


@pytest.fixture(scope="module")
def raised() -> set[str]:
    """Return the problems of every error that the ledger and settlement define."""
    for package in (ledger, settlement):
        list(modules(package))
    return {
        kind.problem
        for kind in subclasses(LedgerError)
        if kind.__module__.startswith(("ledger", "settlement"))
    }


class TestTable:
    def test_has_a_row_for_every_error_of_the_ledger(self, raised: set[str]) -> None:
        assert raised - PROBLEMS.keys() == set()

    def test_has_no_row_that_nothing_raises(self, raised: set[str]) -> None:
        foreign = {name for _, name in problems.FOREIGN}
        rest = {"ledger-error", "internal-error", "database-unavailable", "invalid-request"}

        assert PROBLEMS.keys() - raised - foreign - rest == set()

    def test_is_explained_row_by_row_in_the_documentation(self) -> None:
        text = (settings.BASE_DIR / "docs" / "problems.md").read_text()
        headings = re.findall(r"^### (\S+)$", text, flags=re.MULTILINE)

        assert sorted(headings) == sorted(PROBLEMS)
        assert all(text.strip() for text in explanations().values())

    def test_agrees_with_the_examples_of_the_api(self) -> None:
        for name, example in PROBLEM_EXAMPLES.items():
            assert Problem(example["status"], example["title"]) == PROBLEMS[name]
            assert example["type"] == f"/problems/{name}"


class TestHandler:
    def test_tells_what_the_error_knows(self) -> None:
        response = problems.handler(Refusal(), {})

        assert response.status_code == 400
        assert response.content_type == "application/problem+json"
        assert response.data == {
            "type": "/problems/invalid-parameter",
            "title": "A parameter has no such value",
            "status": 400,
            "detail": "this is refused",
            "amount": "1000",
            "day": "2026-10-01",
            "at": "2026-10-01T08:00:00Z",
            "known": {"b": [1, None], "a": ["c"]},
        }

    @pytest.mark.parametrize(
        ("error", "name"),
        [
            (Http404(), "not-found"),
            (PermissionDenied(), "forbidden"),
            (exceptions.ParseError(), "unreadable-body"),
            (exceptions.NotFound(), "not-found"),
            (exceptions.MethodNotAllowed("PUT"), "method-not-allowed"),
            (exceptions.NotAcceptable(), "not-acceptable"),
            (exceptions.UnsupportedMediaType("text/csv"), "unsupported-content-type"),
            (exceptions.Throttled(wait=7), "throttled"),
            (exceptions.ValidationError({"amount": "is odd"}), "invalid-request"),
            (OperationalError("server closed the connection"), "database-unavailable"),
            (ValueError("nobody foresaw this"), "internal-error"),
        ],
    )
    def test_answers_what_the_frameworks_raise(self, error: Exception, name: str) -> None:
        response = problems.handler(error, {})

        assert response.status_code == PROBLEMS[name].status
        assert response.data["type"] == f"/problems/{name}"

    def test_keeps_to_itself_what_nobody_foresaw(self, caplog: pytest.LogCaptureFixture) -> None:
        response = problems.handler(ValueError("password is hunter2"), {})

        assert "hunter2" not in json.dumps(response.data)
        assert "hunter2" in caplog.text

    def test_says_when_to_try_again(self) -> None:
        assert problems.handler(exceptions.Throttled(wait=7), {})["Retry-After"] == "7"
        assert problems.handler(OperationalError(), {})["Retry-After"] == "5"

    @pytest.mark.django_db
    def test_names_the_rule_behind_a_refusal_of_the_database(self) -> None:
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            party("Not A Code")

        response = problems.handler(refused.value, {})

        assert response.data["type"] == "/problems/refused-by-the-books"
        assert response.data["constraint"] == "ledger_party_code_form"

    @pytest.mark.django_db
    def test_turns_an_attack_on_the_journal_into_append_only(self) -> None:
        with (
            pytest.raises(IntegrityError) as refused,
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("DELETE FROM ledger_posting")

        response = problems.handler(refused.value, {})

        assert (response.status_code, response.data["type"]) == (409, "/problems/append-only")


class TestPaths:
    def test_answer_unknown_ones_under_the_api_as_problems(self) -> None:
        response = Client().get("/v1/nothing/here")

        assert response.status_code == 404
        assert response["Content-Type"] == "application/problem+json"
        assert body(response)["detail"] == "/v1/nothing/here is no path of this API"

    def test_answer_unknown_ones_elsewhere_as_pages(self) -> None:
        response = Client().get("/nothing")

        assert response.status_code == 404
        assert response["Content-Type"].startswith("text/html")

    @pytest.mark.parametrize(
        ("path", "content_type"), [("/v1/x", "application/problem+json"), ("/x", "text/html")]
    )
    def test_fail_in_the_form_of_their_place(self, path: str, content_type: str) -> None:
        request = RequestFactory().get(path)

        for response in (
            problems.server_error(request),
            problems.bad_request(request, ValueError()),
            problems.not_found(request, Http404()),
        ):
            assert response["Content-Type"].startswith(content_type)


class TestPages:
    def test_list_every_problem(self) -> None:
        page = Client().get("/problems").content.decode()

        assert all(f'href="/problems/{name}"' in page for name in PROBLEMS)

    @pytest.mark.parametrize("name", sorted(PROBLEMS))
    def test_explain_each_problem_under_its_type(self, name: str) -> None:
        response = Client().get(problems.document(name, detail="")["type"])

        assert response.status_code == 200
        assert PROBLEMS[name].title in response.content.decode()
        assert "<p>" in explanations()[name]

    def test_have_no_page_for_what_is_no_problem(self) -> None:
        assert Client().get("/problems/none").status_code == 404

    @pytest.mark.parametrize("path", ["/", "/problems", "/problems/key-missing", "/v1/docs"])
    def test_load_nothing_from_other_hosts(self, path: str) -> None:
        page = Client().get(path).content.decode()

        assert (
            re.findall(r"""(?:src|href|url)\s*[=:(]\s*["']?(?:https?:)?//[^"')\s]*""", page) == []
        )
