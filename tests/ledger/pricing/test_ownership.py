"""Hours of owned GPUs, against figures worked by hand."""

from decimal import Decimal
from typing import Any

import pytest

from ledger.pricing import ownership
from ledger.pricing.bounds import InvalidCostInput
from ledger.pricing.ownership import Ownership, capital_recovery, price_per_hour

H100: dict[str, Any] = {
    "method": "owned",
    "includes_energy": False,
    "capex": "40000",
    "life_years": 4,
    "capital_cost": "0.08",
    "availability": "1",
    "opex_per_hour": "0",
}


def owned(**changes: Any) -> Ownership:
    found = ownership.of_row(H100 | changes)
    assert found is not None
    return found


class TestCapitalRecovery:
    def test_is_the_published_factor_of_four_and_of_five_years(self) -> None:
        # 0.08 × 1.36048896 / 0.36048896; 0.08 × 1.4693280768 / 0.4693280768
        assert f"{capital_recovery(rate=Decimal('0.08'), years=4):.12f}" == "0.301920804454"
        assert f"{capital_recovery(rate=Decimal('0.08'), years=5):.12f}" == "0.250456454567"

    def test_pays_back_in_equal_parts_without_interest(self) -> None:
        assert capital_recovery(rate=Decimal(0), years=5) == Decimal("0.2")


class TestPricePerHour:
    def test_is_the_published_one_of_an_h100(self) -> None:
        # 40,000 × 0.30192 / 8,760 = 1.379 over four years, 1.144 over five
        assert f"{price_per_hour(owned()):.3f}" == "1.379"
        assert f"{price_per_hour(owned(life_years=5)):.3f}" == "1.144"

    def test_spreads_over_the_hours_in_which_it_can_serve_and_adds_opex(self) -> None:
        # 8,760 over one year without interest: 1 an hour; at half the hours 2; and 0.25 on top
        price = price_per_hour(
            owned(
                capex="8760",
                life_years=1,
                capital_cost="0",
                availability="0.5",
                opex_per_hour="0.25",
            )
        )

        assert price == Decimal("2.25")

    def test_has_the_digits_of_a_catalogue_figure(self) -> None:
        # 10,000 / 8,760 / 3 years = 0.380517503805175…
        price = price_per_hour(owned(capex="10000", life_years=3, capital_cost="0"))

        assert price == Decimal("0.380517503805")


class TestCheck:
    def test_takes_a_price_or_all_parts(self) -> None:
        ownership.check(H100)
        ownership.check({"method": "owned", "price": "11.70", "includes_energy": False})
        ownership.check({"method": "rental", "price": "2.35", "includes_energy": True})

    @pytest.mark.parametrize(
        ("change", "name"),
        [
            ({"includes_energy": True}, "includes_energy"),
            ({"method": "rental"}, "capex"),
            ({"method": "lease"}, "method"),
            ({"price": "2"}, "capex"),
            ({"capex": None}, "capex"),
            ({"opex_per_hour": None}, "opex_per_hour"),
            ({"capex": "0"}, "capex"),
            ({"life_years": 0}, "life_years"),
            ({"availability": "0"}, "availability"),
            ({"availability": "1.01"}, "availability"),
            ({"capital_cost": "-0.01"}, "capital_cost"),
            ({"capital_cost": "8"}, "capital_cost"),
        ],
    )
    def test_refuses(self, change: dict[str, Any], name: str) -> None:
        with pytest.raises(InvalidCostInput) as refused:
            ownership.check(H100 | change)

        assert refused.value.name == name

    def test_refuses_neither_price_nor_parts(self) -> None:
        with pytest.raises(InvalidCostInput) as refused:
            ownership.check({"method": "owned", "includes_energy": False})

        assert refused.value.name == "price"
