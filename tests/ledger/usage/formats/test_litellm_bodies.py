"""LiteLLM's bodies: their forms, and that no user can spoil one."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.usage.columns import attributes_json
from ledger.usage.formats import litellm
from ledger.usage.formats.decoding import (
    LARGEST_ATTRIBUTES_BYTES,
    TooManyEvents,
    UnreadableBody,
    UnsupportedContentType,
)
from tests.ledger.usage.formats import arbitrary
from tests.ledger.usage.formats.litellm_payloads import CAPTURED, decode, payload, record


class TestBodies:
    def test_come_as_an_array_as_lines_and_alone(self) -> None:
        one, two = payload(litellm_call_id="1"), payload(litellm_call_id="2")
        lines = f"{json.dumps(one)}\n{json.dumps(two)}".encode()

        ids = [
            [record.event_id.partition(":")[0] for record in decoded.records]
            for decoded in (
                decode(one, two),
                litellm.decode(lines, content_type="application/json", limit=9),
                litellm.decode(lines, content_type="application/x-ndjson", limit=9),
                litellm.decode(
                    json.dumps(one, indent=1).encode(), content_type="application/json", limit=999
                ),
            )
        ]

        assert ids == [["1", "2"], ["1", "2"], ["1", "2"], ["1"]]

    def test_hold_512_payloads_of_6_megabytes(self) -> None:
        body = json.dumps([payload(litellm_call_id=str(n)) for n in range(512)]).encode()

        decoded = litellm.decode(body, content_type="application/json", limit=10_000)

        assert len(body) > 5_000_000
        assert len(decoded.records) == 512

    @pytest.mark.parametrize(
        "written_by_a_user",
        [
            '"\\ud800"',
            "NaN",
            "-Infinity",
            '"a\\u0000b"',
            r'"a\\u0000b"',
            '["\\ud83d", {"temperature": Infinity}]',
            r'["\\u0000"]',
        ],
    )
    @pytest.mark.parametrize(
        "member", ["messages", "end_user", "model_parameters", "request_tags", "session_id"]
    )
    def test_are_not_spoilt_by_what_a_user_wrote(self, written_by_a_user: str, member: str) -> None:
        spoilt = json.dumps(payload(**{member: "HERE"}, litellm_call_id="spoilt"))
        spoilt = spoilt.replace('"HERE"', written_by_a_user)
        good = json.dumps(CAPTURED)
        for body in (f"[{good}, {spoilt}]", f"{good}\n{spoilt}"):
            decoded = litellm.decode(body.encode(), content_type="application/json", limit=9)

            assert decoded.refusals == []
            assert [one.counts for one in decoded.records] == [(10, 0, 0, 0, 20, 0, 0, 0, 0)] * 2
            for one in decoded.records:
                assert "\x00" not in repr(one.attributes)
                (attributes_json(one.attributes) or "").encode()

    @pytest.mark.parametrize(
        "members",
        [
            {"request_tags": ["x" * 5_000] * 100},
            {"request_tags": ["\x01" * 256] * 100, "end_user": "\x02" * 9_000},
            {"session_id": "界" * 9_000, "trace_id": "界" * 9_000, "end_user": "界" * 9_000},
            {"request_tags": "none", "end_user": {"a": 1}, "trace_id": 12},
        ],
    )
    def test_are_not_spoilt_by_how_much_a_user_wrote(self, members: dict[str, Any]) -> None:
        found = record(payload(**members))

        assert len((attributes_json(found.attributes) or "").encode()) <= LARGEST_ATTRIBUTES_BYTES

    @pytest.mark.parametrize("unreadable", ["1" * 5_000, "[" * 5_000 + "]" * 5_000, "{1}"])
    def test_are_read_beside_one_that_cannot_be(self, unreadable: str) -> None:
        good, bad = json.dumps(CAPTURED), json.dumps(payload(messages="HERE", status="?"))
        bad = bad.replace('"HERE"', unreadable)
        for body in (f"[{good}, {bad}, {good}]", f"{good}\n{bad}\n{good}"):
            decoded = litellm.decode(body.encode(), content_type="application/json", limit=3)

            assert [one.index for one in decoded.records] == [0, 2]
            assert [one.index for one in decoded.refusals] == [1]

    def test_are_refused_where_they_are_too_many(self) -> None:
        for sent in (CAPTURED, {}, None):
            with pytest.raises(TooManyEvents):
                decode(*[sent] * 4, limit=3)
            lines = b"\n".join([arbitrary.written(sent)] * 4)
            with pytest.raises(TooManyEvents):
                litellm.decode(lines, content_type="application/json", limit=3)

    @pytest.mark.parametrize("body", [b"[", b"[{}", b"\xff[", b"[" * 50_000])
    def test_are_refused_where_they_are_no_json(self, body: bytes) -> None:
        array = b"[" + body

        with pytest.raises(UnreadableBody):
            litellm.decode(array, content_type="application/json", limit=3)

    def test_are_refused_under_other_names(self) -> None:
        with pytest.raises(UnsupportedContentType):
            litellm.decode(b"[]", content_type="application/cloudevents+json", limit=3)

    def test_leave_out_what_is_no_payload(self) -> None:
        decoded = decode(None, CAPTURED, {}, 7, {"status": "great"}, CAPTURED | {"metadata": 3})

        assert [one.index for one in decoded.records] == [1]
        assert [one.index for one in decoded.refusals] == [0, 2, 3, 4, 5]
        assert decoded.refusals[3].detail.startswith("#/4/status: ")


USAGES = arbitrary.objects(
    prompt_tokens=arbitrary.COUNTS,
    completion_tokens=arbitrary.COUNTS,
    total_tokens=arbitrary.COUNTS,
    prompt_tokens_details=arbitrary.objects(cached_tokens=arbitrary.COUNTS),
)
PAYLOADS = arbitrary.objects(
    status=st.sampled_from(["success", "failure"]),
    litellm_call_id=st.text(max_size=9),
    id=arbitrary.SCALARS,
    endTime=st.floats(0, 2e9) | arbitrary.SCALARS,
    model_group=arbitrary.SCALARS,
    api_base=st.sampled_from(["http://a", "http://[", ""]),
    cache_hit=st.none() | st.booleans(),
    error_information=arbitrary.objects(error_class=arbitrary.SCALARS),
    request_tags=st.lists(arbitrary.SCALARS, max_size=3),
    metadata=arbitrary.objects(
        usage_object=USAGES, user_api_key_alias=arbitrary.SCALARS, user_api_key_hash=st.text()
    ),
)


class TestWhateverIsSent:
    @given(st.binary(max_size=200), st.sampled_from(litellm.CONTENT_TYPES))
    def test_is_refused_or_read(self, sent: bytes, content_type: str) -> None:
        try:
            decoded = litellm.decode(sent, content_type=content_type, limit=100)
        except arbitrary.REFUSED:
            return
        arbitrary.is_sound(decoded, items=len(decoded))

    @given(st.lists(PAYLOADS | arbitrary.JSON, max_size=5))
    def test_is_a_record_or_a_refusal_for_each_payload(self, payloads: list[Any]) -> None:
        arbitrary.is_sound(decode(*payloads), items=len(payloads))
