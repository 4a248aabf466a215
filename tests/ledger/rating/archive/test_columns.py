"""What a file holds is told by two programs in the same words: here, and in the database."""

import json
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.quantities import INT64_MAX
from ledger.rating.archive.columns import facts_of

numbers = st.integers(-INT64_MAX - 1, INT64_MAX)
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
rows = st.fixed_dictionaries(
    {
        "whole": numbers,
        "maybe": st.none() | numbers,
        "small": st.integers(-(2**31), 2**31 - 1),
        "at": st.datetimes(
            datetime(1900, 1, 1),  # noqa: DTZ001 - Hypothesis adds it
            datetime(2200, 1, 1),  # noqa: DTZ001 - Hypothesis adds it
            timezones=st.just(UTC),
        ),
        "said": st.none() | texts,
        "more": st.none() | st.dictionaries(texts, st.floats(-1e9, 1e9) | texts, max_size=2),
    }
)
KINDS = {
    "whole": pa.int64(),
    "maybe": pa.int64(),
    "small": pa.int32(),
    "at": pa.timestamp("us", tz="UTC"),
    "said": pa.string(),
    "more": pa.string(),
}


def facts_in_the_database(made: list[dict[str, Any]]) -> tuple[dict[str, str], list[str | None]]:
    """Return what the database says of a table of these rows, and how it writes their JSON."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE held (whole bigint, maybe bigint, small integer,"
            " at timestamptz, said text, more jsonb)"
        )
        cursor.executemany(
            "INSERT INTO held VALUES (%(whole)s, %(maybe)s, %(small)s, %(at)s, %(said)s, %(more)s)",
            [
                one | {"more": None if one["more"] is None else json.dumps(one["more"])}
                for one in made
            ],
        )
        cursor.execute("SELECT ledger_usage_facts('held', %s)", [list(KINDS)])
        facts = json.loads(cursor.fetchone()[0])
        cursor.execute("SELECT more::text FROM held ORDER BY ctid")
        written = [text for (text,) in cursor.fetchall()]
        cursor.execute("DROP TABLE held")
    return facts, written


@pytest.mark.django_db
class TestFacts:
    @settings(
        max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(made=st.lists(rows, max_size=5), cut=st.integers(1, 3))
    def test_are_those_that_the_database_tells(self, made: list[dict[str, Any]], cut: int) -> None:
        expected, written = facts_in_the_database(made)
        held = [one | {"more": more} for one, more in zip(made, written, strict=True)]
        table = pa.table(
            {name: pa.array([one[name] for one in held], kind) for name, kind in KINDS.items()}
        )

        facts = facts_of(table.to_batches(max_chunksize=cut), names=list(KINDS))

        assert facts.told() == expected

    def test_differ_where_values_change_places(self) -> None:
        one = pa.record_batch({"said": ["a", "bc"], "more": ["x", "y"]})
        other = pa.record_batch({"said": ["a", "bc"], "more": ["y", "x"]})

        facts, others = (facts_of([batch], names=["said", "more"]) for batch in (one, other))

        assert (facts.rows, facts.sums) == (others.rows, others.sums)
        assert facts.digest != others.digest

    def test_tell_null_from_what_looks_like_it(self) -> None:
        digests = {
            facts_of(
                [pa.record_batch({"said": pa.array([said], pa.string())})], names=["said"]
            ).digest
            for said in (None, "", "-", "0:", "1:-")
        }

        assert len(digests) == 5
