import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from ledger.periods import InvalidMonth
from settlement.demo.plan import Plan, plan
from settlement.demo.schema import DemoRefused
from settlement.demo.trace import HEADER, Totals

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def planned(
    *,
    events: int = 2_000,
    month: str | None = None,
    trace_file: Path | None = None,
    now: datetime = NOW,
) -> Plan:
    return plan(events=events, month=month, trace_file=trace_file, now=now)


def trace_of(tmp_path: Path, *times: str) -> Path:
    path = tmp_path / "trace.csv"
    path.write_text("\n".join([HEADER, *(f"{time},100,10" for time in times)]))
    return path


class TestPlan:
    def test_takes_october_2026_in_every_time_zone_of_the_agreements(self) -> None:
        made = planned()

        # It begins last in London (summer time), and ends first in Shanghai.
        assert made.starts_on == date(2026, 10, 1)
        assert made.starts_at == datetime(2026, 9, 30, 23, 0, tzinfo=UTC)
        assert made.ends_at == datetime(2026, 10, 31, 16, 0, tzinfo=UTC)

    def test_takes_the_last_full_month_where_the_clock_has_not_come_so_far(self) -> None:
        made = planned(now=datetime(2026, 5, 3, tzinfo=UTC))

        assert made.starts_on == date(2026, 4, 1)

    def test_books_as_many_events_as_asked(self) -> None:
        made = planned(events=2_000)

        assert made.events == 2_000
        assert sum(one.events for one in made.batches) == 1_999

    def test_sends_a_batch_again_as_it_was(self) -> None:
        made = planned()

        assert made.again in made.batches
        assert made.again.provider == "cloudridge"

    def test_holds_what_goes_wrong_in_one_batch(self) -> None:
        made = planned()
        sent = {
            event["id"]: event
            for one in made.batches
            for event in json.loads(one.body)
            if one.provider == "cloudridge"
        }

        late, contradicting, malformed = json.loads(made.odd.body)

        assert late["data"]["deployment"] == "ga-qwen3-32b"
        assert late["id"] not in sent
        assert contradicting["id"] in sent
        assert contradicting != sent[contradicting["id"]]
        assert malformed["data"]["usage"] == {"completion": 12}

    @pytest.mark.parametrize("events", [0, 199, 2_000_001])
    def test_refuses_too_few_and_too_many_events(self, events: int) -> None:
        with pytest.raises(DemoRefused, match="from 200 to 2,000,000 events"):
            planned(events=events)

    @pytest.mark.parametrize(
        ("month", "why"),
        [("2026-11", "is not over yet"), ("2022-12", "prices begin with 2023-01")],
    )
    def test_refuses_a_month_that_cannot_be_settled(self, month: str, why: str) -> None:
        with pytest.raises(DemoRefused, match=why):
            planned(month=month)

    def test_refuses_what_is_no_month(self) -> None:
        with pytest.raises(InvalidMonth):
            planned(month="october")

    def test_takes_the_month_and_the_totals_of_a_trace(self, tmp_path: Path) -> None:
        path = trace_of(tmp_path, *["2023-11-16 18:17:03.9799600"] * 300)

        made = planned(trace_file=path)

        assert made.starts_on == date(2023, 11, 1)
        assert made.trace == Totals(events=300, context_tokens=30_000, generated_tokens=3_000)
        assert made.events == 300

    def test_refuses_a_trace_of_two_months(self, tmp_path: Path) -> None:
        times = [*["2023-11-16 18:17:03"] * 300, "2023-12-01 00:00:00"]

        with pytest.raises(DemoRefused, match="1 requests outside of 2023-11"):
            planned(trace_file=trace_of(tmp_path, *times))

    def test_refuses_a_trace_that_is_too_short(self, tmp_path: Path) -> None:
        with pytest.raises(DemoRefused, match="has 1 requests; 200 are needed"):
            planned(trace_file=trace_of(tmp_path, "2023-11-16 18:17:03"))
