import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from settlement.demo import trace
from settlement.demo.flows import FLOWS
from settlement.demo.trace import HEADER, Row, Totals, TraceUnreadable

LINES = [
    HEADER,
    "2023-11-16 18:17:03.9799600,4808,10",
    "2023-11-16 18:17:04.0319609,3180,8",
    "2023-11-16 18:17:05,110,27",
]
ROWS = [
    Row(datetime(2023, 11, 16, 18, 17, 3, 979_960, tzinfo=UTC), 4_808, 10),
    Row(datetime(2023, 11, 16, 18, 17, 4, 31_960, tzinfo=UTC), 3_180, 8),
    Row(datetime(2023, 11, 16, 18, 17, 5, tzinfo=UTC), 110, 27),
]


def written(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "trace.csv"
    path.write_bytes(content.encode())
    return path


class TestRead:
    @pytest.mark.parametrize("end", ["\n", "\r\n"])
    @pytest.mark.parametrize("last", [True, False])
    def test_takes_either_end_of_line_also_missing_at_the_end(
        self, tmp_path: Path, end: str, last: bool
    ) -> None:
        path = written(tmp_path, end.join(LINES) + (end if last else ""))

        assert trace.read(path) == ROWS

    def test_takes_a_byte_order_mark(self, tmp_path: Path) -> None:
        assert trace.read(written(tmp_path, "\ufeff" + "\n".join(LINES))) == ROWS

    def test_cuts_the_seventh_digit_and_never_rounds_up(self, tmp_path: Path) -> None:
        path = written(tmp_path, f"{HEADER}\n2023-11-16 23:59:59.9999999,1,1")

        assert trace.read(path)[0].occurred_at == datetime(
            2023, 11, 16, 23, 59, 59, 999_999, tzinfo=UTC
        )

    @pytest.mark.parametrize(
        "line",
        [
            "2023-11-16 18:17:04.0319600,3180",
            "2023-11-16 18:17:04.0319600,3180,8,1",
            "2023-11-16 18:17:04.0319600,-1,8",
            "2023-11-16 18:17:04.0319600,3180,8.5",
            "2023-11-16 18:17:04.0319600,9999999999,8",
            "2023-02-30 18:17:04.0319600,3180,8",
            "16.11.2023 18:17,3180,8",
            "٢٠٢٣-11-16 18:17:04,3180,8",
        ],
    )
    def test_names_the_line_that_is_malformed(self, tmp_path: Path, line: str) -> None:
        path = written(tmp_path, "\n".join([*LINES[:2], line, *LINES[3:]]))

        with pytest.raises(TraceUnreadable, match=r"^trace\.csv, line 3: "):
            trace.read(path)

    @pytest.mark.parametrize("content", ["", "a,b,c\n1,2,3\n", "\n".join(LINES[1:])])
    def test_refuses_a_file_with_another_header(self, tmp_path: Path, content: str) -> None:
        with pytest.raises(TraceUnreadable, match="line 1: the header should read TIMESTAMP,"):
            trace.read(written(tmp_path, content))

    def test_refuses_a_file_without_requests(self, tmp_path: Path) -> None:
        with pytest.raises(TraceUnreadable, match="holds no request"):
            trace.read(written(tmp_path, f"{HEADER}\n"))

    @pytest.mark.parametrize("name", ["missing.csv", "."])
    def test_refuses_what_cannot_be_read(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(TraceUnreadable, match="cannot be read"):
            trace.read(tmp_path / name)

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("AzureLLMInferenceTrace_code.csv", Totals(8_819, 18_059_974, 245_896)),
            ("AzureLLMInferenceTrace_conv.csv", Totals(19_366, 22_361_870, 4_088_665)),
        ],
    )
    def test_reads_the_published_traces_whole(self, name: str, expected: Totals) -> None:
        path = Path(os.environ.get("CLEARWATT_TRACES", "/nowhere"), name)
        if not path.exists():
            pytest.skip("the traces are not in the repository; CLEARWATT_TRACES names their folder")

        assert trace.totals(trace.read(path)) == expected


class TestReplay:
    def test_keeps_time_and_tokens_of_every_row(self) -> None:
        usage = trace.replay(ROWS)

        assert [one.occurred_at for one in usage] == [row.occurred_at for row in ROWS]
        assert [one.counts for one in usage] == [
            {"input": 4_808, "output": 10},
            {"input": 3_180, "output": 8},
            {"input": 110, "output": 27},
        ]

    def test_deals_the_rows_to_the_flows_in_turn(self) -> None:
        usage = trace.replay(ROWS * len(FLOWS))

        assert dict(Counter(one.flow for one in usage)) == dict.fromkeys(FLOWS, 3)

    def test_gives_the_same_ids_every_time_and_each_once(self) -> None:
        ids = [one.event_id for one in trace.replay(ROWS * 50)]

        assert ids == [one.event_id for one in trace.replay(ROWS * 50)]
        assert len(set(ids)) == 150
