"""Gaps, coverage and manifests over HTTP: what a provider is told, and what it may state."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from ledger.parties import keys
from ledger.parties.bounds import Bounds
from ledger.parties.models import Source
from ledger.usage.completeness.models import Manifest
from tests import callers, factories
from tests.factories import NOW, SOURCE
from tests.ledger.api.test_schema import document, strict, validator

pytestmark = pytest.mark.django_db

__all__ = ["document"]

# In the past of every clock: a window is stated once it is over.
OCCURRED_AT = datetime(2024, 10, 5, 2, 30, tzinfo=UTC)
DAY = {"from": "2024-10-05T00:00:00Z", "to": "2024-10-06T00:00:00Z"}
WINDOW = {"starts_at": "2024-10-05T02:00:00Z", "ends_at": "2024-10-05T03:00:00Z"}


@pytest.fixture
def numbered(books: None) -> int:
    """Deliver numbers 1, 2 and 5, 6, the last an hour and a half late; return the source's id."""
    for number, minutes in ((1, 0), (2, 1), (5, 2), (6, 3)):
        factories.record(
            factories.event(
                f"n-{number}",
                source="urn:numbered",
                sequence=number,
                occurred_at=OCCURRED_AT + timedelta(minutes=minutes),
            ),
            now=OCCURRED_AT + timedelta(minutes=105 if number == 6 else 5),
        )
    return Source.objects.get(uri="urn:numbered").id


def address(source_id: int, what: str, **query: str) -> str:
    return f"/v1/sources/{source_id}/{what}?{urlencode(query)}"


def get(client: Client, asked: str, status: int = 200) -> dict[str, Any]:
    response = client.get(asked)
    assert response.status_code == status, response.content
    answer: dict[str, Any] = json.loads(response.content)
    return answer


def post(client: Client, source_id: int, body: Any, status: int = 200) -> dict[str, Any]:
    response = client.post(
        f"/v1/sources/{source_id}/manifests",
        body if isinstance(body, bytes) else json.dumps(body),
        content_type="application/json",
    )
    assert response.status_code == status, response.content
    answer: dict[str, Any] = json.loads(response.content)
    return answer


def manifest(**changes: Any) -> dict[str, Any]:
    return {"window": WINDOW, "events": 6, "first_sequence": "1", "last_sequence": "6", **changes}


