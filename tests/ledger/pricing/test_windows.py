"""Windows: every quarter hour in exactly one period."""

from typing import Any

import pytest

from ledger.pricing.windows import (
    DAY_TYPES,
    InvalidTariff,
    Window,
    cover,
    months_from_document,
    periods_of_month,
    uses_day_types,
    windows_from_document,
)

FLAT = {"period": "flat", "spans": [["00:00", "24:00"]]}


def windows(*rows: dict[str, Any]) -> tuple[Window, ...]:
    return windows_from_document(list(rows))


class TestWindowsFromDocument:
    def test_reads_spans_as_minutes_and_takes_what_is_left_out_as_always(self) -> None:
        assert windows(
            {"period": "valley", "rank": 1, "spans": [["23:00", "24:00"], ["00:00", "07:15"]]}
        ) == (
            Window(
                period="valley",
                spans=((1_380, 1_440), (0, 435)),
                months=frozenset(range(1, 13)),
                day_types=frozenset(DAY_TYPES),
                rank=1,
            ),
        )

    @pytest.mark.parametrize(
        ("field", "value", "pointer"),
        [
            ("period", "", "/terms/windows/0/period"),
            ("rank", "1", "/terms/windows/0/rank"),
            ("spans", [], "/terms/windows/0/spans"),
            ("spans", [["07:00"]], "/terms/windows/0/spans/0"),
            ("spans", [[420, 540]], "/terms/windows/0/spans/0"),
            ("spans", [["7:00", "09:00"]], "/terms/windows/0/spans/0"),
            ("spans", [["07:10", "09:00"]], "/terms/windows/0/spans/0"),
            ("spans", [["07:00", "24:15"]], "/terms/windows/0/spans/0"),
            ("spans", [["22:00", "06:00"]], "/terms/windows/0/spans/0"),
            ("months", [0], "/terms/windows/0/months"),
            ("months", [True], "/terms/windows/0/months"),
            ("day_types", ["sunday"], "/terms/windows/0/day_types"),
            ("colour", "red", "/terms/windows/0"),
        ],
    )
    def test_points_at_what_is_wrong(self, field: str, value: object, pointer: str) -> None:
        with pytest.raises(InvalidTariff) as refused:
            windows(FLAT | {field: value})

        assert refused.value.pointer == pointer

    @pytest.mark.parametrize("rows", [None, [], "00:00-24:00"])
    def test_needs_a_list(self, rows: object) -> None:
        with pytest.raises(InvalidTariff) as refused:
            windows_from_document(rows)

        assert refused.value.pointer == "/terms/windows"


class TestCover:
    def test_lets_the_highest_rank_decide(self) -> None:
        quarter_hours = cover(
            windows(
                FLAT,
                {"period": "peak", "rank": 1, "spans": [["10:00", "13:00"]]},
                {"period": "sharp", "rank": 2, "spans": [["11:00", "12:00"]], "months": [7]},
            )
        )

        july, june = quarter_hours[7, "workday"], quarter_hours[6, "workday"]
        assert [july[hour * 4] for hour in (9, 10, 11, 12, 13)] == [
            "flat",
            "peak",
            "sharp",
            "peak",
            "flat",
        ]
        assert june[11 * 4] == "peak"

    def test_refuses_a_quarter_hour_without_a_window(self) -> None:
        with pytest.raises(
            InvalidTariff, match=r"no window holds at 23:45 on a workday of month 1"
        ):
            cover(windows({"period": "flat", "spans": [["00:00", "23:45"]]}))

    def test_refuses_two_windows_of_the_highest_rank(self) -> None:
        with pytest.raises(InvalidTariff, match=r"peak and valley both hold at 12:00"):
            cover(
                windows(
                    FLAT,
                    {"period": "peak", "rank": 1, "spans": [["10:00", "13:00"]]},
                    {"period": "valley", "rank": 1, "spans": [["12:00", "14:00"]]},
                )
            )

    def test_allows_windows_of_one_rank_on_different_days(self) -> None:
        quarter_hours = cover(
            windows(
                FLAT | {"day_types": ["workday"]},
                FLAT | {"period": "deep", "day_types": ["rest_day", "public_holiday"]},
            )
        )

        assert quarter_hours[5, "workday"] == ("flat",) * 96
        assert quarter_hours[5, "public_holiday"] == ("deep",) * 96


class TestUsesDayTypes:
    def test_is_false_where_all_days_are_alike(self) -> None:
        assert not uses_day_types(cover(windows(FLAT)))

    def test_is_true_where_one_kind_of_day_differs_in_one_month(self) -> None:
        holiday = {"period": "deep", "rank": 1, "spans": [["00:00", "06:00"]], "months": [2]}

        assert uses_day_types(cover(windows(FLAT, holiday | {"day_types": ["public_holiday"]})))


class TestPeriodsOfMonth:
    def test_names_those_that_occur(self) -> None:
        sharp = {"period": "sharp", "rank": 1, "spans": [["11:00", "12:00"]], "months": [7]}
        quarter_hours = cover(windows(FLAT, sharp))

        assert periods_of_month(quarter_hours, month=7) == {"flat", "sharp"}
        assert periods_of_month(quarter_hours, month=8) == {"flat"}


class TestMonthsFromDocument:
    def test_takes_none_for_all(self) -> None:
        assert months_from_document(None, pointer="/months") == frozenset(range(1, 13))
