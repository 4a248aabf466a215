"""What a body may cost, however it is made: counted in lines and bytes, not in seconds."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.usage.formats import cloudevents, decoding
from ledger.usage.formats.decoding import MOST_EVENTS, TooManyEvents, more_items_than
from tests.work import work

MIB = 1 << 20
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
        assert done.lines < 2_000
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
