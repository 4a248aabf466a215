"""Traces over HTTP: which spans are usage, and what they say in either encoding."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from ledger.usage.columns import Record
from ledger.usage.formats.decoding import TooManyEvents
from tests.ledger.usage.formats.otlp_requests import (
    CALL,
    ENCODINGS,
    USAGE,
    decode,
    record,
    refusal,
    span,
)

IN, OUT = "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"
READ = "gen_ai.usage.cache_read.input_tokens"
CREATED = "gen_ai.usage.cache_creation.input_tokens"
WRITTEN = "gen_ai.usage.cache_write.input_tokens"
REASONING = "gen_ai.usage.reasoning.output_tokens"


@pytest.mark.parametrize("encoding", ENCODINGS)
class TestDecode:
    def test_reads_a_span_to_the_last_field(self, encoding: str) -> None:
        attributes = {
            **CALL,
            **USAGE,
            "gen_ai.response.model": "qwen3-235b",
            "gen_ai.response.id": "chatcmpl-1",
            "gen_ai.response.finish_reasons": ["stop"],
            "openai.response.service_tier": "default",
            "server.address": "gpu-west.internal",
            "server.port": 8000,
            "clearwatt.project": "search",
            "gen_ai.input.messages": "a secret question",
            "thread.id": 7,
        }

        assert record(attributes, encoding=encoding) == Record(
            index=0,
            source="gateway-1",
            event_id="5b8efff798038103d269b633813fc60c-eee19b7ec3c1b174",
            occurred_at=datetime(2026, 10, 5, 2, 30, 0, 123456, tzinfo=UTC),
            consumer="acme",
            project="search",
            deployment="qwen3-235b@gpu-west.internal:8000",
            counts=(800, 1_200, 0, 0, 500, 0, 0, 0, 0),
            status="complete",
            attributes={
                "operation": "chat",
                "request_model": "qwen",
                "response_model": "qwen3-235b",
                "response_id": "chatcmpl-1",
                "service_tier": "default",
                "provider": "openai",
            },
        )

    @pytest.mark.parametrize(
        ("usage", "counts"),
        [
            ({IN: 100, OUT: 20}, (100, 0, 0, 0, 20, 0, 0, 0, 0)),
            ({IN: 100.0, OUT: 20.0}, (100, 0, 0, 0, 20, 0, 0, 0, 0)),
            (
                {"gen_ai.usage.prompt_tokens": 100, "gen_ai.usage.completion_tokens": 20},
                (100, 0, 0, 0, 20, 0, 0, 0, 0),
            ),
            ({IN: 100, READ: 60, CREATED: 30, OUT: 20}, (10, 60, 30, 0, 20, 0, 0, 0, 0)),
            ({IN: 100, READ: 60, WRITTEN: 30, OUT: 20}, (10, 60, 30, 0, 20, 0, 0, 0, 0)),
            (
                {IN: 100, CREATED: 30, WRITTEN: 30, OUT: 20, REASONING: 15},
                (70, 0, 30, 0, 5, 15, 0, 0, 0),
            ),
            ({IN: 8, "gen_ai.usage.cost": 0.5}, (8, 0, 0, 0, 0, 0, 0, 0, 0)),
            (
                # As OpenLLMetry writes them.
                {
                    IN: 1_000,
                    OUT: 10,
                    "gen_ai.usage.cache_read_input_tokens": 900,
                    "gen_ai.usage.cache_creation_input_tokens": 50,
                    "gen_ai.usage.reasoning_tokens": 4,
                    "gen_ai.usage.total_tokens": 1_010,
                },
                (50, 900, 50, 0, 6, 4, 0, 0, 0),
            ),
            (
                # As Pydantic AI does.
                {
                    IN: 1_000,
                    OUT: 10,
                    "gen_ai.usage.details.cache_read_tokens": 900,
                    "gen_ai.usage.details.cache_write_tokens": 50,
                    "gen_ai.usage.details.reasoning_tokens": 4,
                    "gen_ai.usage.details.input_tokens": 50,
                },
                (50, 900, 50, 0, 6, 4, 0, 0, 0),
            ),
        ],
    )
    def test_knows_every_spelling(
        self, encoding: str, usage: dict[str, Any], counts: tuple[int, ...]
    ) -> None:
        assert record(CALL | usage, encoding=encoding).counts == counts

    @pytest.mark.parametrize(
        ("usage", "rule"),
        [
            ({IN: 100, OUT: 1, CREATED: 30, WRITTEN: 31}, "spellings"),
            ({IN: 100, OUT: 1, READ: 101}, "cache_nesting"),
            ({IN: 100, OUT: 1, REASONING: 2}, "reasoning_nesting"),
            ({IN: 100, OUT: 1, READ: 9, "gen_ai.usage.cache_read_tokens": 8}, "spellings"),
            ({IN: 100, OUT: 1, "gen_ai.usage.context_cache.tokens": 90}, "unplaced"),
            ({IN: 100, OUT: 1, "gen_ai.usage.context_cache.tokens": 101}, "modalities"),
        ],
    )
    def test_keeps_a_contradiction_with_what_was_said(
        self, encoding: str, usage: dict[str, Any], rule: str
    ) -> None:
        found = record(CALL | usage, encoding=encoding)

        assert found.counts == (0,) * 9
        assert found.finding is not None
        assert found.finding.rule == rule
        assert json.loads(found.finding.said) == {
            "surface": "otel",
            "vendor": "openai",
            "usage": usage,
        }

    @pytest.mark.parametrize("value", [-1, 2**40, 1.5, True, "12", ["1"]])
    def test_points_at_a_count_that_is_none(self, encoding: str, value: Any) -> None:
        found = refusal(CALL | {IN: value, OUT: 3}, encoding=encoding)

        assert found.detail.startswith(f"#/0/attributes/{IN}: ")

    def test_passes_over_spans_that_are_no_usage_of_their_own(self, encoding: str) -> None:
        agent = CALL | USAGE | {"gen_ai.operation.name": "invoke_agent"}

        decoded = decode(
            span({"http.request.method": "POST"}),
            span(agent),
            span(CALL | {"gen_ai.usage.cost": 1}),
            span(span_id=b"12345678"),
            span({}),
            encoding=encoding,
        )

        assert decoded.refusals == []
        assert [one.index for one in decoded.records] == [3]

    def test_refuses_an_operation_that_it_cannot_place(self, encoding: str) -> None:
        found = refusal(CALL | USAGE | {"gen_ai.operation.name": "swarm"}, encoding=encoding)

        assert found.detail.startswith("#/0/attributes/gen_ai.operation.name: 'swarm' ")

    def test_takes_spans_of_before_there_were_operations(self, encoding: str) -> None:
        older = {"gen_ai.system": "anthropic", "gen_ai.request.model": "claude"} | USAGE

        assert (record(older, encoding=encoding).attributes or {})["provider"] == "anthropic"

    @pytest.mark.parametrize(
        "ids",
        [
            {"trace_id": b""},
            {"trace_id": bytes(16)},
            {"span_id": bytes(8)},
            {"span_id": b"1234567"},
            {"trace_id": b"1" * 17},
        ],
    )
    def test_refuses_a_span_without_identity(self, encoding: str, ids: dict[str, Any]) -> None:
        decoded = decode(span(**ids), encoding=encoding)

        assert decoded.records == []
        assert decoded.refusals[0].detail.startswith("#/0/spanId: ")

    def test_refuses_a_span_without_a_time(self, encoding: str) -> None:
        decoded = decode(span(ended_ns=0), encoding=encoding)

        assert decoded.refusals[0].detail.startswith("#/0/endTimeUnixNano: ")

    def test_counts_spans_with_usage_only_to_its_limit(self, encoding: str) -> None:
        others = [span({})] * 5

        assert len(decode(*others, span(), span(), encoding=encoding, limit=2)) == 2
        with pytest.raises(TooManyEvents):
            decode(span(), span(), span(), encoding=encoding, limit=2)


class TestStatus:
    @pytest.mark.parametrize(
        ("attributes", "code", "status"),
        [
            ({}, 0, "complete"),
            ({}, 1, "complete"),
            ({}, 2, "partial"),
            ({OUT: 0}, 2, "failed"),
            ({OUT: 0, "error.type": "timeout"}, 0, "failed"),
            ({"error.type": "timeout"}, 0, "partial"),
            ({"error.type": "asyncio.exceptions.CancelledError"}, 2, "cancelled"),
            ({"error.type": "499"}, 2, "cancelled"),
            ({"error.type": "14999"}, 2, "partial"),
            ({"gen_ai.response.finish_reasons": ["stop", "length"]}, 0, "complete"),
            ({"gen_ai.response.finish_reasons": ["error"]}, 0, "partial"),
            ({"gen_ai.response.finish_reasons": ["cancelled"]}, 0, "cancelled"),
            ({"gen_ai.response.finish_reasons": "cancelled"}, 0, "cancelled"),
        ],
    )
    def test_follows_the_error_and_else_why_the_model_stopped(
        self, attributes: dict[str, Any], code: int, status: str
    ) -> None:
        (found,) = decode(span(CALL | USAGE | attributes, status_code=code)).records

        assert found.status == status


class TestNames:
    def test_take_the_consumer_from_the_first_attribute_that_names_one(self) -> None:
        named = {IN: 1, "user.id": "u", "enduser.id": "e", "clearwatt.consumer": "c"}

        assert record(named).consumer == "c"
        assert record({**named, "clearwatt.consumer": ""}).consumer == "e"
        assert record({IN: 1, "user.id": "u"}).consumer == "u"
        assert record({IN: 1}, resource={"clearwatt.consumer": "r"}).consumer == "r"
        assert record({IN: 1, "user.id": 12}).consumer == "12"
        assert record({IN: 1}).consumer == ""

    def test_take_the_consumer_from_where_they_are_told_to(self) -> None:
        named = {IN: 1, "user.id": "u", "tenant": "t"}

        assert record(named, consumer=("tenant", "user.id")).consumer == "t"
        assert record({IN: 1, "user.id": "u"}, consumer=("tenant",)).consumer == ""

    @pytest.mark.parametrize(
        ("attributes", "resource", "deployment"),
        [
            ({}, {}, ""),
            ({"gen_ai.request.model": "a"}, {}, "a"),
            ({"gen_ai.request.model": "a", "gen_ai.response.model": "b"}, {}, "b"),
            ({"gen_ai.request.model": "a"}, {"cloud.region": "west"}, "a@west"),
            (
                {"gen_ai.request.model": "a", "server.address": "api.example", "server.port": 443},
                {"cloud.region": "west"},
                "a@api.example",
            ),
            (
                {"gen_ai.request.model": "a", "server.address": "x", "cloud.region": "east"},
                {},
                "a@east",
            ),
            (
                {"gen_ai.request.model": "a", "clearwatt.deployment": "zw-a"},
                {"cloud.region": "west"},
                "zw-a",
            ),
        ],
    )
    def test_take_the_model_and_its_place_as_deployment(
        self, attributes: dict[str, Any], resource: dict[str, Any], deployment: str
    ) -> None:
        assert record({IN: 1} | attributes, resource=resource).deployment == deployment

    def test_take_the_service_as_source_and_not_which_of_its_instances(self) -> None:
        service = {"service.name": "gw", "service.instance.id": "627cc493"}

        assert record({IN: 1}, resource=service).source == "gw"
        assert record({IN: 1}, resource={}).source == "otel"
        assert record({IN: 1}, resource=service, source="urn:gw").source == "urn:gw"

    def test_mend_what_others_wrote_and_refuse_what_is_too_long(self) -> None:
        assert record({IN: 1, "user.id": "a\x00b"}).consumer == "ab"
        assert refusal({IN: 1, "user.id": "x" * 513}).detail.startswith("#/0/consumer: ")
