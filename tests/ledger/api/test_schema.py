"""The OpenAPI document is valid, complete, and true."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from config.problems import PROBLEMS
from ledger.rating.models import UsageEntry
from tests.ledger.api.test_isolation import filled, readable_paths

pytestmark = pytest.mark.django_db
SIGNATURE = ("id", "timestamp", "signature")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """Return the document as it is served."""
    response = Client().get("/v1/schema", headers={"Accept": "application/vnd.oai.openapi+json"})
    loaded: dict[str, Any] = json.loads(response.content)
    return loaded


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return every operation with a name to tell it by."""
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def validator(document: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    """Return what holds a value against a schema of the document, dates included."""
    return Draft202012Validator(
        {**schema, "components": document["components"]},
        format_checker=Draft202012Validator.FORMAT_CHECKER,
    )


class TestDocument:
    def test_is_valid_openapi_3_1(self, document: dict[str, Any]) -> None:
        assert document["openapi"] == "3.1.0"
        validate(document)

    def test_is_written_without_a_warning(self, tmp_path: Path) -> None:
        call_command("spectacular", "--fail-on-warn", "--file", str(tmp_path / "schema.yaml"))

    def test_offers_the_paths_that_were_promised(self, document: dict[str, Any]) -> None:
        assert {
            "/v1/events",
            "/api/v1/events",
            "/v1/litellm",
            "/v1/otlp/v1/traces",
            "/v1/accounts",
            "/v1/accounts/{code}",
            "/v1/accounts/{code}/balance",
            "/v1/accounts/{code}/postings",
            "/v1/entries/{entry_id}",
            "/v1/entries/{entry_id}/usage",
            "/v1/usage-entries/{usage_entry_id}",
            "/v1/usage-entries/{usage_entry_id}/explain",
            "/v1/batches/{batch_id}",
            "/v1/set-aside",
            "/v1/sources",
            "/v1/sources/unmapped",
            "/v1/sources/{source_id}/names",
            "/v1/sources/{source_id}/gaps",
            "/v1/sources/{source_id}/coverage",
            "/v1/sources/{source_id}/manifests",
            "/v1/meter-readings",
            "/v1/energy-bills",
            "/v1/sites/{site}/energy",
            "/v1/sites/{site}/green",
            "/v1/health",
            "/v1/settlements",
            "/v1/settlements/{settlement_id}",
            "/v1/settlements/{settlement_id}/approve",
        } <= document["paths"].keys()

    def test_describes_every_operation(self, document: dict[str, Any]) -> None:
        for name, operation in operations(document):
            assert operation["summary"], name
            assert operation["description"], name
            assert operation["tags"], name
            for parameter in operation.get("parameters", []):
                assert parameter.get("$ref") or parameter["description"], name

    def test_asks_every_operation_but_health_for_a_key(self, document: dict[str, Any]) -> None:
        scheme = document["components"]["securitySchemes"]["apiKey"]

        assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
        for name, operation in operations(document):
            keyless = name == "GET /v1/health"
            assert operation.get("security", []) == ([] if keyless else [{"apiKey": []}]), name
            assert ("401" in operation["responses"]) is not keyless, name
            assert re.match(r"Scope `[a-z:]+`", operation["description"]) or keyless, name

    def test_tells_of_the_headers_of_limited_keys(self, document: dict[str, Any]) -> None:
        for name, operation in operations(document):
            keyed = name != "GET /v1/health"
            for code, response in operation["responses"].items():
                limits = {"RateLimit", "RateLimit-Policy"} if keyed and code != "401" else set()
                waits = {"Retry-After"} if code in ("429", "503") else set()
                assert response.get("headers", {}).keys() == limits | waits, f"{name} {code}"
            assert ("429" in operation["responses"]) is keyed, name

    def test_tells_of_signatures_where_something_is_changed(self, document: dict[str, Any]) -> None:
        headers = {f"#/components/parameters/webhook-{one}" for one in SIGNATURE}
        problems = ("missing", "invalid", "out-of-time", "replayed")
        for name, operation in operations(document):
            said = json.dumps(operation)
            references = {one.get("$ref") for one in operation.get("parameters", [])}
            changes = not name.startswith("GET ")
            assert (references & headers == headers) is changes, name
            for problem in problems:
                assert (f"/problems/signature-{problem}" in said) is changes, f"{name} {problem}"

    def test_gives_every_answer_an_example_that_fits(self, document: dict[str, Any]) -> None:
        for name, operation in operations(document):
            contents = [
                (code, media_type, content)
                for code, response in operation["responses"].items()
                for media_type, content in response.get("content", {}).items()
            ]
            for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
                contents.append(("request", media_type, content))
            for code, _, content in contents:
                checked = validator(document, content["schema"])
                examples = [example["value"] for example in content.get("examples", {}).values()]
                assert examples or code == "default", f"{name} {code}"
                for example in examples:
                    checked.validate(example)

    def test_answers_refusals_as_problems_of_the_table(self, document: dict[str, Any]) -> None:
        for name, operation in operations(document):
            for code, response in operation["responses"].items():
                if not code.startswith("2") and "otlp" not in name:
                    (content,) = response["content"].items()
                    assert content[0] == "application/problem+json", name
                    for example in content[1].get("examples", {}).values():
                        problem = example["value"]["type"].rpartition("/")[2]
                        assert str(PROBLEMS[problem].status) == code, name

    def test_answers_refusals_of_traces_as_otlp_has_it(self, document: dict[str, Any]) -> None:
        responses = document["paths"]["/v1/otlp/v1/traces"]["post"]["responses"]

        for code, response in responses.items():
            assert set(response["content"]) == {"application/json", "application/x-protobuf"}
            for example in response["content"]["application/json"]["examples"].values():
                if code != "200":
                    found = re.search(r"\(/problems/([a-z-]+)\)$", example["value"]["message"])
                    assert found, example
                    assert str(PROBLEMS[found[1]].status) == code

    @pytest.mark.usefixtures("corrected")
    def test_is_true_of_what_is_answered(
        self, document: dict[str, Any], platform: Client, westcloud: Client
    ) -> None:
        assert UsageEntry.objects.count() == 3
        for path in readable_paths():
            responses = document["paths"][path]["get"]["responses"]
            for client in (platform, westcloud):
                for address in filled(path):
                    response = client.get(address)
                    code = str(response.status_code)
                    media_type = response["Content-Type"]
                    schema = responses[code]["content"][media_type]["schema"]
                    validator(document, strict(document, schema)).validate(
                        json.loads(response.content)
                    )


def strict(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema with no room for members that it does not describe; problems have some."""
    name = schema["$ref"].rpartition("/")[2]
    if name == "Problem":
        return schema
    described = document["components"]["schemas"][name]
    return {**described, "additionalProperties": False}


class TestPage:
    def test_shows_the_document_with_assets_of_our_own(self) -> None:
        page = Client().get("/v1/docs").content.decode()

        addresses = re.findall(r"""(?:src|href)="([^"]+)""", page)
        assert addresses
        assert all(address.startswith("/static/") for address in addresses)
        assert 'url: "/v1/schema"' in page
        assert '"validatorUrl": null' in page

    def test_finds_its_assets(self) -> None:
        page = Client().get("/v1/docs").content.decode()

        for address in re.findall(r"""(?:src|href)="([^"]+)""", page):
            response = Client().get(address)
            assert response.status_code == 200, address
            response.close()

    def test_is_reached_from_the_front_page(self) -> None:
        page = Client().get("/").content.decode()

        assert 'href="/v1/docs"' in page
        assert 'href="/admin/"' in page