class TestGaps:
    def test_names_what_is_missing_and_when_it_was_to_be_expected(
        self, westcloud: Client, numbered: int
    ) -> None:
        gaps = get(westcloud, address(numbered, "gaps", **DAY))

        assert (gaps["uri"], gaps["provider"]) == ("urn:numbered", "westcloud")
        assert (gaps["from"], gaps["to"]) == (DAY["from"], DAY["to"])
        assert gaps["missing"] == {"ranges": 1, "numbers": 2}
        neighbour = {
            "slot_starts_at": "2024-10-05T02:30:00Z",
            "received_at": "2024-10-05T02:35:00Z",
        }
        assert gaps["items"] == [
            {
                "kind": "missing",
                "first": "3",
                "last": "4",
                "count": 2,
                "previous": {"sequence": "2", **neighbour},
                "following": {"sequence": "5", **neighbour},
                "window": None,
            }
        ]

    def test_lists_what_came_late(self, westcloud: Client, numbered: int) -> None:
        late = get(westcloud, address(numbered, "gaps", **DAY))["late"]
        patient = address(numbered, "gaps", **DAY, late_after_seconds="5400")

        assert late == {
            "events": 1,
            "slots": 1,
            "items": [
                {
                    "slot_starts_at": "2024-10-05T02:30:00Z",
                    "events": 1,
                    "first_received_at": "2024-10-05T04:15:00Z",
                    "last_received_at": "2024-10-05T04:15:00Z",
                }
            ],
        }
        assert get(westcloud, patient)["late"] == {"events": 0, "slots": 0, "items": []}

    def test_holds_manifests_against_what_arrived(self, westcloud: Client, numbered: int) -> None:
        post(westcloud, numbered, manifest(tokens={"input": 4_800}))

        windows = get(westcloud, address(numbered, "gaps", **DAY))["windows"]

        (window,) = windows.pop("items")
        assert windows == {"complete": 0, "missing": 1, "extra": 0, "unclear": 0}
        assert (window["window"], window["verdict"]) == (WINDOW, "missing")
        assert window["received"]["events"] == 4
        assert window["difference"]["events"] == -2
        assert window["difference"]["tokens"]["input"] == -1_600
        assert window["difference"]["tokens"]["output"] is None
        assert window["missing_numbers"] == 2

    def test_goes_from_page_to_page(self, westcloud: Client, numbered: int) -> None:
        post(westcloud, numbered, manifest(first_sequence=2, last_sequence=9))

        asked = address(numbered, "gaps", **DAY, limit="1")
        found = []
        while asked:
            page = get(westcloud, asked)
            found += [(one["kind"], one["first"], one["last"]) for one in page["items"]]
            assert page["missing"] == {"ranges": 2, "numbers": 5}
            asked = page["next"]

        assert found == [("extra", "1", "1"), ("missing", "3", "4"), ("missing", "7", "9")]

    def test_is_as_it_is_described(
        self, westcloud: Client, numbered: int, document: dict[str, Any]
    ) -> None:
        post(westcloud, numbered, [manifest(last_sequence=9), manifest(first_sequence=2)])

        for what in ("gaps", "manifests", "coverage"):
            span = {"from": "2024-10-05", "to": "2024-10-06"} if what == "coverage" else DAY
            answer = get(westcloud, address(numbered, what, **span))
            described = document["paths"][f"/v1/sources/{{source_id}}/{what}"]["get"]["responses"]
            schema = described["200"]["content"]["application/json"]["schema"]
            validator(document, strict(document, schema)).validate(answer)
            assert answer["items"]

    @pytest.mark.parametrize(
        ("query", "parameter"),
        [
            ({"from": "yesterday"}, "from"),
            ({"from": "2024-10-05T00:01:00Z"}, "from"),
            ({"to": "2024-10-05T00:00:00.5Z"}, "to"),
            ({"from": DAY["to"], "to": DAY["from"]}, "to"),
            ({"from": DAY["from"], "to": DAY["from"]}, "to"),
            ({"from": "2024-09-01T00:00:00Z", "to": "2024-10-02T00:15:00Z"}, "to"),
            ({"from": "0001-01-01T00:00:00%2B14:00"}, "from"),
            ({"late_after_seconds": "-1"}, "late_after_seconds"),
            ({"late_after_seconds": "1h"}, "late_after_seconds"),
            ({"late_after_seconds": "9" * 30}, "late_after_seconds"),
            ({"late_after": "60"}, "late_after"),
            ({"limit": "0"}, "limit"),
        ],
    )
    def test_refuses_what_it_does_not_understand(
        self, westcloud: Client, numbered: int, query: dict[str, str], parameter: str
    ) -> None:
        problem = get(westcloud, address(numbered, "gaps", **query), 400)

        assert problem["type"] == "/problems/invalid-parameter"
        assert problem["parameter"] == parameter

    @pytest.mark.parametrize(
        "cursor", ["WzFd", "WzEsMSwwLDkyMjMzNzIwMzY4NTQ3NzU4MDdd", "bnVsbA", "x"]
    )
    def test_refuses_cursors_of_others(self, westcloud: Client, numbered: int, cursor: str) -> None:
        problem = get(westcloud, address(numbered, "gaps", **DAY, cursor=cursor), 400)

        assert problem["type"] == "/problems/invalid-cursor"

    def test_takes_a_plus_in_an_address_for_what_was_meant(
        self, westcloud: Client, numbered: int
    ) -> None:
        asked = f"/v1/sources/{numbered}/gaps?from=2024-10-05T08:00:00+08:00"

        assert get(westcloud, f"{asked}&to=2024-10-06T00:00:00Z")["from"] == DAY["from"]


class TestCoverage:
    def test_tells_of_every_day(self, westcloud: Client, numbered: int) -> None:
        asked = address(
            numbered,
            "coverage",
            **{"from": "2024-10-04", "to": "2024-10-06", "time_zone": "Asia/Shanghai"},
        )

        coverage = get(westcloud, asked)

        before, day = coverage["items"]
        assert (coverage["time_zone"], coverage["counted_from"]) == ("Asia/Shanghai", None)
        assert (before["date"], before["events"], before["verdict"]) == (
            "2024-10-04",
            0,
            "unstated",
        )
        assert before["first_received_at"] is None
        assert (day["starts_at"], day["ends_at"]) == (
            "2024-10-04T16:00:00Z",
            "2024-10-05T16:00:00Z",
        )
        assert (day["events"], day["numbered_events"], day["late_events"]) == (4, 4, 1)
        assert day["tokens"]["cache_read"] == 4_800
        assert (day["missing_numbers"], day["verdict"]) == (2, "missing")
        assert day["last_received_at"] == "2024-10-05T04:15:00Z"

    @pytest.mark.parametrize(
        ("query", "parameter"),
        [
            ({"from": "2024-10-05T00:00:00Z"}, "from"),
            ({"from": "2024-10-06", "to": "2024-10-06"}, "to"),
            ({"from": "2024-01-01", "to": "2024-10-06"}, "to"),
            ({"to": "0001-01-01"}, "to"),
            ({"to": "9999-12-31"}, "to"),
            ({"time_zone": "Shanghai"}, "time_zone"),
            ({"time_zone": "../etc/passwd"}, "time_zone"),
            ({"cursor": "x"}, "cursor"),
        ],
    )
    def test_refuses_what_it_does_not_understand(
        self, westcloud: Client, numbered: int, query: dict[str, str], parameter: str
    ) -> None:
        problem = get(westcloud, address(numbered, "coverage", **query), 400)

        assert problem["parameter"] == parameter


