"""What the walk through the books draws: events that providers send, and what people change."""

from datetime import UTC, datetime

from hypothesis import strategies as st

times = st.sampled_from(
    [
        datetime(2026, month, day, 15, minute, tzinfo=UTC)
        for month in (10, 11)
        for day in (1, 15)
        for minute in (29, 59)
    ]
    + [datetime(2026, 10, 31, 16, 0, tzinfo=UTC)]  # November begins in Shanghai
)
counts = st.fixed_dictionaries(
    {"input": st.integers(0, 3_000)},
    optional={"cache_read": st.integers(0, 9), "output": st.integers(0, 10**9)},
)
events = st.fixed_dictionaries(
    {
        "consumer": st.sampled_from(["acme", "acme", "eastcloud", "newcomer", "nobody"]),
        "occurred_at": st.none() | times,
        "usage": counts,
        "project": st.sampled_from(["", "chat"]),
    }
)
changes = st.one_of(
    st.fixed_dictionaries({"usage": counts}),
    st.fixed_dictionaries({"consumer": st.sampled_from(["acme", "eastcloud", "newcomer"])}),
    st.fixed_dictionaries({"project": st.sampled_from(["", "code"]), "usage": counts}),
    st.fixed_dictionaries({"deployment": st.sampled_from(["qwen", "nowhere"])}),
)
LATE = [
    {"consumer": consumer, "occurred_at": datetime(2026, 10, 9, tzinfo=UTC), "usage": {"input": 7}}
    for consumer in ("acme", "newcomer")
]
amounts = st.decimals("-99", "99", places=12).filter(bool)
