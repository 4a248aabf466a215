"""What a period comes to under volume terms, against figures worked out by hand."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.pricing import true_up
from ledger.pricing.true_up import Fee, Sums, TrueUp
from ledger.pricing.volume_terms import from_document
from ledger.quantities import PICO_PER_UNIT

D = Decimal
NO_FEE = Fee(D(0), D(0))


def tiers(kind: str, *steps: dict[str, str], measure: str = "tokens", **more: Any) -> Any:
    """Return tiers as a document states them."""
    return {"tiers": {"kind": kind, "measure": measure, "steps": list(steps), **more}}


def step(price: str, up_to: str | None = None, *, by: str = "per_million_tokens") -> dict[str, str]:
    """Return a step as a document states it."""
    return {by: price} | ({} if up_to is None else {"up_to": up_to})


def of(document: Any, *, tokens: int = 0, charged: str = "0", fee: Fee = NO_FEE) -> TrueUp:
    """Return the true-up of a period with so many output tokens and so much charged."""
    sums = Sums(tokens={"output": tokens}, charged=int(D(charged) * PICO_PER_UNIT))
    return true_up.of_period(from_document(document), sums, fee=fee)


def money(pico: int) -> Decimal:
    """Return pico-units in units."""
    return D(pico) / PICO_PER_UNIT


class TestTiers:
    def test_graduated_prices_each_part_in_its_own_step(self) -> None:
        # 1 M at 6, 4 M at 5, 2.5 M at 4: 6 + 20 + 10 = 36; charged were 45.
        result = of(
            tiers("graduated", step("6", "1000000"), step("5", "5000000"), step("4")),
            tokens=7_500_000,
            charged="45",
        )

        assert money(result.volume) == D(-9)
        assert [row["quantity"] for row in result.working if row["step"] == "tier"] == [
            "1000000",
            "4000000",
            "2500000",
        ]

    def test_volume_prices_all_of_it_at_the_step_that_it_reaches(self) -> None:
        # 7.5 M at 4 are 30.
        result = of(
            tiers("volume", step("6", "1000000"), step("5", "5000000"), step("4")),
            tokens=7_500_000,
            charged="45",
        )

        assert money(result.volume) == D(-15)

    @pytest.mark.parametrize(("tokens", "comes_to"), [(5_000_000, "25"), (5_000_001, "20.000004")])
    def test_a_step_ends_with_its_bound(self, tokens: int, comes_to: str) -> None:
        result = of(tiers("volume", step("5", "5000000"), step("4")), tokens=tokens)

        assert money(result.volume) == D(comes_to)

    @pytest.mark.parametrize(
        ("tokens", "comes_to"), [(0, "0"), (1, "2.5"), (500_000, "2.5"), (500_001, "5")]
    )
    def test_package_counts_each_started_block_in_full(self, tokens: int, comes_to: str) -> None:
        # Half a million tokens at 5 a million.
        result = of(tiers("package", step("5"), block_tokens="500000"), tokens=tokens)

        assert money(result.volume) == D(comes_to)

    def test_percentages_take_a_share_of_what_was_charged(self) -> None:
        # The first 1,000 of the money in full, the other 500 at 80 %: 1,000 + 400.
        result = of(
            tiers(
                "graduated",
                step("100", "1000", by="percent"),
                step("80", by="percent"),
                measure="charged",
            ),
            charged="1500",
        )

        assert money(result.volume) == D(-100)

    def test_percentages_by_tokens_share_the_charge_out_by_tokens(self) -> None:
        # A third of the tokens in full, two thirds at half: 3 + 6 / 2 = 6 of the 9.
        result = of(
            tiers("graduated", step("100", "1000", by="percent"), step("50", by="percent")),
            tokens=3_000,
            charged="9",
        )

        assert money(result.volume) == D(-3)

    def test_counts_the_named_classes_only(self) -> None:
        terms = from_document(tiers("volume", step("8"), classes=["output", "reasoning"]))
        sums = Sums(tokens={"input": 9_000_000, "output": 400_000, "reasoning": 100_000}, charged=0)

        assert money(true_up.of_period(terms, sums, fee=NO_FEE).volume) == D(4)


class TestDiscountAndMinimum:
    @pytest.mark.parametrize(
        ("charged", "taken"), [("100", "0"), ("100.01", "-2.0002"), ("2000", "-100")]
    )
    def test_the_highest_threshold_reached_goes_for_all_of_it(
        self, charged: str, taken: str
    ) -> None:
        thresholds = [{"above": "100", "percent": "2"}, {"above": "1000", "percent": "5"}]

        result = of({"discount": {"thresholds": thresholds}}, charged=charged)

        assert money(result.discount) == D(taken)

    def test_a_minimum_is_compared_with_what_the_discount_leaves(self) -> None:
        result = of({"discount": {"percent": "10"}, "minimum": "95"}, charged="100")

        assert (money(result.discount), money(result.commitment)) == (D(-10), D(5))

    def test_a_minimum_that_is_reached_charges_nothing(self) -> None:
        assert of({"minimum": "100"}, charged="100").commitment == 0

    def test_the_fee_follows_in_the_agreements_proportion(self) -> None:
        # 10 are given back, 2 % of it is 0.2: a quarter of it was the consumer's.
        result = of({"discount": {"percent": "10"}}, charged="100", fee=Fee(D("0.02"), D("0.25")))

        assert (money(result.fee_consumer), money(result.fee_provider)) == (D("-0.05"), D("-0.15"))


COUNTS = st.integers(min_value=0, max_value=10**13)
PRICES = st.decimals(min_value=0, max_value=1000, places=6)
BOUNDS = st.lists(st.integers(min_value=1, max_value=10**12), min_size=1, max_size=4, unique=True)


class TestProperties:
    @given(tokens=COUNTS, price=PRICES)
    def test_graduated_and_volume_are_one_where_there_is_one_step(
        self, tokens: int, price: Decimal
    ) -> None:
        kinds = [
            of(tiers(kind, step(f"{price:f}")), tokens=tokens) for kind in ("graduated", "volume")
        ]

        assert kinds[0].volume == kinds[1].volume

    @given(bounds=BOUNDS, prices=st.lists(PRICES, min_size=5, max_size=5))
    def test_graduated_is_continuous_at_every_bound(
        self, bounds: list[int], prices: list[Decimal]
    ) -> None:
        steps = [step(f"{p:f}", f"{b}") for p, b in zip(prices, sorted(bounds), strict=False)]
        document = tiers("graduated", *steps, step(f"{prices[-1]:f}"))

        for bound in bounds:
            at, beyond = (of(document, tokens=bound + more).volume for more in (0, 1))
            # A token costs at most 1,000 a million, and each side is rounded by half a pico-unit.
            assert 0 <= beyond - at <= PICO_PER_UNIT // 1_000 + 1

    @given(hours=st.lists(st.integers(0, 10**9), min_size=1, max_size=20), data=st.data())
    def test_the_order_of_the_hours_does_not_matter(
        self, hours: list[int], data: st.DataObject
    ) -> None:
        document = tiers("graduated", step("6", "1000000"), step("4"))
        shuffled = data.draw(st.permutations(hours))

        assert of(document, tokens=sum(hours)) == of(document, tokens=sum(shuffled))

    @given(tokens=COUNTS, charged=st.integers(0, 10**18), percent=st.decimals(0, 100, places=2))
    def test_a_period_is_never_below_its_minimum(
        self, tokens: int, charged: int, percent: Decimal
    ) -> None:
        terms = from_document(
            tiers("volume", step("5", "1000"), step("3"))
            | {"discount": {"percent": f"{percent:f}"}, "minimum": "1000"}
        )

        result = true_up.of_period(
            terms, Sums(tokens={"output": tokens}, charged=charged), fee=NO_FEE
        )

        comes_to = charged + result.volume + result.discount + result.commitment
        # Three amounts, each rounded by at most half a pico-unit.
        assert comes_to >= 1000 * PICO_PER_UNIT - Fraction(3, 2)
