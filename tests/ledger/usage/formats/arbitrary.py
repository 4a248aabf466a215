"""Bodies that nobody would send, for every format: any JSON, and JSON in a format's own shape."""

import json
from typing import Any

from hypothesis import strategies as st

from ledger.errors import LedgerError
from ledger.usage.columns import Record
from ledger.usage.formats.decoding import LARGEST_FINDING_BYTES, LONGEST_NAME, Decoded
from ledger.usage.identity import body_hash

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["", "\x00", "\ud800", "1e999999", "2026-10-05T02:30:00Z", "x" * 600])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
COUNTS = st.integers(0, 5_000) | SCALARS


def objects(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return objects that mostly have these members as they should be, and sometimes do not."""
    loose = {name: value | JSON for name, value in members.items()}
    return st.fixed_dictionaries(members) | st.fixed_dictionaries({}, optional=loose)


def written(value: Any) -> bytes:
    """Write JSON as Python does, which knows NaN and halves of characters."""
    return json.dumps(value).encode()


def is_sound(decoded: Decoded, *, items: int) -> bool:
    """Return whether every item is a record or a refusal, and every record can be stored."""
    indices = [one.index for one in decoded.records] + [one.index for one in decoded.refusals]
    assert len(set(indices)) == len(indices) == len(decoded) == items, decoded
    for record in decoded.records:
        _check(record)
    for refusal in decoded.refusals:
        assert refusal.code
        assert refusal.detail
    return True


def _check(record: Record) -> None:
    assert len(record.counts) == 9
    assert all(type(count) is int and 0 <= count <= 10**9 for count in record.counts)
    assert record.status in {"complete", "partial", "cancelled", "failed"}
    for name in ("source", "event_id", "consumer", "project", "deployment", "supersedes"):
        text = getattr(record, name)
        assert len(text) <= LONGEST_NAME
        assert "\x00" not in text
        text.encode()
    assert record.source
    assert record.event_id
    if record.finding is not None:
        assert record.counts == (0,) * 9
        assert len(record.finding.said.encode()) <= LARGEST_FINDING_BYTES
    body_hash(
        occurred_at_microseconds=None,
        names=(record.consumer, record.project, record.deployment),
        counts=record.counts if record.finding is None else record.finding.said,
        status=record.status,
        attributes_json=None,
    )


REFUSED = LedgerError
"""All that a format may raise."""
