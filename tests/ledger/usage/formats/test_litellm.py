"""LiteLLM's callback: what of a payload is kept, whose it is, and how it ended."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from ledger.usage.columns import Record
from ledger.usage.formats import litellm
from tests.ledger.usage.formats.litellm_payloads import (
    ANSWER,
    ANTHROPIC,
    CALL,
    CAPTURED,
    decode,
    payload,
    record,
    refusal,
    with_usage,
)


class TestDecode:
    def test_reads_a_payload_as_litellm_sent_it(self) -> None:
        assert record(CAPTURED) == Record(
            index=0,
            source="litellm",
            event_id=f"{CALL}:{ANSWER}",
            occurred_at=datetime(2026, 11, 24, 12, 26, 37, 993219, tzinfo=UTC),
            consumer="litellm_proxy_master_key",
            project="",
            deployment="qwen@gpu-west.internal:8000",
            counts=(10, 0, 0, 0, 20, 0, 0, 0, 0),
            status="complete",
            attributes={
                "call_type": "acompletion",
                "provider": "openai",
                "model": "openai/qwen",
                "model_id": CAPTURED["model_id"],
                "trace_id": CAPTURED["trace_id"],
                "key_hash": "litellm_proxy_master_key",
                "user_id": "default_user_id",
                "end_user": "acme",
                "tags": ["batch-7"],
            },
        )

    def test_takes_null_in_the_usage_object_for_what_is_not_stated(self) -> None:
        usage = {"prompt_tokens": 10, "completion_tokens": None, "total_tokens": None}

        assert record(with_usage(usage)).counts == (10, 0, 0, 0, 20, 0, 0, 0, 0)

    def test_keeps_neither_questions_nor_answers_nor_addresses_of_users(self) -> None:
        kept = repr(record(CAPTURED))

        assert "secret" in json.dumps(CAPTURED)
        for private in ("secret", "127.0.0.1", "OpenAI/Python", "x-stainless"):
            assert private not in kept

    def test_takes_cached_and_reasoning_tokens_from_the_usage_object(self) -> None:
        counts = record(with_usage(ANTHROPIC)).counts

        # Of 10,000 read 8,000 were cached and 1,500 are kept; of 700 written 200 were thought.
        assert counts == (500, 8_000, 1_500, 0, 500, 200, 0, 0, 0)

    def test_counts_totals_where_there_is_no_usage_object_and_says_so(self) -> None:
        found = record(with_usage(None, prompt_tokens=30, completion_tokens=4, total_tokens=34))

        assert found.counts == (30, 0, 0, 0, 4, 0, 0, 0, 0)
        assert found.attributes is not None
        assert found.attributes["usage_details"] is False

    def test_completes_a_usage_object_with_the_totals(self) -> None:
        found = record(with_usage({"prompt_tokens": 9}, completion_tokens=0, total_tokens=9))

        assert found.counts == (9, 0, 0, 0, 0, 0, 0, 0, 0)

    def test_keeps_a_contradiction_with_both_readings(self) -> None:
        found = record(with_usage(ANTHROPIC | {"cache_read_input_tokens": 9_000}))

        assert found.counts == (0,) * 9
        assert found.finding is not None
        assert found.finding.rule == "spellings"
        assert json.loads(found.finding.said)["usage"]["cache_read_input_tokens"] == 9_000

    def test_points_at_a_count_that_is_none(self) -> None:
        found = refusal(with_usage({**ANTHROPIC, "completion_tokens": -1}))

        assert found.code == "invalid_event"
        assert found.detail.startswith("#/0/metadata/usage_object/completion_tokens: ")

    def test_counts_nothing_for_what_came_from_litellms_own_cache(self) -> None:
        found = record(payload(cache_hit=True))

        assert (found.counts, found.status) == ((0,) * 9, "complete")
        assert found.attributes is not None
        assert found.attributes["cache_hit"] is True

    def test_names_the_source_as_it_is_told(self) -> None:
        assert decode(CAPTURED, source="gateway-2").records[0].source == "gateway-2"

    @pytest.mark.parametrize(
        ("seconds", "microseconds"),
        [
            ("1795523197.993219", 993_219),
            ("1795523197.9932198", 993_219),
            ("1795523197.999999999999999999", 999_999),
            ("1795523197." + "9" * 60, 999_999),
            ("1795523197.0" + "0" * 5_000 + "1", 0),
            ("1795523197", 0),
            ("1.795523197000001e9", 1),
        ],
    )
    def test_reads_times_digit_by_digit_and_cuts_them(
        self, seconds: str, microseconds: int
    ) -> None:
        body = json.dumps([payload(endTime=0)]).replace('"endTime": 0', f'"endTime": {seconds}')

        (found,) = litellm.decode(body.encode(), content_type="application/json", limit=1).records

        assert found.occurred_at == datetime(2026, 11, 24, 12, 26, 37, microseconds, tzinfo=UTC)

    @pytest.mark.parametrize("seconds", ["1e999999", "-1", "253402300800", "1" * 400])
    def test_refuses_times_beyond_the_calendar(self, seconds: str) -> None:
        body = json.dumps([payload(endTime=0)]).replace('"endTime": 0', f'"endTime": {seconds}')

        decoded = litellm.decode(body.encode(), content_type="application/json", limit=1)

        assert decoded.refusals[0].detail.startswith("#/0/endTime")


ENDED = 1_795_523_197_993_219
"""The captured payload's end, in microseconds."""


