"""Exact values out of plain data."""

from decimal import Decimal

import pytest

from ledger.pricing import documents


class TestNumber:
    @pytest.mark.parametrize(
        ("value", "exact"),
        [("0.409176", "0.409176"), ("-0.2", "-0.2"), (51, "51"), (Decimal("0.1"), "0.1")],
    )
    def test_is_exactly_what_was_written(self, value: object, exact: str) -> None:
        assert documents.number(value) == Decimal(exact)

    @pytest.mark.parametrize(
        "value", [0.1, True, None, [], "", "dear", "NaN", "Infinity", "1e19", "1e999999"]
    )
    def test_refuses_what_is_inexact_or_no_number(self, value: object) -> None:
        with pytest.raises(ValueError, match=r"not exact|not a number|too large"):
            documents.number(value)


class TestNotNegative:
    def test_takes_zero(self) -> None:
        assert documents.not_negative("0") == 0

    def test_refuses_less(self) -> None:
        with pytest.raises(ValueError, match="less than zero"):
            documents.not_negative("-0.000001")


class TestMapping:
    def test_refuses_a_list(self) -> None:
        with pytest.raises(ValueError, match="not a mapping"):
            documents.mapping([])


class TestOnlyFields:
    def test_names_the_misspelt_one(self) -> None:
        with pytest.raises(ValueError, match="'rnak' is not a field here"):
            documents.only_fields({"period": "peak", "rnak": 1}, {"period", "rank"})
