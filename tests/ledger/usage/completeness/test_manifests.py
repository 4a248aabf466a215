"""Manifests: what is read of them, which of a window's statements holds, and that none is lost."""

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from ledger.parties.models import Source
from ledger.usage.completeness import manifests
from ledger.usage.completeness.manifests import Recorded
from ledger.usage.completeness.models import Manifest
from ledger.usage.formats.decoding import UnreadableBody, UnsupportedContentType
from ledger.usage.formats.manifests import ManifestInvalid, Statement, decode
from tests import factories
from tests.at_once import at_once
from tests.factories import NOW

JSON = "application/json"
STARTS_AT = datetime(2026, 10, 5, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def manifest(**changes: Any) -> dict[str, Any]:
    """Return a manifest of an hour with everything that may be stated, changed as told."""
    stated: dict[str, Any] = {
        "window": {"starts_at": "2026-10-05T02:00:00Z", "ends_at": "2026-10-05T03:00:00Z"},
        "events": 512,
        "tokens": {"input": 1_000, "output": 50},
        "first_sequence": "1",
        "last_sequence": 512,
        **changes,
    }
    return {name: value for name, value in stated.items() if value is not None}


def window(starts_at: str, ends_at: str) -> dict[str, str]:
    return {"starts_at": starts_at, "ends_at": ends_at}


def read(body: Any) -> list[Statement]:
    return decode(json.dumps(body).encode(), content_type=JSON, now=NOW)


def refused(body: Any) -> list[tuple[str, str]]:
    """Return the places at which a body is refused, and why."""
    with pytest.raises(ManifestInvalid) as refusal:
        read(body)
    return [(error["pointer"], error["detail"]) for error in refusal.value.errors]


class TestDecode:
    def test_reads_one_manifest_or_many(self) -> None:
        stated = Statement(
            starts_at=STARTS_AT,
            ends_at=STARTS_AT + HOUR,
            events=512,
            tokens=(1_000, None, None, None, 50, None, None, None, None),
            first_sequence=1,
            last_sequence=512,
        )

        assert read(manifest()) == [stated]
        assert read([manifest(), manifest()]) == [stated, stated]
        assert read([]) == []

    def test_leaves_open_what_is_not_stated(self) -> None:
        (stated,) = read(manifest(tokens=None, first_sequence=None, last_sequence=None))

        assert (stated.tokens, stated.first_sequence, stated.last_sequence) == (
            (None,) * 9,
            None,
            None,
        )

    def test_takes_times_in_any_zone_for_what_they_are(self) -> None:
        (stated,) = read(
            manifest(window=window("2026-10-05T10:00:00+08:00", "2026-10-05T08:45:00+05:45"))
        )

        assert stated.window == (STARTS_AT, STARTS_AT + HOUR)

    @pytest.mark.parametrize(
        ("changes", "pointer", "detail"),
        [
            ({"window": window("2026-10-05T02:10:00Z", "2026-10-05T03:00:00Z")},
             "#/window/starts_at", "is not on a quarter hour"),
            ({"window": window("2026-10-05T02:00:00Z", "2026-10-05T03:00:00.000001Z")},
             "#/window/ends_at", "is not on a quarter hour"),
            ({"window": window("2026-10-05T02:00:00Z", "2026-10-05T02:00:00Z")},
             "#/window/ends_at", "is not after starts_at"),
            ({"window": window("2026-09-01T00:00:00Z", "2026-10-02T00:15:00Z")},
             "#/window/ends_at", "is more than 31 days after starts_at"),
            ({"window": window("2026-10-20T12:00:00Z", "2026-10-20T13:15:00Z")},
             "#/window/ends_at", "is yet to come; state a window once it is over"),
            ({"window": window("yesterday", "2026-10-05T03:00:00Z")}, "#/window/starts_at", None),
            ({"window": window("0001-01-01T00:00:00+14:00", "2026-10-05T03:00:00Z")},
             "#/window/starts_at", None),
            ({"window": {"starts_at": "2026-10-05T02:00:00Z"}}, "#/window", None),
            ({"events": -1}, "#/events", None),
            ({"events": 10**12 + 1}, "#/events", None),
            ({"events": "512"}, "#/events", None),
            ({"events": 1.5}, "#/events", None),
            ({"tokens": {"inputs": 1}}, "#/tokens", None),
            ({"tokens": {"input": 10**18 + 1}}, "#/tokens/input", None),
            ({"first_sequence": "-1"}, "#/first_sequence", None),
            ({"first_sequence": str(2**62 + 1)}, "#/first_sequence", None),
            ({"first_sequence": None}, "#/first_sequence", "is missing beside last_sequence"),
            ({"last_sequence": None}, "#/last_sequence", "is missing beside first_sequence"),
            ({"first_sequence": 513}, "#/last_sequence", "is less than first_sequence"),
            ({"event": 1}, "#", None),
        ],
    )  # fmt: skip
    def test_names_the_place_that_makes_no_sense(
        self, changes: dict[str, Any], pointer: str, detail: str | None
    ) -> None:
        body = manifest(**changes)

        ((found, said),) = refused(body)

        assert found == pointer
        assert detail in (None, said)
        assert refused([manifest(), body])[0][0] == pointer.replace("#", "#/1", 1)

    def test_names_every_such_place_of_many(self) -> None:
        body = [manifest(events=-1), manifest(), manifest(window=window("x", "y")), 7]

        assert [pointer for pointer, _ in refused(body)] == [
            "#/0/events",
            "#/2/window/starts_at",
            "#/3",
        ]

    def test_refuses_more_than_it_takes_at_once(self) -> None:
        assert refused([0] * 1_001) == [("#", "holds more than 1000 manifests")]

    @pytest.mark.parametrize("body", [b"", b"{", b"[{]", b"\xff", b'"\\ud800'])
    def test_refuses_what_is_no_json(self, body: bytes) -> None:
        with pytest.raises(UnreadableBody):
            decode(body, content_type=JSON, now=NOW)

    def test_refuses_other_types(self) -> None:
        with pytest.raises(UnsupportedContentType):
            decode(b"{}", content_type="text/csv", now=NOW)


@pytest.fixture
def source(db: None) -> int:
    factories.publish()
    factories.record(factories.event())
    return Source.objects.get().id


def post(source: int, *bodies: dict[str, Any]) -> list[Recorded]:
    return manifests.record(source, statements=read(list(bodies)), now=NOW)


def kept() -> list[tuple[int, int]]:
    return list(Manifest.objects.order_by("id").values_list("revision", "events"))


class TestRecord:
    def test_keeps_what_was_stated_and_leaves_open_what_was_not(self, source: int) -> None:
        (recorded,) = post(source, manifest())

        row = Manifest.objects.get()
        assert (recorded.revision, recorded.status) == (1, "recorded")
        assert (row.source_id, row.starts_at, row.ends_at) == (
            source,
            STARTS_AT,
            STARTS_AT + HOUR,
        )
        assert (row.revision, row.posted_at, row.events) == (1, NOW, 512)
        assert (row.input, row.cache_read, row.output) == (1_000, None, 50)
        assert (row.first_sequence, row.last_sequence) == (1, 512)

    def test_takes_the_same_statement_again_for_the_same(self, source: int) -> None:
        post(source, manifest())

        (again,) = post(source, manifest(first_sequence=1, last_sequence="512"))

        assert (again.revision, again.status) == (1, "unchanged")
        assert kept() == [(1, 512)]

    def test_lets_a_newer_statement_take_its_place_and_keeps_both(self, source: int) -> None:
        post(source, manifest())

        (revised,) = post(source, manifest(events=513))

        assert (revised.revision, revised.status) == (2, "revised")
        assert kept() == [(1, 512), (2, 513)]

    @pytest.mark.parametrize(
        "changes",
        [
            {"tokens": None},
            {"tokens": {"input": 1_000, "output": 50, "reasoning": 0}},
            {"last_sequence": 513},
            {"first_sequence": None, "last_sequence": None},
        ],
    )
    def test_takes_any_difference_for_another_statement(
        self, source: int, changes: dict[str, Any]
    ) -> None:
        post(source, manifest())

        (revised,) = post(source, manifest(**changes))

        assert revised.status == "revised"

    def test_takes_many_in_their_order(self, source: int) -> None:
        later = window("2026-10-05T03:00:00Z", "2026-10-05T04:00:00Z")

        recorded = post(
            source,
            manifest(events=1),
            manifest(events=2, window=later),
            manifest(events=3),
            manifest(events=3),
            manifest(events=1),
        )

        assert [(one.revision, one.status) for one in recorded] == [
            (1, "recorded"),
            (1, "recorded"),
            (2, "revised"),
            (2, "unchanged"),
            (3, "revised"),
        ]
        assert kept() == [(1, 1), (1, 2), (2, 3), (3, 1)]

    def test_asks_the_same_number_of_questions_for_many(
        self, source: int, django_assert_max_num_queries: Any
    ) -> None:
        days = [f"2026-09-{day:02}" for day in range(1, 30)]
        bodies = [manifest(window=window(f"{day}T00:00:00Z", f"{day}T00:15:00Z")) for day in days]

        with django_assert_max_num_queries(6):
            post(source, *bodies)

        assert len(kept()) == 29

    def test_takes_nothing_from_an_empty_list(self, source: int) -> None:
        assert post(source) == []
        assert kept() == []

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE ledger_manifest SET events = 0",
            "DELETE FROM ledger_manifest",
            "TRUNCATE ledger_manifest",
        ],
    )
    def test_is_final(self, source: int, change: str) -> None:
        post(source, manifest())
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

        with (
            pytest.raises(DatabaseError, match="is refused"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(change)

        assert kept() == [(1, 512)]


@pytest.mark.django_db(transaction=True)
class TestRecordAtOnce:
    def test_numbers_the_statements_of_a_window_one_after_the_other(self) -> None:
        factories.publish()
        factories.record(factories.event())
        source = Source.objects.get().id

        done = at_once(*(partial(post, source, manifest(events=events)) for events in range(8)))

        assert all(isinstance(one, list) for one in done), done
        assert sorted(one[0].revision for one in done) == list(range(1, 9))
        assert sorted(kept()) == sorted((one[0].revision, one[0].statement.events) for one in done)

    def test_keeps_one_of_the_same_sent_by_many(self) -> None:
        factories.publish()
        factories.record(factories.event())
        source = Source.objects.get().id

        done = at_once(*(partial(post, source, manifest()) for _ in range(8)))

        statuses = sorted(one[0].status for one in done)
        assert statuses == ["recorded", *["unchanged"] * 7]
        assert kept() == [(1, 512)]
