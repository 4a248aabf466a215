"""Turning points are where the two sides meet: put back into the costs, they make them equal."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.pricing.quoting import comparing
from ledger.pricing.quoting.comparing import CarbonTurn, GpuHourTurn, Spent

AMOUNT = st.decimals(min_value="0.01", max_value="1000", places=4)
TINY = Fraction(1, 10**40)


class TestGpuHourTurn:
    @settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
    @given(AMOUNT, AMOUNT, AMOUNT, AMOUNT, st.decimals(min_value="0.01", max_value="0.9", places=2))
    def test_saves_the_wanted_share_at_its_price_and_nothing_there_at_the_other(
        self, compute: Decimal, here: Decimal, there: Decimal, price: Decimal, share: Decimal
    ) -> None:
        turn = comparing.gpu_hour_turn(
            here=Spent(compute, here),
            there=Spent(compute, there),
            gpu_hour_price=price,
            share=share,
        )

        per_unit = Fraction(compute) / Fraction(price)
        if turn.price is None:
            # Not even with accelerators for nothing.
            assert Fraction(here) - Fraction(there) < Fraction(share) * Fraction(here) or (
                here == there
            )
        else:
            before = per_unit * Fraction(turn.price) + Fraction(here)
            after = per_unit * Fraction(turn.price) + Fraction(there)
            assert abs(after - before * (1 - Fraction(share))) < TINY
        if turn.as_cheap_there is not None:
            moved = per_unit * Fraction(turn.as_cheap_there) + Fraction(there)
            assert abs(moved - (Fraction(compute) + Fraction(here))) < TINY

    def test_is_none_where_accelerators_cost_nothing(self) -> None:
        nothing = Spent(Decimal(0), Decimal(1))

        turn = comparing.gpu_hour_turn(
            here=nothing, there=nothing, gpu_hour_price=Decimal(0), share=Decimal("0.05")
        )

        assert turn == GpuHourTurn(None, None)


class TestCarbonTurn:
    @settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
    @given(AMOUNT, AMOUNT, AMOUNT, AMOUNT)
    def test_makes_both_sides_equal_or_says_who_is_always_cheaper(
        self, first: Decimal, second: Decimal, first_grams: Decimal, second_grams: Decimal
    ) -> None:
        turn = comparing.carbon_turn(costs=(first, second), grams=(first_grams, second_grams))

        if turn.per_tonne is None:
            assert (first - second) * (first_grams - second_grams) >= 0
            assert turn.below == turn.above
        else:
            per_gram = Fraction(turn.per_tonne) / 1_000_000
            assert (
                abs(
                    Fraction(first)
                    + per_gram * Fraction(first_grams)
                    - Fraction(second)
                    - per_gram * Fraction(second_grams)
                )
                < TINY
            )
            assert (turn.below, turn.above) == (
                ("first", "second") if first < second else ("second", "first")
            )

    def test_is_zero_where_the_cleaner_costs_the_same(self) -> None:
        turn = comparing.carbon_turn(costs=(Decimal(1), Decimal(1)), grams=(Decimal(5), Decimal(4)))

        assert turn == CarbonTurn(None, "second", "second")
