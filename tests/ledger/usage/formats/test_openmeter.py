"""OpenMeter's events: what each type says, and that no other is guessed."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.tokens import TOKEN_CLASSES
from ledger.usage.columns import Record
from ledger.usage.formats import cloudevents, openmeter
from ledger.usage.formats.decoding import (
    Decoded,
    TooManyEvents,
    UnreadableBody,
    UnsupportedContentType,
)
from tests import factories
from tests.ledger.usage.formats import arbitrary

BATCH = "application/cloudevents-batch+json"
TOTALS = {"prompt_tokens": 2_000, "completion_tokens": 500, "total_tokens": 2_500}
CHAT = {
    "prompt_tokens": 2_000,
    "completion_tokens": 500,
    "prompt_tokens_details": {"cached_tokens": 1_200},
}


def event(type_: str = "prompt", data: Any = None, **members: Any) -> dict[str, Any]:
    """Return an event as OpenMeter's clients write it."""
    return {
        "specversion": "1.0",
        "id": "evt-1",
        "source": "chat-app",
        "type": type_,
        "subject": "acme",
        "time": "2026-10-05T02:30:00.001Z",
        "data": {"tokens": "123", "model": "qwen", "type": "output"} if data is None else data,
        **members,
    }


def decode(*events: Any, limit: int = 100) -> Decoded:
    """Decode a batch."""
    return openmeter.decode(arbitrary.written(events), content_type=BATCH, limit=limit)


def record(sent: dict[str, Any]) -> Record:
    """Return the record of an event."""
    decoded = decode(sent)
    assert decoded.refusals == []
    (found,) = decoded.records
    return found


def refusal(sent: Any) -> str:
    """Return why an event is refused."""
    decoded = decode(sent)
    assert decoded.records == []
    return decoded.refusals[0].detail


class TestPrompt:
    def test_holds_tokens_of_one_kind(self) -> None:
        assert record(event()) == Record(
            index=0,
            source="chat-app",
            event_id="evt-1",
            occurred_at=datetime(2026, 10, 5, 2, 30, 0, 1_000, tzinfo=UTC),
            consumer="acme",
            project="",
            deployment="qwen",
            counts=(0, 0, 0, 0, 123, 0, 0, 0, 0),
            status="complete",
        )

    @pytest.mark.parametrize(
        ("kind", "name"), [("system", "input"), *((name, name) for name in TOKEN_CLASSES)]
    )
    def test_may_be_of_any_kind_that_has_a_class(self, kind: str, name: str) -> None:
        found = record(event(data={"tokens": 7, "model": "qwen", "type": kind}))

        assert dict(zip(TOKEN_CLASSES, found.counts, strict=True))[name] == sum(found.counts) == 7

    @pytest.mark.parametrize(
        ("data", "pointer"),
        [
            ({"tokens": 7, "model": "qwen"}, ""),
            ({"tokens": 7, "model": "qwen", "type": "total"}, "/type"),
            ({"tokens": 7, "model": "", "type": "input"}, "/model"),
            ({"tokens": -7, "model": "qwen", "type": "input"}, "/tokens"),
            ({"tokens": "1e3", "model": "qwen", "type": "input"}, "/tokens"),
            ({"tokens": 10**9 + 1, "model": "qwen", "type": "input"}, "/tokens"),
            ({"tokens": 7.5, "model": "qwen", "type": "input"}, "/tokens"),
            ({"tokens": True, "model": "qwen", "type": "input"}, "/tokens"),
            ([], ""),
        ],
    )
    def test_is_refused_where_it_is_not_whole(self, data: Any, pointer: str) -> None:
        assert refusal(event(data=data)).startswith(f"#/0/data{pointer}: ")


class TestLiteLLM:
    def test_counts_totals_and_says_that_cached_tokens_are_not_known(self) -> None:
        found = record(event("litellm_tokens", {"model": "qwen", "cost": 0.01, **TOTALS}))

        assert found.counts == (2_000, 0, 0, 0, 500, 0, 0, 0, 0)
        assert (found.deployment, found.attributes) == ("qwen", {"usage_details": False})

    def test_keeps_a_total_that_does_not_add_up(self) -> None:
        found = record(event("litellm_tokens", {"model": "qwen", **TOTALS, "total_tokens": 9}))

        assert found.counts == (0,) * 9
        assert found.finding is not None
        assert found.finding.rule == "total"

    def test_is_refused_without_tokens(self) -> None:
        sent = event("litellm_tokens", {"model": "qwen", "cost": None})

        assert refusal(sent).startswith("#/0/data/prompt_tokens: ")


