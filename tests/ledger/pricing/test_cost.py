"""What a token costs: DeepSeek's disclosure, each formula alone, and what always holds."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.pricing.bounds import InvalidCostInput
from ledger.pricing.cost import (
    QUANTISATION_BOUND,
    CostInputs,
    TokenCost,
    price_per_token,
    quantise_price,
    quantise_slot,
    token_costs,
)
from ledger.pricing.profile import CLASS_PHASES, TEXT_PHASES, Phase, PhaseFigures
from ledger.pricing.terms import CostPlus, ListPrice, Terms

TEXT_CLASSES = tuple(name for name, phase in CLASS_PHASES.items() if phase in TEXT_PHASES)
ONE = Decimal(1)
ZERO = Decimal(0)
PARTS = ("compute", "energy", "green", "scarcity", "margin")


def plain_inputs(**changes: Any) -> CostInputs:
    """One GPU-second and 3,600 J at the GPU a token, all else out of the way."""
    figures = PhaseFigures(joules=Decimal(3_600), gpu_seconds=ONE)
    inputs = CostInputs(
        figures=dict.fromkeys(TEXT_PHASES, figures),
        boundary="gpu",
        host_watts_per_gpu=ZERO,
        idle_watts_per_gpu=ZERO,
        utilisation=ONE,
        pue=ONE,
        gpu_hour_price=ZERO,
        gpu_hour_includes_energy=False,
        electricity_price_per_kwh=ZERO,
        demand_price_per_kwh=ZERO,
        green_share=ZERO,
        green_price_per_kwh=ZERO,
        carbon_location_grams_per_kwh=ZERO,
        carbon_residual_grams_per_kwh=ZERO,
        scarcity_factor=ONE,
    )
    return replace(inputs, **changes)


def cost_of(**changes: Any) -> TokenCost:
    return token_costs(plain_inputs(**changes))[Phase.DECODE]


def money(compute: str, energy: str = "0", green: str = "0", scarcity: str = "0") -> TokenCost:
    return TokenCost(
        gpu_seconds=ZERO,
        energy_joules=ZERO,
        co2_location_grams=ZERO,
        co2_market_grams=ZERO,
        compute=Decimal(compute),
        energy=Decimal(energy),
        green=Decimal(green),
        scarcity=Decimal(scarcity),
    )


def priced(
    cost: TokenCost, terms: Terms, *, fee_rate: str = "0", share: str = "0", fx: str = "1"
) -> dict[str, dict[str, int]]:
    return quantise_price(
        costs=dict.fromkeys(TEXT_PHASES, cost),
        terms=terms,
        cost_fx=Decimal(fx),
        card_fx=ONE,
        fee_rate=Decimal(fee_rate),
        fee_consumer_share=Decimal(share),
    )


def cost_plus(margin: str = "0", **limits: dict[str, Decimal]) -> CostPlus:
    return CostPlus(
        margin=Decimal(margin),
        floor_per_token=limits.get("floor", {}),
        cap_per_token=limits.get("cap", {}),
    )


class TestTokenCosts:
    def test_reproduces_what_deepseek_says_its_day_cost(self) -> None:
        node_seconds = Decimal(8)
        prefill = PhaseFigures(joules=ZERO, gpu_seconds=node_seconds / 73_700)
        decode = PhaseFigures(joules=ZERO, gpu_seconds=node_seconds / 14_800)
        costs = token_costs(
            plain_inputs(
                figures={Phase.PREFILL: prefill, Phase.CACHED: prefill, Phase.DECODE: decode},
                gpu_hour_price=Decimal(2),
                gpu_hour_includes_energy=True,
            )
        )

        day = (
            266 * 10**9 * costs[Phase.PREFILL].money
            + 342 * 10**9 * costs[Phase.CACHED].money
            + 168 * 10**9 * costs[Phase.DECODE].money
        )

        disclosed = Decimal(87_072)
        assert abs(day - disclosed) / disclosed < Decimal("0.001")

    def test_adds_host_and_idle_watts_to_what_the_gpu_alone_was_measured_at(self) -> None:
        cost = cost_of(
            boundary="gpu",
            host_watts_per_gpu=Decimal(100),
            idle_watts_per_gpu=Decimal(200),
            utilisation=Decimal("0.8"),
            pue=Decimal("1.5"),
        )

        assert cost.energy_joules == Decimal("5625.0")  # (3600 + 100 + 200 × 0.2 / 0.8) × 1.5

    def test_adds_only_the_building_to_what_the_server_was_measured_at(self) -> None:
        cost = cost_of(
            boundary="server",
            host_watts_per_gpu=Decimal(100),
            idle_watts_per_gpu=Decimal(200),
            utilisation=Decimal("0.8"),
            pue=Decimal("1.5"),
        )

        assert cost.energy_joules == 5_400

    def test_adds_nothing_to_what_the_facility_was_measured_at(self) -> None:
        cost = cost_of(
            boundary="facility",
            host_watts_per_gpu=Decimal(100),
            idle_watts_per_gpu=Decimal(200),
            utilisation=Decimal("0.8"),
            pue=Decimal("1.5"),
        )

        assert cost.energy_joules == 3_600

    def test_lets_busy_hours_pay_for_idle_ones(self) -> None:
        cost = cost_of(gpu_hour_price=Decimal(9), utilisation=Decimal("0.5"))

        assert cost.compute == Decimal("0.005")  # 1 s of 3,600 at 9, twice

    def test_buys_energy_and_demand_at_the_sites_price(self) -> None:
        cost = cost_of(
            electricity_price_per_kwh=Decimal("0.5"), demand_price_per_kwh=Decimal("0.1")
        )

        assert cost.energy == Decimal("0.0006")  # 3,600 J are a thousandth of a kWh

    def test_takes_a_negative_electricity_price_as_it_is(self) -> None:
        assert cost_of(electricity_price_per_kwh=Decimal("-0.2")).energy == Decimal("-0.0002")

    def test_adds_no_energy_cost_to_a_rental_that_includes_it(self) -> None:
        cost = cost_of(
            gpu_hour_price=Decimal(36),
            gpu_hour_includes_energy=True,
            electricity_price_per_kwh=Decimal("0.5"),
            demand_price_per_kwh=Decimal("0.1"),
            green_share=Decimal("0.5"),
            green_price_per_kwh=Decimal("0.004"),
        )

        assert cost.energy == 0
        assert cost.energy_joules == 3_600
        assert cost.compute == Decimal("0.01")
        assert cost.green == Decimal("0.000002")

    def test_multiplies_compute_alone_by_scarcity(self) -> None:
        cost = cost_of(
            gpu_hour_price=Decimal(36),
            electricity_price_per_kwh=ONE,
            green_share=ONE,
            green_price_per_kwh=Decimal("0.01"),
            scarcity_factor=Decimal("1.5"),
        )

        assert cost.compute == Decimal("0.01")
        assert cost.scarcity == Decimal("0.005")
        assert cost.energy == Decimal("0.001")
        assert cost.green == Decimal("0.00001")

    def test_counts_what_certificates_leave_at_the_residual_factor(self) -> None:
        cost = cost_of(
            green_share=Decimal("0.8"),
            carbon_location_grams_per_kwh=Decimal(500),
            carbon_residual_grams_per_kwh=Decimal(700),
        )

        assert cost.co2_location_grams == Decimal("0.5")
        assert cost.co2_market_grams == Decimal("0.14")


class TestCostInputs:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("boundary", "rack"),
            ("host_watts_per_gpu", Decimal(-1)),
            ("idle_watts_per_gpu", Decimal(-1)),
            ("utilisation", ZERO),
            ("utilisation", Decimal("1.01")),
            ("pue", Decimal("0.99")),
            ("gpu_hour_price", Decimal("-0.01")),
            ("electricity_price_per_kwh", Decimal("NaN")),
            ("demand_price_per_kwh", Decimal("-0.01")),
            ("green_share", Decimal("1.1")),
            ("green_share", Decimal("-0.1")),
            ("green_price_per_kwh", Decimal(-1)),
            ("carbon_location_grams_per_kwh", Decimal(-1)),
            ("carbon_residual_grams_per_kwh", Decimal("Infinity")),
            ("scarcity_factor", Decimal("0.9")),
        ],
    )
    def test_refuses_what_cannot_be(self, name: str, value: object) -> None:
        with pytest.raises(InvalidCostInput) as refused:
            plain_inputs(**{name: value})

        assert refused.value.name == name
        assert refused.value.value == str(value)

    def test_needs_figures_for_every_phase(self) -> None:
        with pytest.raises(InvalidCostInput) as refused:
            plain_inputs(figures={Phase.PREFILL: PhaseFigures(ONE, ONE)})

        assert refused.value.name == "figures/cached"


class TestPricePerToken:
    def price(self, terms: Terms, of_class: str = "output", **fx: Decimal) -> Decimal | None:
        return price_per_token(
            cost=money("0.10", "0.02", "0.01", "0.07"),
            terms=terms,
            token_class=of_class,
            cost_fx=fx.get("cost_fx", ONE),
            card_fx=fx.get("card_fx", ONE),
        )

    def test_is_cost_and_a_margin_on_all_of_it(self) -> None:
        assert self.price(cost_plus("0.25")) == Decimal("0.25")

    def test_is_never_below_the_floor(self) -> None:
        assert self.price(cost_plus(floor={"output": Decimal("0.3")})) == Decimal("0.3")

    def test_is_never_above_the_cap(self) -> None:
        assert self.price(cost_plus(cap={"output": Decimal("0.15")})) == Decimal("0.15")

    def test_is_held_only_for_the_class_that_is_named(self) -> None:
        assert self.price(cost_plus(cap={"input": Decimal("0.15")})) == Decimal("0.20")

    def test_turns_cost_and_card_into_the_agreements_currency_each_by_its_rate(self) -> None:
        terms = cost_plus(floor={"output": Decimal("0.3")})

        assert self.price(terms, cost_fx=Decimal(7), card_fx=Decimal(2)) == Decimal("1.4")
        assert self.price(terms, cost_fx=ONE, card_fx=Decimal(2)) == Decimal("0.6")

    def test_is_what_a_list_says_whatever_it_costs(self) -> None:
        listed = ListPrice({"output": Decimal("0.000002")})

        assert self.price(listed, card_fx=Decimal("7.1")) == Decimal("0.0000142")

    def test_is_unknown_for_a_class_that_a_list_leaves_out(self) -> None:
        assert self.price(ListPrice({"output": ONE}), of_class="input") is None

    def test_reproduces_the_revenue_that_deepseek_names(self) -> None:
        listed = ListPrice(
            {
                "cache_read": Decimal("0.14") / 10**6,
                "input": Decimal("0.55") / 10**6,
                "output": Decimal("2.19") / 10**6,
            }
        )
        rates = priced(money("0"), listed)["price"]

        revenue = (
            342 * 10**9 * rates["cache_read"]
            + 266 * 10**9 * rates["input"]
            + 168 * 10**9 * rates["output"]
        )

        disclosed = Decimal(562_027)
        assert revenue == 562_100 * 10**12
        assert abs(Decimal(revenue) / 10**12 - disclosed) / disclosed < Decimal("0.0005")


class TestQuantiseSlot:
    def test_rates_the_six_text_classes_by_phase_and_no_other(self) -> None:
        slot = quantise_slot(token_costs(plain_inputs()))

        for by_class in slot.values():
            assert tuple(by_class) == TEXT_CLASSES
        assert slot["energy_microjoules"] == dict.fromkeys(TEXT_CLASSES, 3_600_000_000)
        assert slot["gpu_nanoseconds"] == dict.fromkeys(TEXT_CLASSES, 1_000_000_000)

    def test_rounds_a_tie_to_the_even_neighbour(self) -> None:
        costs = dict.fromkeys(Phase, money("0.0000000000025", "0.0000000000035"))

        slot = quantise_slot(costs)

        assert slot["compute"]["input"] == 2
        assert slot["energy"]["input"] == 4

    def test_refuses_a_figure_that_no_ledger_has_room_for(self) -> None:
        with pytest.raises(InvalidCostInput) as refused:
            quantise_slot(dict.fromkeys(Phase, money("1e40")))

        assert refused.value.name == "compute per token"


class TestQuantisePrice:
    @given(
        cost=st.lists(
            st.decimals(min_value="-0.01", max_value=1, places=15), min_size=4, max_size=4
        ),
        margin=st.decimals(min_value="-0.9", max_value=3, places=4),
        fx=st.decimals(min_value="0.001", max_value=100, places=6),
    )
    def test_divides_the_price_into_parts_that_add_up_to_it(
        self, cost: list[Decimal], margin: Decimal, fx: Decimal
    ) -> None:
        compute, energy, green, scarcity = map(str, cost)

        rate = priced(money(compute, energy, green, scarcity), cost_plus(str(margin)), fx=str(fx))

        for name in TEXT_CLASSES:
            assert sum(rate[part][name] for part in PARTS) == rate["price"][name]
            exact = sum(cost) * fx * (1 + margin) * 10**12
            assert abs(rate["price"][name] - exact) <= QUANTISATION_BOUND

    def test_has_a_negative_margin_where_a_list_is_below_cost(self) -> None:
        rate = priced(money("0.000010", "0.000001"), ListPrice({"output": Decimal("0.000002")}))

        assert rate["price"] == {"output": 2_000_000}
        assert rate["compute"] == {"output": 10_000_000}
        assert rate["margin"] == {"output": -9_000_000}

    def test_has_no_rate_for_what_no_profile_rates(self) -> None:
        rate = priced(money("0"), ListPrice({"image_input": ONE, "input": ONE}))

        assert rate["price"] == {"input": 10**12}

    def test_shares_the_fee_between_consumer_and_provider(self) -> None:
        rate = priced(money("0.000002"), cost_plus(), fee_rate="0.015", share="0.4")

        assert rate["fee_consumer"]["output"] == 12_000
        assert rate["fee_provider"]["output"] == 18_000

    def test_charges_a_fee_borne_by_one_side_to_that_side_alone(self) -> None:
        cost = money("0.000002000033")

        provider = priced(cost, cost_plus(), fee_rate="0.015", share="0")
        consumer = priced(cost, cost_plus(), fee_rate="0.015", share="1")

        assert provider["fee_provider"]["input"] == consumer["fee_consumer"]["input"] == 30_000
        assert provider["fee_consumer"]["input"] == consumer["fee_provider"]["input"] == 0

    @pytest.mark.parametrize(
        ("name", "changes"),
        [
            ("fee_rate", {"fee_rate": "1.5"}),
            ("fee_consumer_share", {"share": "-0.1"}),
            ("cost_fx", {"fx": "0"}),
        ],
    )
    def test_refuses_fees_and_exchange_rates_that_cannot_be(
        self, name: str, changes: dict[str, str]
    ) -> None:
        with pytest.raises(InvalidCostInput) as refused:
            priced(money("1"), cost_plus(), **changes)

        assert refused.value.name == name
