"""OTLP's encodings: read as OpenTelemetry's own classes read them, and bounded as they are not."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.usage.formats import otlp
from ledger.usage.formats.decoding import UnreadableBody, UnsupportedContentType
from ledger.usage.formats.otlp import protobuf, wire
from ledger.usage.formats.otlp.spans import Wanted
from tests.ledger.usage.formats import arbitrary, otlp_requests
from tests.ledger.usage.formats.otlp_requests import CALL, ENCODINGS, USAGE, span, written

WANTED = Wanted(frozenset({"a", "b", "ключ"}))
VALUES = (
    st.text(max_size=9)
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.booleans()
    | st.lists(st.text(max_size=5), max_size=3)
)
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["a", "b", "ключ", "unwanted", "gen_ai.usage.input_tokens"]), VALUES, max_size=5
)
SPANS = st.builds(
    span,
    ATTRIBUTES,
    trace_id=st.binary(max_size=20),
    span_id=st.binary(max_size=9),
    ended_ns=st.integers(0, 2**64 - 1),
    status_code=st.integers(0, 2),
)


def decode(body: bytes, encoding: str = otlp.PROTOBUF) -> Any:
    return otlp.decode(body, content_type=encoding, limit=100)


class TestProtobuf:
    @given(st.lists(SPANS, max_size=4), ATTRIBUTES)
    def test_is_read_as_its_own_classes_read_it(
        self, spans: list[dict[str, Any]], resource: dict[str, Any]
    ) -> None:
        body = otlp_requests.protobuf(*spans, resource=resource).SerializeToString()

        def kept(attributes: dict[str, Any]) -> dict[str, Any]:
            return {name: value for name, value in attributes.items() if name in WANTED}

        found = list(protobuf.spans(body, wanted=WANTED))

        assert [one.trace_id for one in found] == [one["trace_id"].hex() for one in spans]
        assert [one.span_id for one in found] == [one["span_id"].hex() for one in spans]
        assert [one.ended_ns for one in found] == [one["ended_ns"] for one in spans]
        assert [one.status_code for one in found] == [one["status_code"] for one in spans]
        assert [one.attributes for one in found] == [kept(one["attributes"]) for one in spans]
        assert all(one.resource == kept(resource) for one in found)

    def test_is_read_in_any_order_and_piece_by_piece(self) -> None:
        whole = otlp_requests.protobuf(span(), resource={"service.name": "gw"})
        resource = whole.resource_spans[0].resource.SerializeToString()
        (made,) = whole.resource_spans[0].scope_spans[0].spans
        key_last = wire.delimited(2, wire.delimited(1, b"late")) + wire.delimited(
            1, b"clearwatt.consumer"
        )
        spans = wire.delimited(2, made.SerializeToString() + wire.delimited(9, key_last))
        body = wire.delimited(
            1, wire.delimited(2, spans) + wire.delimited(1, resource) + wire.delimited(2, b"")
        )

        (found,) = decode(body).records

        assert (found.source, found.consumer) == ("gw", "late")

    @pytest.mark.parametrize(
        "body",
        [
            b"\x0a",
            b"\x0a\x05",
            b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x00\x00",
            b"\x0b\x0c",
            b"\x09\x00",
            b"\x08",
            b"{}",
            wire.delimited(1, b"\x12\x7f"),
        ],
    )
    def test_is_refused_where_it_is_damaged(self, body: bytes) -> None:
        with pytest.raises(UnreadableBody):
            decode(body)

    def test_costs_little_where_it_is_made_of_nothing(self) -> None:
        body = wire.delimited(1, wire.delimited(2, b"\x12\x00" * 8_000_000))
        began = time.process_time()

        with pytest.raises(UnreadableBody) as refused:
            decode(body)

        assert time.process_time() - began < 5
        assert "more than are read at once" in refused.value.why


class TestJson:
    def test_is_read_as_the_standard_writes_it(self) -> None:
        request = {
            "resourceSpans": [
                {
                    "resource": {
                        "attributes": [
                            {"key": "service.name", "value": {"stringValue": "my.service"}}
                        ]
                    },
                    "scopeSpans": [
                        {
                            "scope": {"name": "my.library", "attributes": []},
                            "spans": [
                                {
                                    "traceId": "5B8EFFF798038103D269B633813FC60C",
                                    "spanId": "EEE19B7EC3C1B174",
                                    "parentSpanId": "EEE19B7EC3C1B173",
                                    "name": "chat",
                                    "startTimeUnixNano": "1791167400000000000",
                                    "endTimeUnixNano": 1791167400000001999,
                                    "kind": 3,
                                    "status": {"code": "STATUS_CODE_ERROR"},
                                    "attributes": [
                                        {
                                            "key": "gen_ai.usage.input_tokens",
                                            "value": {"intValue": 7},
                                        },
                                        {
                                            "key": "gen_ai.usage.output_tokens",
                                            "value": {"intValue": "5"},
                                        },
                                        {"key": "user.id", "value": {"kvlistValue": {}}},
                                    ],
                                    "unknown": {"later": "versions"},
                                }
                            ],
                        }
                    ],
                }
            ]
        }

        (found,) = decode(json.dumps(request).encode(), otlp.JSON).records

        assert found.event_id == "5b8efff798038103d269b633813fc60c-eee19b7ec3c1b174"
        assert (found.source, found.status) == ("my.service", "partial")
        assert found.counts[:5] == (7, 0, 0, 0, 5)
        assert found.occurred_at is not None
        assert found.occurred_at.microsecond == 1

    def test_refuses_a_span_that_is_none_alone(self) -> None:
        body = written(span(), span(span_id=b"12345678"), encoding=otlp.JSON)
        broken = body.replace(b'"traceId": "5B', b'"traceId": 5, "was": "', 1)

        decoded = decode(broken, otlp.JSON)

        assert [one.index for one in decoded.records] == [1]
        assert decoded.refusals[0].detail.startswith("#/0/traceId: ")

    @pytest.mark.parametrize("name", ["gen_ai.input.messages", "gen_ai.conversation.id"])
    def test_replaces_the_half_of_a_character_that_an_sdk_has_cut(self, name: str) -> None:
        body = written(span(), span({**CALL, **USAGE, name: "HERE"}), encoding=otlp.JSON)

        for half in (b"\\ud83d", b"\\ude00", b"\\\\ud83d\\ude00", b"\\ud83d\\u0041"):
            decoded = decode(body.replace(b"HERE", b"a" + half), otlp.JSON)

            assert decoded.refusals == []
            assert [one.counts[:2] for one in decoded.records] == [(800, 1_200)] * 2
            "".join((decoded.records[1].attributes or {}).values()).encode()

    @pytest.mark.parametrize("time", ["1e3", "-5", "٣", "9" * 21, "18446744073709551616"])
    def test_refuses_times_that_are_none(self, time: str) -> None:
        body = written(span(), encoding=otlp.JSON).decode()
        broken = body.replace('"1791167400123456789"', json.dumps(time))

        assert (
            decode(broken.encode(), otlp.JSON)
            .refusals[0]
            .detail.startswith("#/0/endTimeUnixNano: ")
        )

    @pytest.mark.parametrize(
        "body",
        [b"", b"[]", b"{", b'{"resourceSpans": 1}', b"\xff", b"[" * 9_999, b"{}," * 1_100_000],
    )
    def test_is_refused_where_it_is_no_request(self, body: bytes) -> None:
        with pytest.raises(UnreadableBody):
            decode(body, otlp.JSON)

    def test_may_be_empty(self) -> None:
        for body in (b"{}", b'{"resourceSpans": null}', b'{"resourceSpans": [{}]}'):
            assert len(decode(body, otlp.JSON)) == 0


class TestOtherEncodings:
    @pytest.mark.parametrize("content_type", ["", "text/plain", "application/grpc"])
    def test_are_refused(self, content_type: str) -> None:
        with pytest.raises(UnsupportedContentType):
            decode(b"", content_type)


MEMBERS = arbitrary.SCALARS | st.lists(arbitrary.JSON, max_size=2)
JSON_VALUES = arbitrary.objects(stringValue=MEMBERS, intValue=MEMBERS, doubleValue=MEMBERS)
JSON_SPANS = arbitrary.objects(
    traceId=st.sampled_from(["5b8efff798038103d269b633813fc60c", "", "00" * 16]),
    spanId=st.sampled_from(["eee19b7ec3c1b174", "x" * 16]),
    endTimeUnixNano=st.integers(0, 2**65) | st.sampled_from(["1791167400000000000", "x"]),
    status=arbitrary.objects(code=MEMBERS),
    attributes=st.lists(
        arbitrary.objects(key=st.sampled_from([*CALL, *USAGE]), value=JSON_VALUES), max_size=6
    ),
)


class TestWhateverIsSent:
    @given(st.binary(max_size=200), st.sampled_from(ENCODINGS))
    def test_is_refused_or_read(self, sent: bytes, encoding: str) -> None:
        try:
            decoded = decode(sent, encoding)
        except arbitrary.REFUSED:
            return
        arbitrary.is_sound(decoded, items=len(decoded))

    @given(SPANS.map(lambda one: written(one, encoding=otlp.PROTOBUF)), st.data())
    def test_is_refused_or_read_where_a_message_was_damaged(
        self, sent: bytes, data: st.DataObject
    ) -> None:
        place = data.draw(st.integers(0, len(sent) - 1))
        damaged = sent[:place] + data.draw(st.binary(max_size=3)) + sent[place + 1 :]
        try:
            decoded = decode(damaged)
        except arbitrary.REFUSED:
            return
        arbitrary.is_sound(decoded, items=len(decoded))

    @given(st.lists(JSON_SPANS | arbitrary.JSON, max_size=4))
    def test_is_a_record_a_refusal_or_no_usage_for_each_span(self, spans: list[Any]) -> None:
        body = arbitrary.written({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]})
        try:
            decoded = decode(body, otlp.JSON)
        except arbitrary.REFUSED:
            return
        arbitrary.is_sound(decoded, items=len(decoded))
        assert len(decoded) <= len(spans)
