"""Scarcity: the curve against numbers worked by hand, and the policies that are refused."""

from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.pricing.scarcity import Curve, InvalidScarcity, scarcity_from_document

SQUARE = {"rho0": "0.8", "kappa": "1", "gamma": "2", "cap": "2"}


def curve(**changes: str) -> Curve:
    return scarcity_from_document({"curve": SQUARE | changes, "load": "0.5"}).curve


class TestFactor:
    @pytest.mark.parametrize(
        ("changes", "load", "factor"),
        [
            ({}, "0", "1"),
            ({}, "0.8", "1"),
            # The worked event: ((0.92 - 0.8) / 0.2)² = 0.6² = 0.36.
            ({}, "0.92", "1.36"),
            ({}, "1", "2"),
            ({"cap": "1.3"}, "0.92", "1.3"),
            ({"kappa": "0.5", "gamma": "1"}, "0.9", "1.25"),
            # √0.25 = 0.5, and 0.25 × √0.25 = 0.125.
            ({"gamma": "0.5"}, "0.85", "1.5"),
            ({"gamma": "1.5"}, "0.85", "1.125"),
            # √0.5 = 0.707106781186547…
            ({"gamma": "0.5"}, "0.9", "1.707106781187"),
        ],
    )
    def test_is_what_the_formula_gives_by_hand(
        self, changes: dict[str, str], load: str, factor: str
    ) -> None:
        assert curve(**changes).factor(Decimal(load)) == Decimal(factor)

    @given(
        load=st.decimals("0", "1", places=6),
        gamma=st.integers(1, 16),
        kappa=st.decimals("0", "5", places=3),
    )
    def test_is_within_half_of_the_twelfth_decimal_of_the_exact_one(
        self, load: Decimal, gamma: int, kappa: Decimal
    ) -> None:
        made = Curve(Decimal("0.7"), kappa, Decimal(gamma) / 2, Decimal(100)).factor(load)

        beyond = max(Fraction(load) - Fraction(7, 10), Fraction(0)) / Fraction(3, 10)
        power = beyond**gamma  # the square of what the curve takes
        error = Fraction(1, 2 * 10**12)
        low, high = (Fraction(made) - 1 - error), (Fraction(made) - 1 + error)
        squared = Fraction(kappa) ** 2 * power
        assert low <= 0 or low**2 <= squared
        assert squared <= high**2

    def test_never_falls_as_the_load_rises(self) -> None:
        made = curve(gamma="2.5", cap="1.5")
        with localcontext():
            factors = [made.factor(Decimal(load) / 200) for load in range(201)]

        assert factors == sorted(factors)
        assert factors[0] == 1
        assert factors[-1] == Decimal("1.5")


class TestScarcityFromDocument:
    @pytest.mark.parametrize(
        ("document", "pointer"),
        [
            ({"load": "0.5"}, "/terms/curve"),
            ({"curve": SQUARE}, "/terms/calendar"),
            ({"curve": SQUARE | {"rho0": "1"}, "load": "0.5"}, "/terms/curve/rho0"),
            ({"curve": SQUARE | {"gamma": "1.3"}, "load": "0.5"}, "/terms/curve/gamma"),
            ({"curve": SQUARE | {"gamma": "0"}, "load": "0.5"}, "/terms/curve/gamma"),
            ({"curve": SQUARE | {"cap": "0.9"}, "load": "0.5"}, "/terms/curve/cap"),
            ({"curve": SQUARE | {"kappa": 1.0}, "load": "0.5"}, "/terms/curve/kappa"),
            ({"curve": SQUARE, "load": "1.1"}, "/terms/load"),
            ({"curve": SQUARE, "load": "0.5", "applies_to": "energy"}, "/terms/applies_to"),
            (
                {"curve": SQUARE, "calendar": {"periods": {"busy": {"load": "1", "factor": "2"}}}},
                "/terms/calendar/periods/busy",
            ),
            (
                {"curve": SQUARE, "calendar": {"periods": {"busy": {"factor": "0.5"}}}},
                "/terms/calendar/periods/busy/factor",
            ),
        ],
    )
    def test_points_at_what_is_wrong(self, document: dict[str, Any], pointer: str) -> None:
        with pytest.raises(InvalidScarcity) as refused:
            scarcity_from_document(document)

        assert refused.value.pointer == pointer
