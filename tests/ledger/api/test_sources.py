"""Sources, what their names stand for, and which stand for nothing yet."""

import json
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from ledger import tasks
from ledger.parties.models import Source
from ledger.rating import rate
from tests import factories
from tests.factories import NOW, version

pytestmark = pytest.mark.django_db

BEGINNING = "2020-01-01T00:00:00Z"


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "wake_set_aside", lambda: None)


def get(client: Client, address: str) -> dict[str, Any]:
    response = client.get(address)
    assert response.status_code == 200, response.content
    answer: dict[str, Any] = json.loads(response.content)
    return answer


def source_of(provider: str) -> int:
    return Source.objects.get(provider__code=provider).pk


def post(client: Client, source_id: int, body: Any, **options: Any) -> tuple[int, dict[str, Any]]:
    response = client.post(
        f"/v1/sources/{source_id}/names",
        body if isinstance(body, bytes) else json.dumps(body),
        content_type=options.get("content_type", "application/json"),
    )
    answer: dict[str, Any] = json.loads(response.content)
    return response.status_code, answer


def consumer(name: str, target: str | None, **more: Any) -> dict[str, Any]:
    return {"kind": "consumer", "name": name, "target": target, **more}


class TestSources:
    def test_are_those_of_the_provider(self, westcloud: Client) -> None:
        (source,) = get(westcloud, "/v1/sources")["items"]

        assert source == {
            "id": str(source_of("westcloud")),
            "uri": factories.SOURCE,
            "provider": "westcloud",
            "accepts_from": BEGINNING,
            "first_seen_at": "2026-10-20T12:00:00Z",
        }

    def test_are_listed_page_by_page_to_the_platform(self, platform: Client) -> None:
        first = get(platform, "/v1/sources?limit=1")
        second = get(platform, first["next"])

        listed = [*first["items"], *second["items"]]
        assert [one["provider"] for one in listed] == ["westcloud", "eastcloud"]
        assert second["next"] is None


class TestUnmapped:
    def test_counts_the_events_that_wait_for_each_name(self, platform: Client) -> None:
        factories.record(
            factories.event("w-1", consumer="sk-1"),
            factories.event("w-2", consumer="sk-1", occurred_at=NOW),
            factories.event("w-3", consumer="a/b: c"),
            factories.event("w-4", deployment="gpt-4o@eastus", source="urn:gateway:west-2"),
            factories.event("w-5", consumer="westcloud"),
        )
        rate.rate_pending(now=NOW)

        listed = get(platform, "/v1/sources/unmapped")["items"]

        assert [
            (one["provider"], one["uri"], one["kind"], one["name"], one["events"]) for one in listed
        ] == [
            ("westcloud", factories.SOURCE, "consumer", "a/b: c", 1),
            ("westcloud", factories.SOURCE, "consumer", "sk-1", 2),
            ("eastcloud", factories.SOURCE, "deployment", "beta-model", 1),
            ("westcloud", "urn:gateway:west-2", "deployment", "gpt-4o@eastus", 1),
        ]
        assert (listed[1]["first_at"], listed[1]["last_at"]) == (
            "2026-10-05T02:30:00Z",
            "2026-10-20T12:00:00Z",
        )

    def test_is_read_page_by_page(self, westcloud: Client) -> None:
        factories.record(*(factories.event(f"w-{n}", deployment=f"{n}/x") for n in "abc"))
        rate.rate_pending(now=NOW)

        listed, address = [], "/v1/sources/unmapped?limit=1"
        while address:
            page = get(westcloud, address)
            listed += [one["name"] for one in page["items"]]
            address = page["next"]

        assert listed == ["a/x", "b/x", "c/x"]

    @pytest.mark.parametrize("cursor", ["WzFd", "IjEvcHJvamVjdC9hIg", "Ii0xL2NvbnN1bWVyL2Ei"])
    def test_refuses_a_cursor_of_another_list(self, westcloud: Client, cursor: str) -> None:
        response = westcloud.get(f"/v1/sources/unmapped?cursor={cursor}")

        assert json.loads(response.content)["type"] == "/problems/invalid-cursor"


class TestNames:
    def test_are_those_in_force_now(self, westcloud: Client) -> None:
        source_id = source_of("westcloud")
        factories.publish(
            {
                "source_names": [
                    version(provider="westcloud", kind="consumer", name="later", consumer="acme")
                    | {"valid_from": "2100-01-01T00:00:00Z"},
                    version(provider="westcloud", kind="consumer", name="acme-key", withdrawn=True)
                    | {"valid_from": "2024-01-01T00:00:00Z"},
                    version(
                        provider="westcloud",
                        source=factories.SOURCE,
                        kind="deployment",
                        name="gpt-4o",
                        deployment="qwen",
                    ),
                    version(
                        provider="westcloud",
                        source="urn:another",
                        kind="deployment",
                        name="gpt-5",
                        deployment="qwen",
                    ),
                ]
            }
        )

        now = get(westcloud, f"/v1/sources/{source_id}/names")["items"]
        ever = get(westcloud, f"/v1/sources/{source_id}/names?history=true")["items"]

        assert [(one["name"], one["target"], one["every_source"]) for one in now] == [
            ("gpt-4o", "qwen", False)
        ]
        assert [(one["name"], one["target"]) for one in ever] == [
            ("acme-key", "acme"),
            ("later", "acme"),
            ("acme-key", None),
            ("gpt-4o", "qwen"),
        ]

    def test_are_found_by_kind_and_name_and_page_by_page(self, westcloud: Client) -> None:
        source_id = source_of("westcloud")
        wanted = [consumer(f"sk-{n}", "acme") for n in range(3)]
        post(westcloud, source_id, wanted)
        names = f"/v1/sources/{source_id}/names"

        first = get(westcloud, f"{names}?kind=consumer&limit=2")
        second = get(westcloud, first["next"])

        assert [one["name"] for page in (first, second) for one in page["items"]] == [
            "acme-key",
            "sk-0",
            "sk-1",
            "sk-2",
        ]
        assert get(westcloud, f"{names}?kind=deployment")["items"] == []
        assert len(get(westcloud, f"{names}?name=sk-1")["items"]) == 1

    @pytest.mark.parametrize("query", ["history=yes", "kind=model", "at=2026-01-01"])
    def test_refuse_a_parameter_that_is_not_understood(self, westcloud: Client, query: str) -> None:
        response = westcloud.get(f"/v1/sources/{source_of('westcloud')}/names?{query}")

        assert response.status_code == 400

    def test_take_three_queries(
        self, westcloud: Client, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        source_id = source_of("westcloud")
        get(westcloud, "/v1/sources")

        with django_assert_num_queries(3):  # the key, the source, its names
            get(westcloud, f"/v1/sources/{source_id}/names")
