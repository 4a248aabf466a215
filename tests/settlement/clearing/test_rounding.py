"""Rounding: worked figures, and what holds of any figure."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.quantities import MINOR_UNIT_DIGITS, UnknownCurrency
from settlement.clearing.rounding import Gross, rounded

amounts = st.integers(min_value=-(10**24), max_value=10**24).map(lambda n: Decimal(n).scaleb(-12))
residues = st.integers(min_value=-(5 * 10**9), max_value=5 * 10**9).map(
    lambda n: Decimal(n).scaleb(-12)
)
grosses = st.builds(
    Gross,
    price=amounts,
    fee_consumer=amounts,
    fee_provider=amounts,
    carried_consumer=residues,
    carried_provider=residues,
)


def gross(price: str, fee_consumer: str = "0", fee_provider: str = "0") -> Gross:
    return Gross(
        Decimal(price), Decimal(fee_consumer), Decimal(fee_provider), Decimal(0), Decimal(0)
    )


class TestRounded:
    @pytest.mark.parametrize(
        ("price", "due", "residue"),
        [
            ("0.005", "0.00", "0.005"),
            ("0.015", "0.02", "-0.005"),
            ("0.025", "0.02", "0.005"),
            ("-0.005", "0.00", "-0.005"),
            ("-0.015", "-0.02", "0.005"),
            ("100.004999999999", "100.00", "0.004999999999"),
            ("100.005000000001", "100.01", "-0.004999999999"),
        ],
    )
    def test_rounds_ties_to_the_even_cent_and_keeps_the_residue(
        self, price: str, due: str, residue: str
    ) -> None:
        result = rounded(gross(price), currency="CNY")

        assert (result.consumer_due, result.consumer_residue) == (Decimal(due), Decimal(residue))

    def test_rounds_the_net_of_charge_and_fee_and_not_each_of_them(self) -> None:
        result = rounded(gross("10.004", fee_consumer="0.004"), currency="CNY")

        assert (result.consumer_due, result.provider_due) == (Decimal("10.01"), Decimal("10.00"))

    def test_leaves_a_cent_of_rounding_to_the_platform(self) -> None:
        # 10.006 owed, 9.904 to be paid, 0.102 of fees: 10.01 - 9.90 - 0.10.
        result = rounded(gross("10.004", "0.002", "0.1"), currency="CNY")

        assert (result.platform_fee, result.rounding) == (Decimal("0.10"), Decimal("0.01"))

    def test_knows_currencies_without_cents_and_with_mills(self) -> None:
        yen = rounded(gross("2.5"), currency="JPY")
        dinar = rounded(gross("2.0005"), currency="KWD")

        assert (yen.consumer_due, dinar.consumer_due) == (Decimal(2), Decimal("2.000"))

    def test_refuses_a_currency_whose_smallest_unit_it_does_not_know(self) -> None:
        with pytest.raises(UnknownCurrency):
            rounded(gross("1"), currency="XXX")

    @given(grosses, st.sampled_from(sorted(MINOR_UNIT_DIGITS)))
    def test_loses_and_creates_nothing(self, gross: Gross, currency: str) -> None:
        result = rounded(gross, currency=currency)

        # Checked with whole pico-units, so that no context of Decimal has a say.
        def pico(amount: Decimal) -> int:
            return int(amount.scaleb(12))

        charge = pico(gross.price) + pico(gross.fee_consumer) + pico(gross.carried_consumer)
        payable = pico(gross.price) - pico(gross.fee_provider) + pico(gross.carried_provider)
        assert pico(result.consumer_due) + pico(result.consumer_residue) == charge
        assert pico(result.provider_due) + pico(result.provider_residue) == payable
        settled = pico(result.provider_due) + pico(result.platform_fee) + pico(result.rounding)
        assert settled == pico(result.consumer_due)

    @given(grosses, st.sampled_from(sorted(MINOR_UNIT_DIGITS)))
    def test_leaves_at_most_half_a_minor_unit_and_at_most_one_between(
        self, gross: Gross, currency: str
    ) -> None:
        result = rounded(gross, currency=currency)

        unit = Decimal(1).scaleb(-MINOR_UNIT_DIGITS[currency])
        assert abs(result.consumer_residue) <= unit / 2
        assert abs(result.provider_residue) <= unit / 2
        assert result.rounding in (-unit, 0, unit)
