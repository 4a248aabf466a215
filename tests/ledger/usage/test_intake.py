"""Intake: what is accepted, what is not, and that a retry books nothing twice."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest
from django.db import connection

from ledger.parties.models import Party, Source
from ledger.usage import intake
from ledger.usage.columns import SCHEMA, from_arrow
from ledger.usage.formats import litellm
from ledger.usage.formats.cloudevents import LINES
from ledger.usage.formats.decoding import (
    TooManyEvents,
    UnreadableBody,
    UnsupportedContentType,
)
from ledger.usage.identity import KEY_SQL, key
from ledger.usage.models import EventKey, UsageBatch
from tests import factories

BATCH = "application/cloudevents-batch+json"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _catalogue() -> None:
    factories.publish()


def nested(depth: int) -> Any:
    """Return lists within lists."""
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


def post(body: bytes, content_type: str = BATCH) -> intake.Receipt:
    return factories.post(body, content_type=content_type)


class TestRecord:
    def test_keeps_the_events_as_columns_and_their_identities_for_ever(self) -> None:
        receipt = factories.record(
            factories.event("a"), factories.event("b", occurred_at=None, project="chat")
        )

        batch = UsageBatch.objects.get()
        assert (receipt.batch_id, receipt.accepted, receipt.items) == (batch.id, 2, [])
        assert (batch.events, batch.state, batch.received_at) == (2, "pending", factories.NOW)
        rows = from_arrow(bytes(batch.payload or b"")).to_pylist()
        assert [row["event_id"] for row in rows] == ["a", "b"]
        assert [row["cache_read"] for row in rows] == [1_200, 1_200]
        assert [row["occurred_at"] for row in rows] == [factories.OCCURRED_AT, None]
        assert [row["project"] for row in rows] == ["", "chat"]
        assert set(EventKey.objects.values_list("key", flat=True)) == {
            key(source=factories.SOURCE, event_id="a"),
            key(source=factories.SOURCE, event_id="b"),
        }

    def test_accepts_a_single_event(self) -> None:
        receipt = post(json.dumps(factories.event()).encode(), "application/cloudevents+json")

        assert receipt.accepted == 1

    def test_answers_an_empty_batch_with_nothing(self) -> None:
        receipt = post(b"[]")

        assert (receipt.batch_id, receipt.sent, receipt.accepted) == (None, 0, 0)

    def test_books_a_resent_batch_once(self) -> None:
        events = [factories.event(f"evt-{number}") for number in range(50)]
        factories.record(*events)

        receipt = factories.record(*events)

        assert (receipt.batch_id, receipt.accepted, receipt.count("duplicate")) == (None, 0, 50)
        assert UsageBatch.objects.count() == 1
        assert EventKey.objects.count() == 50

    def test_takes_a_retry_in_another_spelling_for_a_duplicate(self) -> None:
        factories.record(factories.event("a", attributes={"x": 1, "y": [True, None]}))
        shanghai = factories.event("a", attributes={"y": [True, None], "x": 1})
        shanghai["time"] = "2026-10-05T10:30:00.000000+08:00"
        shanghai["data"]["usage"]["reasoning"] = 0

        receipt = factories.record(shanghai)

        assert [(item.index, item.status) for item in receipt.items] == [(0, "duplicate")]

    def test_reports_a_conflict_with_both_hashes_and_overwrites_nothing(self) -> None:
        factories.record(factories.event("a"))
        before = EventKey.objects.get()

        receipt = factories.record(factories.event("a", usage={"input": 1}), factories.event("b"))

        (item,) = receipt.items
        assert (item.index, item.status, item.code) == (
            0,
            "conflict",
            "recorded_with_other_content",
        )
        assert before.body_hash.hex in item.detail
        assert receipt.accepted == 1
        after = EventKey.objects.get(key=before.key)
        assert (after.body_hash, after.batch_id) == (before.body_hash, before.batch_id)

    def test_keeps_the_first_of_an_id_repeated_within_a_batch(self) -> None:
        receipt = factories.record(
            factories.event("a"),
            factories.event("a"),
            factories.event("a", usage={"input": 9}),
        )

        assert receipt.accepted == 1
        assert [(item.index, item.status) for item in receipt.items] == [
            (1, "duplicate"),
            (2, "conflict"),
        ]

    def test_holds_every_repetition_against_what_was_recorded_before(self) -> None:
        factories.record(factories.event("a"))

        receipt = factories.record(factories.event("a", consumer="other"), factories.event("a"))

        assert [(item.index, item.status) for item in receipt.items] == [
            (0, "conflict"),
            (1, "duplicate"),
        ]

    def test_tells_sources_and_providers_apart(self) -> None:
        factories.publish(
            {"parties": [{"code": "eastcloud", "name": "East Cloud", "kind": "provider"}]}
        )

        receipts = [
            factories.record(factories.event("a")),
            factories.record(factories.event("a", source="urn:gateway:west-2")),
            factories.record(factories.event("a"), provider="eastcloud"),
        ]

        assert [receipt.accepted for receipt in receipts] == [1, 1, 1]
        assert Source.objects.count() == 3

    def test_lets_good_items_through_beside_bad_ones(self) -> None:
        bad = [
            {**factories.event("no-id"), "id": ""},
            factories.event("unknown-class", usage={"inputs": 5}),
            factories.event("negative", usage={"input": -1}),
            factories.event("too-many", usage={"output": 10**9 + 1}),
            factories.event("fraction", usage={"output": 1.5}),  # type: ignore[dict-item]
            factories.event("status", status="done"),
            factories.event("unknown-member", surface="openai-chat"),
            {**factories.event("no-zone"), "time": "2026-10-05T02:30:00"},
            {**factories.event("no-time"), "time": "yesterday"},
            {**factories.event("old-version"), "specversion": "0.3"},
            factories.event("nul\x00"),
            factories.event("attributes", attributes={"text": "a" * 9_000}),
            factories.event("attributes-nul", attributes={"text": "\x00"}),
            factories.event("attributes-int", attributes={"n": 2**60}),
            factories.event("deep", attributes={"a": nested(40)}),
            "not an object",
        ]

        receipt = factories.record(factories.event("good"), *bad)  # type: ignore[arg-type]

        assert receipt.accepted == 1
        assert [item.index for item in receipt.items] == list(range(1, len(bad) + 1))
        assert {item.status for item in receipt.items} == {"rejected"}
        pointers = [item.detail.partition(":")[0] for item in receipt.items]
        assert pointers[0] == "#/1/id"
        assert pointers[1] == "#/2/data/usage"
        assert pointers[2] == "#/3/data/usage/input"
        assert EventKey.objects.count() == 1

    def test_bounds_times_from_both_sides_and_names_the_bound(self) -> None:
        hour = timedelta(hours=1)
        receipt = factories.record(
            factories.event("ahead", occurred_at=factories.NOW + hour),
            factories.event("future", occurred_at=factories.NOW + hour + timedelta.resolution),
            factories.event("old", occurred_at=datetime(2019, 12, 31, 23, 59, tzinfo=UTC)),
            factories.event("first", occurred_at=datetime(2020, 1, 1, tzinfo=UTC)),
        )

        assert receipt.accepted == 2
        assert [(item.index, item.code) for item in receipt.items] == [
            (1, "time_in_future"),
            (2, "time_too_old"),
        ]
        assert "2020-01-01" in receipt.items[1].detail

    def test_makes_no_source_known_by_events_that_are_all_rejected(self) -> None:
        old, last = datetime(1999, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)
        receipt = factories.record(
            factories.event("old", source="urn:never", occurred_at=old),
            factories.event("first", source="urn:a", occurred_at=last),
            factories.event("older", source="urn:a", occurred_at=old),
        )

        assert [item.code for item in receipt.items] == ["time_too_old"] * 2
        assert "'urn:never'" in receipt.items[0].detail
        assert list(Source.objects.values_list("uri", flat=True)) == ["urn:a"]

    def test_points_to_where_a_format_has_the_time(self) -> None:
        future = litellm.decode(
            b'{"status": "success", "id": "1", "cache_hit": true, "endTime": 253402300799}',
            content_type="application/json",
            limit=1,
        )

        receipt = intake.record(
            provider_id=Party.objects.get(code="westcloud").id, decoded=future, now=factories.NOW
        )

        assert receipt.items[0].detail.startswith("#/0/endTime: is later than ")

    def test_rejects_events_of_sources_that_the_key_may_not_post_for(self) -> None:
        receipt = factories.record(
            factories.event("mine", source="urn:a"),
            factories.event("theirs", source="urn:b"),
            factories.event("alike", source="urn:a:1"),
            factories.event("mine-too", source="urn:a"),
            allowed_sources=frozenset({"urn:a", "urn:never"}),
        )

        assert receipt.accepted == 2
        assert [(item.index, item.status, item.code) for item in receipt.items] == [
            (1, "rejected", "source_not_allowed"),
            (2, "rejected", "source_not_allowed"),
        ]
        assert receipt.items[0].detail.startswith("#/1/source: this key does not post for 'urn:b'")
        assert set(Source.objects.values_list("uri", flat=True)) == {"urn:a"}
        assert EventKey.objects.count() == 2

    def test_says_nothing_to_a_key_about_events_of_other_sources(self) -> None:
        factories.record(factories.event("known", source="urn:b"))

        receipt = factories.record(
            factories.event("known", source="urn:b"), allowed_sources=frozenset({"urn:a"})
        )

        assert [item.code for item in receipt.items] == ["source_not_allowed"]

    def test_cuts_fractions_and_never_moves_an_event_into_the_next_slot(self) -> None:
        event = factories.event("edge")
        event["time"] = "2026-10-05T02:29:59.9999999Z"

        factories.record(event)

        (row,) = from_arrow(bytes(UsageBatch.objects.get().payload or b"")).to_pylist()
        assert row["occurred_at"] == datetime(2026, 10, 5, 2, 29, 59, 999_999, tzinfo=UTC)

    def test_asks_the_database_the_same_number_of_questions_for_any_size(
        self, django_assert_max_num_queries: object
    ) -> None:
        factories.record(factories.event("first"))

        with django_assert_max_num_queries(9):  # type: ignore[operator]
            factories.record(*(factories.event(f"evt-{number}") for number in range(1_000)))

    @pytest.mark.parametrize(
        ("body", "content_type", "error"),
        [
            (b"{", BATCH, UnreadableBody),
            (b'{"a": 1}', BATCH, UnreadableBody),
            (b"[1, 2", BATCH, UnreadableBody),
            (b"[]", "application/cloudevents+json", UnreadableBody),
            (b"", BATCH, UnreadableBody),
            (b"[]", "text/csv", UnsupportedContentType),
        ],
    )
    def test_refuses_a_whole_body_and_stores_nothing(
        self, body: bytes, content_type: str, error: type[Exception]
    ) -> None:
        with pytest.raises(error):
            post(body, content_type)

        assert not UsageBatch.objects.exists()
        assert not Source.objects.exists()

    @pytest.mark.parametrize("levels", [500, 3_000])
    def test_lets_the_good_through_beside_an_item_nested_beyond_all_reason(
        self, levels: int
    ) -> None:
        good = json.dumps(factories.event("good"))
        deep = "[" * levels + "]" * levels

        receipt = post(f"[{good}, {deep}]".encode())

        assert (receipt.accepted, receipt.count("rejected")) == (1, 1)

    def test_refuses_millions_of_tiny_items_without_making_them(self) -> None:
        with pytest.raises(TooManyEvents):
            post(b"[" + b"0," * 5_000_000 + b"0]")

    def test_refuses_more_events_than_a_request_may_hold(self) -> None:
        events = [factories.event(f"evt-{number}") for number in range(10_001)]

        with pytest.raises(TooManyEvents):
            factories.record(*events)

        assert not EventKey.objects.exists()

    def test_takes_one_event_a_line_and_names_the_bad_line(self) -> None:
        lines = [json.dumps(factories.event("a")), "", "{", json.dumps(factories.event("b"))]

        receipt = post("\n".join(lines).encode(), LINES)

        assert (receipt.sent, receipt.accepted) == (3, 2)
        assert [(item.index, item.code) for item in receipt.items] == [(1, "unreadable_event")]

    @pytest.mark.parametrize("sequence", ["-1", "1e3", "", 2**63, -1, "9" * 40])
    def test_refuses_a_sequence_that_is_no_whole_number(self, sequence: object) -> None:
        receipt = factories.record(factories.event("a") | {"sequence": sequence})

        assert [item.detail.partition(":")[0] for item in receipt.items] == ["#/0/sequence"]

    def test_takes_a_final_event_that_names_another_for_another_body(self) -> None:
        factories.record(factories.event("final", supersedes="provisional"))

        receipt = factories.record(factories.event("final", supersedes="other"))

        assert [item.status for item in receipt.items] == ["conflict"]


class TestFromArrow:
    def test_reads_a_batch_that_was_stored_before_a_column_was_added(self) -> None:
        factories.record(factories.event("a"))
        table = from_arrow(bytes(UsageBatch.objects.get().payload or b""))
        older = table.drop_columns(["supersedes", "sequence", "said", "finding", "service_tier"])
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, older.schema) as writer:
            writer.write_table(older)

        read = from_arrow(bytes(sink.getvalue()))

        assert read.schema == SCHEMA
        assert read["finding"].null_count == 1


class TestKey:
    @pytest.mark.parametrize(
        ("source", "event_id"),
        [("urn:a", "1"), ("urn:a1", ""), ("源", "事件-✓"), ("a" * 512, "b" * 512)],
    )
    def test_is_the_same_in_sql(self, source: str, event_id: str) -> None:
        sql = KEY_SQL.format(source="%(source)s::text", event_id="%(event_id)s::text")

        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {sql}", {"source": source, "event_id": event_id})
            (in_sql,) = cursor.fetchone()

        assert in_sql == key(source=source, event_id=event_id)
        assert isinstance(in_sql, UUID)
