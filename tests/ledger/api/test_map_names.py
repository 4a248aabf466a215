"""Saying over the API what names stand for: since when, by whom, and what is refused."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from ledger import audit, tasks
from ledger.parties.models import Source
from ledger.pricing.models import Publication
from ledger.pricing.source_names import SourceName
from ledger.pricing.tariff import slot_of, slot_starts_at
from ledger.rating import rate
from ledger.rating.models import SetAside, UsageEntry
from tests import callers, factories
from tests.factories import NOW
from tests.ledger.api.test_sources import consumer, post, source_of

pytestmark = pytest.mark.django_db

BEGINNING = "2020-01-01T00:00:00Z"


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return what grows when a worker is told that something was published."""
    rung: list[int] = []
    monkeypatch.setattr(tasks, "wake_set_aside", lambda: rung.append(1))
    return rung


def next_quarter_hour() -> datetime:
    return slot_starts_at(slot_of(datetime.now(UTC)) + 1)


def held(name: str) -> list[tuple[str | None, str, datetime, int]]:
    """Return (target, project, valid from, revision) of every version of a name."""
    rows = SourceName.objects.filter(name=name).order_by("id").select_related("consumer")
    return [
        (
            row.consumer.code if row.consumer else None,
            row.project,
            row.valid_from,
            row.revision,
        )
        for row in rows
    ]