class TestOurs:
    def test_is_read_as_at_our_own_path(self) -> None:
        ours = factories.event(attributes={"a": "b"}, project="search")

        at_ours = cloudevents.decode(
            arbitrary.written([ours]), content_type=cloudevents.BATCH, limit=1
        )

        assert decode(ours) == at_ours
        assert len(at_ours.records) == 1

    def test_may_hold_a_usage_object_as_it_came(self) -> None:
        data = {"deployment": "qwen", "surface": "openai-chat", "usage": CHAT}

        assert record(event("clearwatt.usage", data)).counts == (800, 1_200, 0, 0, 500, 0, 0, 0, 0)

    def test_is_refused_by_the_place_of_its_own_item(self) -> None:
        decoded = decode(event(), factories.event(usage={"input": -1}))

        assert decoded.refusals[0].detail.startswith("#/1/data/usage/input: ")


class TestDecode:
    def test_takes_the_time_of_receipt_where_there_is_none(self) -> None:
        assert record(event(time=None)).occurred_at is None

    def test_reads_one_event_and_arrays_under_each_of_openmeters_names(self) -> None:
        one = json.dumps(event()).encode()
        for content_type, body in [
            ("application/cloudevents+json", one),
            ("application/json", one),
            ("application/json", b"[" + one + b"]"),
            (BATCH, b"[" + one + b"]"),
        ]:
            decoded = openmeter.decode(body, content_type=content_type, limit=1)
            assert len(decoded.records) == 1

    @pytest.mark.parametrize(
        ("members", "pointer"),
        [
            ({"type_": "request"}, "type"),
            ({"type_": "tokens"}, "type"),
            ({"time": "yesterday"}, "time"),
            ({"id": ""}, "id"),
            ({"subject": None}, "subject"),
            ({"subject": "a\x00"}, "subject"),
            ({"specversion": "0.3"}, "specversion"),
        ],
    )
    def test_points_at_what_is_wrong(self, members: dict[str, Any], pointer: str) -> None:
        assert refusal(event(**members)).startswith(f"#/0/{pointer}: ")

    def test_names_the_types_that_it_knows(self) -> None:
        assert "clearwatt.usage, litellm_tokens, prompt" in refusal(event("request"))

    def test_refuses_an_event_without_data_alone(self) -> None:
        sent = event()
        del sent["data"]

        decoded = decode(event(), sent, event(data=None, id="2"))

        assert [one.index for one in decoded.records] == [0, 2]
        assert decoded.refusals[0].detail == "#/1/data: is missing"

    def test_refuses_what_openmeter_would_not_be_sent(self) -> None:
        with pytest.raises(UnsupportedContentType):
            openmeter.decode(b"{}", content_type="application/x-ndjson", limit=1)
        with pytest.raises(UnreadableBody):
            openmeter.decode(b"[", content_type=BATCH, limit=1)
        with pytest.raises(TooManyEvents):
            decode(event(), event(), limit=1)


EVENTS = arbitrary.objects(
    specversion=st.just("1.0"),
    id=st.text(min_size=1, max_size=5),
    source=st.just("app"),
    subject=st.text(min_size=1, max_size=5),
    type=st.sampled_from(["prompt", "litellm_tokens", "clearwatt.usage", "request"]),
    time=st.sampled_from(["2026-10-05T02:30:00Z", "now"]),
    data=arbitrary.objects(
        model=st.just("qwen"),
        type=st.sampled_from(["input", "output", "total"]),
        tokens=arbitrary.COUNTS,
        prompt_tokens=arbitrary.COUNTS,
        completion_tokens=arbitrary.COUNTS,
    )
    | arbitrary.objects(
        deployment=st.just("qwen"),
        usage=st.dictionaries(st.sampled_from(TOKEN_CLASSES), arbitrary.COUNTS, max_size=3),
    ),
)


class TestWhateverIsSent:
    @given(st.binary(max_size=200), st.sampled_from(openmeter.CONTENT_TYPES))
    def test_is_refused_or_read(self, sent: bytes, content_type: str) -> None:
        try:
            decoded = openmeter.decode(sent, content_type=content_type, limit=100)
        except arbitrary.REFUSED:
            return
        arbitrary.is_sound(decoded, items=len(decoded))

    @given(st.lists(EVENTS | arbitrary.JSON, max_size=5))
    def test_is_a_record_or_a_refusal_for_each_event(self, events: list[Any]) -> None:
        try:
            decoded = decode(*events)
        except arbitrary.REFUSED:
            return
        arbitrary.is_sound(decoded, items=len(events))
