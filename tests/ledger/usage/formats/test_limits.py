"""What a body may cost, however it is made: counted in lines and bytes, not in seconds."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.usage.formats import cloudevents, decoding, litellm
from ledger.usage.formats.decoding import (
    MOST_EVENTS,
    MOST_VALUES,
    TooManyEvents,
    UnreadableBody,
    more_items_than,
    split_array,
)
from tests.work import work

MIB = 1 << 20
SINGLE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
LINES = "application/x-ndjson"

awkward = st.text(alphabet='"\\[]{},: a\n\u00e9\u4e2d')
json_values = st.recursive(
    st.one_of(st.none(), st.integers(), awkward),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(awkward, inner)),
    max_leaves=20,
)


def decode(body: bytes, content_type: str = BATCH) -> Any:
    return cloudevents.decode(body, content_type=content_type, limit=MOST_EVENTS)


def event(*, data: str = '{"deployment": "qwen", "usage": {}}', more: str = "") -> bytes:
    """Return an event with something in it that no library of ours would write."""
    envelope = '"specversion": "1.0", "id": "e", "source": "s", "type": "t", "subject": "acme"'
    return f'{{{envelope}, {more} "data": {data}}}'.encode()


def usage(said: str) -> bytes:
    return event(data=f'{{"deployment": "qwen", "usage": {said}}}')


def surfaced(said: str) -> bytes:
    return event(
        data=f'{{"deployment": "qwen", "surface": "openai-chat", "vendor": "", "usage": {said}}}'
    )


def attributes(said: str) -> bytes:
    return event(data=f'{{"deployment": "qwen", "usage": {{}}, "attributes": {said}}}')


DIGITS = "1" * (10 * MIB)
NESTED = '{"a":' * 10_000 + "1" + "}" * 10_000
WIDE = "[" + "[]," * (5 * MIB) + "1]"


class TestMoreItemsThan:
    @given(
        items=st.lists(json_values, max_size=6),
        limit=st.integers(1, 6),
        block=st.integers(1, 9),
        plain=st.booleans(),
    )
    def test_counts_as_a_parser_does(
        self, items: list[Any], limit: int, block: int, plain: bool
    ) -> None:
        body = json.dumps(items, ensure_ascii=plain, indent=None if plain else 1).encode()
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(decoding, "BLOCK_BYTES", block)

            assert more_items_than(body, limit) == (len(items) > limit)

    @pytest.mark.parametrize("body", [b"", b"[", b"[]", b"]]]", b'["', b"1,", b'[\\"'])
    def test_says_no_of_what_is_no_array(self, body: bytes) -> None:
        assert not more_items_than(body, 1)


class TestSplitArray:
    @given(items=st.lists(json_values, min_size=1, max_size=6), block=st.integers(1, 9))
    def test_parts_as_a_parser_does(self, items: list[Any], block: int) -> None:
        body = json.dumps(items, indent=1).encode()
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(decoding, "BLOCK_BYTES", block)

            assert [json.loads(item) for item in split_array(body)] == items


class TestDecode:
    @pytest.mark.parametrize(
        ("unit", "closing"),
        [
            (b"[", b""),
            (b"1,", b"1]]"),
            (b"[],", b"1]]"),
            (b'"",', b"1]]"),
            (b'"\\"[",', b"1]]"),
            (b'"\\\\",', b"1]]"),
        ],
    )
    def test_costs_next_to_nothing_for_what_nests_in_an_item(
        self, unit: bytes, closing: bytes
    ) -> None:
        body = b"[[" + unit * (15 * MIB // len(unit)) + closing

        done = work(lambda: decode(body))

        assert not isinstance(done.outcome, TooManyEvents)
        # Looked through twice where it nests too deep, 256 KiB at a time.
        assert done.lines < 4_000
        # A copy without escapes, and the columns of one block.
        assert done.peak_bytes < 2 * len(body) + 5 * MIB

    def test_costs_next_to_nothing_for_a_million_tiny_items(self) -> None:
        body = b"[" + b"1," * 1_000_000 + b"1]"

        done = work(lambda: decode(body))

        assert isinstance(done.outcome, TooManyEvents)
        assert done.lines < 200
        assert done.peak_bytes < 8 * MIB

    def test_costs_next_to_nothing_for_blank_lines(self) -> None:
        body = b"\n" * (15 * MIB)

        done = work(lambda: decode(body, LINES))

        assert len(done.outcome) == 0
        assert done.lines < 200
        assert done.peak_bytes < MIB

    def test_costs_next_to_nothing_for_a_million_tiny_lines(self) -> None:
        body = b"1\n" * 1_000_000

        done = work(lambda: decode(body, LINES))

        assert isinstance(done.outcome, TooManyEvents)
        assert done.lines < 10 * MOST_EVENTS
        assert done.peak_bytes < 8 * MIB


class TestLiteLLM:
    """Its payloads are not always JSON, so that they are read by a parser that makes objects."""

    @pytest.mark.parametrize(
        "body",
        [
            f'{{"q": {WIDE}}}'.encode(),
            f'[{{"q": {WIDE}}}]'.encode(),
            f'{{"status": "success", "metadata": {{"usage_object": {{"q": {WIDE}}}}}}}'.encode(),
            b"[" * (15 * MIB),
            b'{"a":' * (3 * MIB),
        ],
        ids=["payload", "batch", "usage object", "arrays", "objects"],
    )
    def test_costs_next_to_nothing_for_what_nests_in_a_payload(self, body: bytes) -> None:
        done = work(lambda: litellm.decode(body, content_type="application/json", limit=10))

        assert isinstance(done.outcome, UnreadableBody)
        assert done.lines < 4_000
        assert done.peak_bytes < 5 * MIB

    def test_costs_no_more_than_its_limit_of_values(self) -> None:
        body = f'{{"q": [{"[]," * (MOST_VALUES // 2 - 2)}1]}}'.encode()

        done = work(lambda: litellm.decode(body, content_type="application/json", limit=10))

        assert [one.code for one in done.outcome.refusals] == ["invalid_event"]
        assert done.peak_bytes < 80 * MIB


class TestItem:
    @pytest.mark.parametrize("content_type", [SINGLE, BATCH, LINES])
    @pytest.mark.parametrize(
        ("item", "pointer"),
        [
            (usage(f'{{"input": {DIGITS}}}'), "/data/usage/input"),
            (usage('{"input": 1e999999}'), "/data/usage/input"),
            (usage(f'{{"{DIGITS}": 1}}'), "/data/usage"),
            (surfaced(f'{{"prompt_tokens": {DIGITS}}}'), "/data/usage"),
            (surfaced('{"prompt_tokens": 1e999999}'), "/data/usage"),
            (surfaced(f'{{"prompt_tokens": 1, "a": {WIDE}}}'), "/data/usage"),
            (attributes(f'{{"a": {DIGITS}}}'), "/data/attributes"),
            (attributes(f'{{"a": {"1" * 8_000}}}'), "/data/attributes"),
            (attributes('{"a": 1e999999}'), "/data/attributes"),
            (attributes(f'{{"a": {WIDE}}}'), "/data/attributes"),
            (event(more=f'"time": "{DIGITS}",'), "/time"),
            (event(more=f'"sequence": {DIGITS},'), "/sequence"),
            (event(more=f'"sequence": "{DIGITS}",'), "/sequence"),
            (event(more='"sequence": 1e999999,'), "/sequence"),
        ],
        ids=[
            *("digits", "exponent", "name", "surface digits", "surface exponent", "surface wide"),
            *("attribute digits", "attribute too many digits", "attribute exponent"),
            *("attribute wide", "time", "sequence", "sequence text", "sequence exponent"),
        ],
    )
    def test_that_is_huge_is_refused_by_its_place_and_costs_next_to_nothing(
        self, item: bytes, pointer: str, content_type: str
    ) -> None:
        body = b"[" + item + b"]" if content_type == BATCH else item

        done = work(lambda: decode(body, content_type))

        (refused,) = done.outcome.refusals
        assert refused.detail.startswith(f"#/0{pointer}: ")
        assert len(refused.detail) < 400
        assert done.lines < 2_000
        # What is text is made one, once or twice, before it is found too long.
        assert done.peak_bytes < 2 * len(body) + 5 * MIB

    @pytest.mark.parametrize(
        "item", [attributes(NESTED), usage(NESTED), event(more=f'"x": {NESTED},')]
    )
    def test_that_nests_10_000_deep_is_refused_alone(self, item: bytes) -> None:
        good = event()

        done = work(lambda: decode(b"[" + good + b"," + item + b"," + good + b"]"))

        assert [record.index for record in done.outcome.records] == [0, 2]
        (refused,) = done.outcome.refusals
        assert (refused.index, refused.code) == (1, "unreadable_event")
        assert refused.detail.startswith("#/1: ")
        assert done.lines < 500
        assert done.peak_bytes < MIB

    @pytest.mark.parametrize("body", [b"[" + NESTED.encode(), b"[" * 50_000, b"[" + b"]" * 9])
    def test_that_is_never_closed_leaves_its_batch_unread(self, body: bytes) -> None:
        with pytest.raises(UnreadableBody):
            decode(body)

    def test_spoils_no_other(self) -> None:
        good = event()

        decoded = decode(b"[" + good + b"," + attributes('{"a": 1e999999}') + b"," + good + b"]")

        assert [record.index for record in decoded.records] == [0, 2]
        assert [refusal.index for refusal in decoded.refusals] == [1]