class TestMapNames:
    def test_maps_a_name_from_the_beginning_and_has_its_events_rated(
        self, westcloud: Client, woken: list[int]
    ) -> None:
        factories.record(factories.event("w-1", consumer="sk-1"))
        rate.rate_pending(now=NOW)
        wanted = [consumer("sk-1", "acme", project="search")]

        status, answer = post(westcloud, source_of("westcloud"), wanted)
        rated = rate.retry_set_aside(now=datetime.now(UTC))

        assert (status, answer["added"]) == (200, 1)
        assert answer["names"] == [
            {
                "kind": "consumer",
                "name": "sk-1",
                "target": "acme",
                "project": "search",
                "every_source": False,
                "valid_from": BEGINNING,
                "status": "added",
            }
        ]
        assert rated is not None
        assert rated.entered == 1
        assert UsageEntry.objects.get(event_id="w-1").project == "search"
        assert woken == [1]
        assert not SetAside.objects.filter(provider__code="westcloud").exists()
        assert audit.run() == []

    def test_says_who_published_it(self, westcloud: Client) -> None:
        post(westcloud, source_of("westcloud"), [consumer("sk-1", "acme")])

        newest = Publication.objects.latest("id")
        assert newest.published_by.startswith("westcloud, key ")
        assert newest.provides == ["consumer:sk-1"]

    def test_passes_over_what_holds_already(self, westcloud: Client) -> None:
        wanted = [
            consumer("sk-1", "acme"),
            consumer("sk-2", "acme", valid_from="2026-10-01T00:00:00Z"),
            consumer("sk-3", None),
        ]
        post(westcloud, source_of("westcloud"), wanted)
        published = Publication.objects.count()

        status, answer = post(westcloud, source_of("westcloud"), wanted)

        assert (status, answer["publication"], answer["added"]) == (200, None, 0)
        assert [one["status"] for one in answer["names"]] == ["unchanged"] * 3
        assert [one["valid_from"] for one in answer["names"][:2]] == [
            BEGINNING,
            "2026-10-01T00:00:00Z",
        ]
        assert Publication.objects.count() == published
        assert SourceName.objects.filter(name__startswith="sk-").count() == 2

    def test_changes_a_name_from_the_next_quarter_hour(self, westcloud: Client) -> None:
        source_id = source_of("westcloud")
        post(westcloud, source_id, [consumer("sk-1", "acme")])
        post(westcloud, source_id, [consumer("sk-1", "acme", project="search")])
        post(westcloud, source_id, [consumer("sk-1", None)])
        beginning = datetime(2020, 1, 1, tzinfo=UTC)

        first, second, third = held("sk-1")

        assert first == ("acme", "", beginning, 1)
        assert second[:2] == ("acme", "search")
        assert third[:2] == (None, "")
        assert next_quarter_hour() - timedelta(minutes=15) <= second[2] <= next_quarter_hour()

    @pytest.mark.parametrize("name", ["acme", "acme-key"], ids=["a code", "a name of every source"])
    def test_changes_from_the_next_quarter_hour_what_stood_for_something_without_it(
        self, westcloud: Client, name: str
    ) -> None:
        before = len(held(name))

        post(westcloud, source_of("westcloud"), [consumer(name, "acme", project="search")])

        (added,) = held(name)[before:]
        assert added[2] >= next_quarter_hour() - timedelta(minutes=15)

    def test_maps_for_every_source_from_the_earliest_beginning(self, westcloud: Client) -> None:
        earlier = datetime(2019, 5, 1, 0, 7, tzinfo=UTC)
        Source.objects.create(
            provider_id=Source.objects.get(id=source_of("westcloud")).provider_id,
            uri="urn:gateway:west-0",
            accepts_from=earlier,
            first_seen_at=NOW,
        )
        source_id = Source.objects.get(uri=factories.SOURCE, provider__code="westcloud").pk

        post(westcloud, source_id, [consumer("sk-1", "acme", every_source=True)])

        row = SourceName.objects.get(name="sk-1")
        assert (row.source, row.valid_from) == ("", datetime(2019, 5, 1, tzinfo=UTC))

    def test_gives_a_corrected_mapping_of_one_time_the_next_revision(
        self, westcloud: Client
    ) -> None:
        at = "2026-10-01T00:00:00Z"
        source_id = source_of("westcloud")
        post(westcloud, source_id, [consumer("sk-1", "acme", valid_from=at)])
        post(westcloud, source_id, [consumer("sk-1", "acme", valid_from=at, project="x")])

        assert [(project, revision) for _, project, _, revision in held("sk-1")] == [
            ("", 1),
            ("x", 2),
        ]

    @pytest.mark.parametrize(
        ("wanted", "pointers"),
        [
            ([consumer("sk-1", "acme"), consumer("sk-2", "nobody")], ["#/1/target"]),
            ([consumer("sk-1", "beta")], ["#/0/target"]),
            ([{"kind": "deployment", "name": "gpt", "target": "nowhere"}], ["#/0/target"]),
            ([consumer("sk-1", "acme", valid_from="2026-10-01")], ["#/0/valid_from"]),
            ([consumer("sk-1", "acme", valid_from="2026-10-01T00:01:00Z")], ["#/0/valid_from"]),
            ([consumer("sk-1", "acme", valid_from="0001-01-01T00:00:00Z")], ["#/0/valid_from"]),
            (
                [consumer("sk-1", "acme", valid_from="0001-01-01T00:00:00+14:00")],
                ["#/0/valid_from"],
            ),
            ([consumer("sk-1", "acme"), consumer("sk-1", "acme")], ["#/1"]),
            ([consumer("sk-1", None, project="x")], ["#/0"]),
            ([consumer("\x00", "acme"), consumer("y", "\x00")], ["#/0", "#/1"]),
            ([{"kind": "model", "name": "x", "target": "acme"}, {}], ["#/0/kind", "#/1"]),
            ([consumer("x" * 513, "acme"), consumer("y", "")], ["#/0/name", "#/1/target"]),
            ([consumer("x", "acme", colour="red")], ["#/0"]),
            ([{}] * 1_001, ["#"]),
        ],
    )
    def test_points_at_every_fault_and_publishes_nothing(
        self, westcloud: Client, wanted: list[Any], pointers: list[str]
    ) -> None:
        published = Publication.objects.count()

        status, answer = post(westcloud, source_of("westcloud"), wanted)

        assert (status, answer["type"]) == (422, "/problems/names-invalid")
        assert [one["pointer"] for one in answer["errors"]] == pointers
        assert Publication.objects.count() == published
        assert not SourceName.objects.filter(name__startswith="sk").exists()

    @pytest.mark.parametrize(
        ("body", "content_type", "problem"),
        [
            (b"{}", "application/json", "unreadable-body"),
            (b"[", "application/json", "unreadable-body"),
            (b"\xff", "application/json", "unreadable-body"),
            (b"[]", "text/csv", "unsupported-content-type"),
            (b" " * (1024 * 1024 + 1), "application/json", "body-too-large"),
            (b"[" * 10_000, "application/json", "unreadable-body"),
        ],
    )
    def test_refuses_what_is_no_list(
        self, westcloud: Client, body: bytes, content_type: str, problem: str
    ) -> None:
        _, answer = post(westcloud, source_of("westcloud"), body, content_type=content_type)

        assert answer["type"] == f"/problems/{problem}"

    def test_is_for_keys_with_its_scope(self, books: None) -> None:
        reader = callers.client("westcloud", "books:read", "events:write")

        status, answer = post(reader, source_of("westcloud"), [consumer("sk-1", "acme")])

        assert (status, answer["needed"]) == (403, "names:write")
        assert held("sk-1") == []

    def test_of_another_provider_is_answered_as_if_there_were_none(self, westcloud: Client) -> None:
        others = post(westcloud, source_of("eastcloud"), [consumer("sk-1", "acme")])
        nobodys = post(westcloud, 4_711_000, [consumer("sk-1", "acme")])

        assert [others[0], nobodys[0]] == [404, 404]
        assert others[1]["type"] == nobodys[1]["type"] == "/problems/no-such-source"
        assert held("sk-1") == []

    def test_of_a_source_beyond_all_numbers_is_answered_so_too(self, westcloud: Client) -> None:
        for number in (2**63 - 1, 2**63, 10**40):
            path = f"/v1/sources/{number}/names"

            answers = [
                westcloud.get(path),
                westcloud.post(path, "[]", content_type="application/json"),
            ]

            assert [one.status_code for one in answers] == [404, 404]
            assert answers[0].json()["source"] == str(number)

    def test_tells_nothing_of_consumers_of_others(self, westcloud: Client) -> None:
        _, of_others = post(westcloud, source_of("westcloud"), [consumer("sk-1", "beta")])
        _, of_nobody = post(westcloud, source_of("westcloud"), [consumer("sk-1", "atlantis")])

        details = [answer["errors"][0]["detail"] for answer in (of_others, of_nobody)]
        assert details[0].replace("beta", "atlantis") == details[1]

    def test_lets_the_platform_map_for_everybody(self, platform: Client) -> None:
        status, _ = post(platform, source_of("eastcloud"), [consumer("sk-1", "acme")])

        assert status == 200
        assert SourceName.objects.get(name="sk-1").provider.code == "eastcloud"

    def test_takes_as_many_queries_for_many_as_for_one(
        self, westcloud: Client, django_assert_max_num_queries: Any
    ) -> None:
        source_id = source_of("westcloud")
        wanted = [consumer(f"sk-{n}", "acme") for n in range(1_000)]

        with django_assert_max_num_queries(25):
            status, answer = post(westcloud, source_id, wanted)

        assert (status, answer["added"]) == (200, 1_000)