class TestIdentity:
    def test_tells_a_failure_from_the_fallback_that_answered_the_same_call(self) -> None:
        failed = payload(id=CALL, status="failure", model_id="m1", metadata={"usage_object": {}})
        again = payload(id=CALL, status="failure", model_id="m2", metadata={"usage_object": {}})

        ids = [one.event_id for one in decode(failed, again, CAPTURED).records]

        assert ids == [f"{CALL}:{ENDED}:failed:m1", f"{CALL}:{ENDED}:failed:m2", f"{CALL}:{ANSWER}"]

    def test_tells_calls_apart_whose_caller_gave_them_one_id(self) -> None:
        ids = [
            one.event_id
            for one in decode(
                payload(litellm_call_id="mine"),
                payload(litellm_call_id="mine", id="chatcmpl-2"),
            ).records
        ]

        assert ids == [f"mine:{ANSWER}", "mine:chatcmpl-2"]

    def test_is_the_call_and_its_end_where_the_answer_has_no_id(self) -> None:
        first, again, other = (
            record(payload(id=CALL, call_type="aembedding", endTime=ended)).event_id
            for ended in (CAPTURED["endTime"], CAPTURED["endTime"], CAPTURED["endTime"] + 1)
        )

        assert first == again == f"{CALL}:{ENDED}"
        assert other != first
        assert record(payload(id=CALL, endTime=None)).event_id == CALL

    def test_is_the_answer_where_there_is_no_call(self) -> None:
        assert record(payload(litellm_call_id=None)).event_id == ANSWER

    def test_has_bounds_whatever_the_vendor_answers(self) -> None:
        long, longer = (record(payload(id="resp_" + "x" * n)).event_id for n in (600, 601))

        assert len(long) == len(longer) == 64
        assert long != longer

    def test_is_needed(self) -> None:
        found = refusal(payload(litellm_call_id="", id=None))

        assert found.detail == "#/0/litellm_call_id: is missing, and so is `id`"


class TestNames:
    def test_charge_the_holder_of_the_key_and_not_whom_the_caller_names(self) -> None:
        keyed = {"user_api_key_alias": "acme-prod", "user_api_key_hash": "88dc28"}

        assert record(payload(metadata=keyed)).consumer == "acme-prod"
        assert record(payload(metadata=keyed | {"user_api_key_alias": None})).consumer == "88dc28"

    def test_charge_the_end_user_where_there_are_no_keys(self) -> None:
        keyless = {"user_api_key_hash": None, "user_api_key_end_user_id": None}

        assert record(payload(metadata=keyless)).consumer == "acme"
        # One who calls itself something endless does not get its call for nothing.
        assert record(payload(metadata=keyless, end_user="x" * 9_000)).consumer == "x" * 512

    def test_may_be_missing_and_are_set_aside_later(self) -> None:
        keyless = {"user_api_key_hash": None, "user_api_key_end_user_id": None}

        found = record(payload(metadata=keyless, end_user=None, model_group="", model=""))

        assert (found.consumer, found.deployment) == ("", "")

    def test_take_the_team_as_project_unless_there_is_one(self) -> None:
        team = {"user_api_key_team_alias": "search", "user_api_key_team_id": "t-1"}

        assert record(payload(metadata=team)).project == "search"
        assert record(payload(metadata=team | {"user_api_key_team_alias": None})).project == "t-1"
        named = team | {"user_api_key_project_alias": "crawler"}
        assert record(payload(metadata=named)).project == "crawler"

    @pytest.mark.parametrize(
        ("members", "deployment"),
        [
            ({"api_base": ""}, "qwen"),
            ({"api_base": None, "model_group": None}, "openai/qwen"),
            ({"api_base": "https://East.Example:443/v1"}, "qwen@east.example:443"),
            ({"api_base": "https://user:secret@east.example"}, "qwen@east.example"),
            ({"api_base": "http://[::1"}, "qwen"),
            ({"model_group": "", "model": "", "api_base": "http://east"}, ""),
        ],
    )
    def test_take_the_model_and_its_host_as_deployment(
        self, members: dict[str, Any], deployment: str
    ) -> None:
        assert record(payload(**members)).deployment == deployment


class TestStatus:
    @pytest.mark.parametrize(
        ("status", "usage", "error", "expected"),
        [
            ("success", ANTHROPIC, None, "complete"),
            ("success", ANTHROPIC, {"error_class": "", "error_code": ""}, "complete"),
            (
                "success",
                ANTHROPIC,
                {"error_class": "ClientDisconnected", "error_code": "499"},
                "cancelled",
            ),
            ("failure", {}, {"error_class": "HTTPException", "error_code": "499"}, "cancelled"),
            (
                "failure",
                {},
                {"error_class": "APIError", "error_code": "499", "llm_provider": "riva"},
                "failed",
            ),
            ("failure", {}, {"error_class": "RateLimitError", "error_code": "429"}, "failed"),
            ("failure", ANTHROPIC, {"error_class": "Timeout"}, "partial"),
            ("failure", {}, "text", "failed"),
        ],
    )
    def test_follows_what_litellm_says_of_the_end(
        self, status: str, usage: dict[str, Any], error: Any, expected: str
    ) -> None:
        totals = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}

        found = record(with_usage(usage, status=status, error_information=error, **totals))

        assert found.status == expected
        assert any(found.counts) is (usage is ANTHROPIC)

    def test_needs_usage_unless_a_model_was_reached_and_failed(self) -> None:
        nothing = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
        typing_error = {"model_id": "", "custom_llm_provider": None}

        listing = refusal(with_usage({}, **nothing))
        unknown_model = refusal(with_usage({}, status="failure", **nothing, **typing_error))

        assert listing.code == unknown_model.code == "no_usage"