class TestManifests:
    def test_are_recorded_once_and_revised(self, westcloud: Client, numbered: int) -> None:
        answers = [
            post(westcloud, numbered, manifest()),
            post(westcloud, numbered, manifest()),
            post(westcloud, numbered, [manifest(events=4)]),
        ]

        statuses = [one["items"][0]["status"] for one in answers]
        assert statuses == ["recorded", "unchanged", "revised"]
        (listed,) = get(westcloud, address(numbered, "manifests", **DAY))["items"]
        assert (listed["revision"], listed["stated"]["events"]) == (2, 4)
        assert [one["stated"]["events"] for one in listed["statements"]] == [4, 6]

    def test_are_listed_page_by_page(self, westcloud: Client, numbered: int) -> None:
        windows = [
            {"starts_at": f"2024-10-05T0{hour}:00:00Z", "ends_at": f"2024-10-05T0{hour + 1}:00:00Z"}
            for hour in range(3)
        ]
        post(westcloud, numbered, [manifest(window=window) for window in windows])

        asked = address(numbered, "manifests", **DAY, limit="2")
        listed = []
        while asked:
            page = get(westcloud, asked)
            listed += [one["window"] for one in page["items"]]
            asked = page["next"]

        assert listed == windows

    def test_that_make_no_sense_are_refused_by_place_and_none_is_recorded(
        self, westcloud: Client, numbered: int
    ) -> None:
        bad = manifest(window={**WINDOW, "ends_at": "2024-10-05T02:40:00Z"})

        problem = post(westcloud, numbered, [manifest(), bad], 422)

        assert problem["type"] == "/problems/manifest-invalid"
        assert problem["errors"] == [
            {"pointer": "#/1/window/ends_at", "detail": "is not on a quarter hour"}
        ]
        assert not Manifest.objects.exists()

    def test_of_too_many_windows_are_refused(self, westcloud: Client, numbered: int) -> None:
        quarters = [f"2024-10-05T{slot // 4:02}:{slot % 4 * 15:02}:00Z" for slot in range(96)]
        pairs = [
            {"starts_at": one, "ends_at": other}
            for place, one in enumerate(quarters)
            for other in quarters[place + 1 : place + 4]
        ]
        bodies = [manifest(window=window) for window in pairs]
        post(westcloud, numbered, bodies[:200])

        problem = post(westcloud, numbered, bodies[200:201], 422)

        assert problem["type"] == "/problems/too-many-manifests"
        assert Manifest.objects.count() == 200

    def test_that_are_revised_for_ever_are_refused(self, westcloud: Client, numbered: int) -> None:
        post(westcloud, numbered, [manifest(events=number) for number in range(100)])

        problem = post(westcloud, numbered, manifest(events=100), 422)

        assert (problem["type"], problem["limit"]) == ("/problems/too-many-manifests", 100)
        assert Manifest.objects.count() == 100

    def test_take_the_scope_that_posts_events(self, numbered: int) -> None:
        reader = callers.client("westcloud", "books:read")
        writer = callers.client("westcloud", "events:write")

        assert post(reader, numbered, manifest(), 403)["needed"] == "events:write"
        assert not Manifest.objects.exists()
        post(writer, numbered, manifest())
        assert get(writer, address(numbered, "manifests"), 403)["needed"] == "books:read"

    def test_of_others_are_not_to_be_posted_nor_seen(
        self, westcloud: Client, eastcloud: Client, acme: Client, numbered: int
    ) -> None:
        post(westcloud, numbered, manifest())

        for stranger in (eastcloud, acme):
            for what in ("gaps", "coverage", "manifests"):
                problem = get(stranger, address(numbered, what), 404)
                assert problem["type"] == "/problems/no-such-source"
        assert post(eastcloud, numbered, manifest(events=1), 404)["source"] == str(numbered)
        assert Manifest.objects.count() == 1

    def test_take_a_key_that_speaks_for_the_source(self, numbered: int) -> None:
        issued = keys.issue(
            party="westcloud",
            scopes=["events:write"],
            name="bound",
            now=NOW,
            bounds=Bounds(sources=["urn:another"]),
        )
        bound = Client(headers={"Authorization": f"Bearer {issued.token}"})

        problem = post(bound, numbered, manifest(), 403)

        assert (problem["type"], problem["source"]) == (
            "/problems/source-not-allowed",
            "urn:numbered",
        )
        assert not Manifest.objects.exists()

    def test_are_the_platforms_to_see(self, platform: Client, numbered: int) -> None:
        assert get(platform, address(numbered, "gaps", **DAY))["missing"]["numbers"] == 2

    def test_of_a_source_that_never_was_are_refused(self, westcloud: Client) -> None:
        assert Source.objects.filter(uri=SOURCE).count() == 2
        assert post(westcloud, 2**62, manifest(), 404)["type"] == "/problems/no-such-source"
        assert get(westcloud, address(2**70, "gaps"), 404)["type"] == "/problems/no-such-source"
