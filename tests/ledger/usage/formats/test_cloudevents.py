"""CloudEvents: two ways to state counts, three forms of a body, and one reading of each."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.tokens import TOKEN_CLASSES
from ledger.usage.formats import cloudevents
from ledger.usage.formats.decoding import Decoded, TooManyEvents
from tests import factories
from tests.ledger.usage.formats import arbitrary

FORMS = (cloudevents.BATCH, cloudevents.LINES)

CHAT = {
    "prompt_tokens": 3025,
    "completion_tokens": 90,
    "total_tokens": 3115,
    "prompt_tokens_details": {"cached_tokens": 3022},
    "completion_tokens_details": {"reasoning_tokens": 64},
}
SNOWFLAKE = {
    "prompt_tokens": 7,
    "prompt_tokens_details": {"cached_tokens": 4805},
    "completion_tokens": 6,
    "total_tokens": 4818,
}


def body(events: list[Any], form: str) -> bytes:
    """Write events as a batch, or a line each."""
    if form == cloudevents.LINES:
        return b"\n".join(arbitrary.written(event) for event in events)
    return arbitrary.written(events)


def decode(events: list[Any], form: str = cloudevents.BATCH, *, limit: int = 100) -> Decoded:
    """Decode events in a form."""
    return cloudevents.decode(body(events, form), content_type=form, limit=limit)


def surfaced(usage: Any, *, surface: Any = "openai-chat", **data: Any) -> dict[str, Any]:
    """Return an event with a usage object as it came."""
    made = factories.event(surface=surface, **data)
    made["data"]["usage"] = usage
    return made


def by_class(decoded: Decoded) -> list[dict[str, int]]:
    """Return the counts of each record, without the classes that hold none."""
    return [
        {name: count for name, count in zip(TOKEN_CLASSES, one.counts, strict=True) if count}
        for one in decoded.records
    ]


class TestServiceTier:
    def test_stands_among_the_attributes_from_here_on(self) -> None:
        decoded = decode([factories.event(service_tier="batch", attributes={"key": "k"})])

        assert [one.attributes for one in decoded.records] == [
            {"key": "k", "service_tier": "batch"}
        ]

    def test_is_the_same_event_whether_it_is_stated_beside_the_attributes_or_in_them(self) -> None:
        beside = decode([factories.event(service_tier="flex")])
        within = decode([factories.event(attributes={"service_tier": "flex"})])

        assert beside == within

    def test_is_refused_where_the_attributes_say_another(self) -> None:
        decoded = decode([factories.event(service_tier="flex", attributes={"service_tier": "x"})])

        assert decoded.records == []
        assert [(one.code, one.detail) for one in decoded.refusals] == [
            ("invalid_event", "#/0/data/service_tier: is 'flex', and 'x' in the attributes")
        ]

    def test_is_taken_from_a_usage_object_unless_it_is_the_usual_one(self) -> None:
        decoded = decode(
            [
                surfaced(CHAT | {"service_tier": "priority"}),
                surfaced(CHAT | {"service_tier": "standard"}),
                surfaced(CHAT | {"service_tier": "priority"}, attributes={"service_tier": "batch"}),
            ]
        )

        assert [one.attributes for one in decoded.records] == [
            {"service_tier": "priority"},
            None,
            {"service_tier": "batch"},
        ]


@pytest.mark.parametrize("form", FORMS)
class TestDecode:
    def test_counts_a_usage_object_by_its_surface(self, form: str) -> None:
        decoded = decode([surfaced(CHAT)], form)

        assert by_class(decoded) == [
            {"input": 3, "cache_read": 3022, "output": 26, "reasoning": 64}
        ]

    def test_counts_the_same_object_otherwise_where_its_vendor_does(self, form: str) -> None:
        decoded = decode([surfaced(SNOWFLAKE, vendor="snowflake-cortex")], form)

        assert by_class(decoded) == [{"input": 7, "cache_read": 4805, "output": 6}]

    def test_keeps_a_usage_object_that_contradicts_itself_word_for_word(self, form: str) -> None:
        (record,) = decode([surfaced(SNOWFLAKE, vendor="openai")], form).records

        assert record.finding is not None
        assert record.counts == (0,) * 9
        assert record.finding.rule == "cache_nesting"
        assert json.loads(record.finding.said) == {
            "surface": "openai-chat",
            "vendor": "openai",
            "usage": SNOWFLAKE,
        }

    def test_takes_both_ways_in_one_body_and_refuses_the_bad_items_alone(self, form: str) -> None:
        decoded = decode(
            [
                factories.event("ours"),
                surfaced(CHAT),
                surfaced({"prompt_tokens": "many"}),
                factories.event("odd", usage={"cache_write": 1}),
            ],
            form,
        )

        assert [record.index for record in decoded.records] == [0, 1]
        assert by_class(decoded) == [
            {"input": 800, "cache_read": 1200, "output": 500},
            {"input": 3, "cache_read": 3022, "output": 26, "reasoning": 64},
        ]
        assert [refusal.index for refusal in decoded.refusals] == [2, 3]

    @pytest.mark.parametrize(
        ("event", "pointer"),
        [
            (surfaced({"prompt_tokens": -1, "completion_tokens": 0}), "usage/prompt_tokens"),
            (
                surfaced({**CHAT, "prompt_tokens_details": {"cached_tokens": 1.5}}),
                "usage/prompt_tokens_details/cached_tokens",
            ),
            (surfaced([1]), "usage"),
            (surfaced(CHAT, surface="openai"), "surface"),
            (surfaced(CHAT, surface=""), "usage: Object contains unknown field `prompt_tokens`"),
            (surfaced(CHAT, surface=None), "surface"),
            (surfaced(CHAT, surface="", vendor="openai"), "surface"),
            (factories.event(usage={"input": -1}), "usage/input"),
        ],
    )
    def test_points_at_what_is_wrong(self, form: str, event: dict[str, Any], pointer: str) -> None:
        decoded = decode([factories.event(), event], form)

        (refusal,) = decoded.refusals
        assert refusal.detail.startswith(f"#/1/data/{pointer}")
        assert [record.index for record in decoded.records] == [0]

    def test_refuses_to_keep_a_contradiction_without_bounds(self, form: str) -> None:
        large = {**SNOWFLAKE, "note": "x" * 20_000}

        decoded = decode([surfaced(large)], form)

        (refusal,) = decoded.refusals
        assert refusal.detail.startswith("#/0/data/usage: contradicts itself")
        assert "16384 bytes" in refusal.detail

    def test_refuses_to_keep_a_contradiction_without_an_end(self, form: str) -> None:
        deep: Any = {}
        for _ in range(500):
            deep = {"a": deep}

        decoded = decode([surfaced({**SNOWFLAKE, "note": deep})], form)

        assert "nests deeper" in decoded.refusals[0].detail

    def test_refuses_too_many_events_whatever_their_form(self, form: str) -> None:
        for event in (factories.event(), surfaced(CHAT), {}, 1):
            with pytest.raises(TooManyEvents):
                decode([event] * 4, form, limit=3)


class TestLines:
    def test_are_read_with_blank_ones_between_and_either_end(self) -> None:
        one, two = (arbitrary.written(factories.event(name)) for name in ("a", "b"))

        decoded = cloudevents.decode(
            b"\r\n" + one + b"\r\n\n  \n" + two + b"\n", content_type=cloudevents.LINES, limit=2
        )

        assert [(record.index, record.event_id) for record in decoded.records] == [
            (0, "a"),
            (1, "b"),
        ]


EVENTS = arbitrary.objects(
    specversion=st.just("1.0"),
    id=st.text(min_size=1, max_size=9),
    source=st.just("urn:gateway"),
    type=st.just("ai.usage"),
    subject=st.text(min_size=1, max_size=9),
    time=st.sampled_from(["2026-10-05T02:30:00Z", "2026-10-05t02:30:00.123456789+08:00"]),
    sequence=st.sampled_from(["1", 2, None]),
    data=arbitrary.objects(
        deployment=st.just("qwen"),
        usage=st.dictionaries(st.sampled_from(TOKEN_CLASSES), arbitrary.COUNTS, max_size=4),
    )
    | arbitrary.objects(
        deployment=st.just("qwen"),
        surface=st.sampled_from(["openai-chat", "anthropic-messages", "gemini", "clearwatt", "?"]),
        vendor=st.sampled_from(["", "snowflake-cortex", "deepseek"]),
        usage=arbitrary.objects(
            prompt_tokens=arbitrary.COUNTS,
            completion_tokens=arbitrary.COUNTS,
            total_tokens=arbitrary.COUNTS,
            prompt_tokens_details=arbitrary.objects(cached_tokens=arbitrary.COUNTS),
        ),
    ),
)


class TestWhateverIsSent:
    @given(st.binary(max_size=200), st.sampled_from(cloudevents.CONTENT_TYPES))
    def test_is_refused_or_read(self, sent: bytes, content_type: str) -> None:
        try:
            decoded = cloudevents.decode(sent, content_type=content_type, limit=100)
        except arbitrary.REFUSED:
            return
        arbitrary.is_sound(decoded, items=len(decoded))

    @given(st.lists(EVENTS | arbitrary.JSON, max_size=5), st.sampled_from(FORMS))
    def test_is_a_record_or_a_refusal_for_each_item(self, events: list[Any], form: str) -> None:
        arbitrary.is_sound(decode(events, form), items=len(events))

    @given(st.lists(EVENTS, max_size=5))
    def test_is_read_alike_as_an_array_and_as_lines(self, events: list[Any]) -> None:
        as_array, as_lines = (decode(events, form) for form in FORMS)

        assert as_array == as_lines

    @given(st.lists(EVENTS, min_size=1, max_size=5))
    def test_is_read_alike_at_once_and_one_by_one(self, events: list[Any]) -> None:
        unreadable = {"specversion": "0"}
        at_once = decode(events)
        one_by_one = decode([*events, unreadable])

        others = [one for one in one_by_one.refusals if one.index < len(events)]
        assert one_by_one.records == at_once.records
        assert sorted(others, key=str) == sorted(at_once.refusals, key=str)
