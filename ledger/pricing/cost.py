"""What a token costs and is charged, exactly, and the whole sub-units that carry it. Pure.

Everything here is linear in tokens: a figure per token of a phase, times a price of the slot.
docs/pricing.md walks through one event by hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Final

from ledger.pricing import bounds, scarcity
from ledger.pricing.bounds import InvalidCostInput
from ledger.pricing.profile import (
    CLASS_PHASES,
    TEXT_PHASES,
    Boundary,
    Phase,
    PhaseFigures,
    check_boundary,
)
from ledger.pricing.terms import Both, Charged, CostPlus, ListPrice, Terms
from ledger.quantities import (
    EXACT,
    INT64_MAX,
    JOULES_PER_KWH,
    MICROJOULES_PER_JOULE,
    NANOGRAMS_PER_GRAM,
    NANOSECONDS_PER_SECOND,
    PICO_PER_UNIT,
    SECONDS_PER_HOUR,
    whole_units,
)

QUANTISATION_BOUND: Final = Decimal("0.5")
"""The most by which a stored component differs from its exact value: half a sub-unit per token.

Margin is a difference of five quantised figures and lies within five times that.
"""


@dataclass(frozen=True, slots=True)
class CostInputs:
    """Everything a token's cost is made from; money in the deployment's currency.

    `demand_price_per_kwh` is the demand charge spread over the kilowatt-hours it buys.
    Electricity may have a negative price; nothing else may.
    """

    figures: Mapping[Phase, PhaseFigures]
    boundary: str
    host_watts_per_gpu: Decimal
    idle_watts_per_gpu: Decimal
    utilisation: Decimal
    pue: Decimal
    gpu_hour_price: Decimal
    gpu_hour_includes_energy: bool
    electricity_price_per_kwh: Decimal
    demand_price_per_kwh: Decimal
    green_share: Decimal
    green_price_per_kwh: Decimal
    carbon_location_grams_per_kwh: Decimal
    carbon_residual_grams_per_kwh: Decimal
    scarcity_factor: Decimal
    scarcity_applies_to: str = scarcity.COMPUTE

    def __post_init__(self) -> None:
        for phase in TEXT_PHASES:
            if phase not in self.figures:
                raise InvalidCostInput(f"figures/{phase}", "missing", "joules and gpu_seconds")
        for phase in self.figures:
            bounds.not_negative(f"figures/{phase}/joules", self.figures[phase].joules)
            bounds.not_negative(f"figures/{phase}/gpu_seconds", self.figures[phase].gpu_seconds)
        check_boundary(self.boundary)
        bounds.not_negative("host_watts_per_gpu", self.host_watts_per_gpu)
        bounds.not_negative("idle_watts_per_gpu", self.idle_watts_per_gpu)
        bounds.busy_fraction("utilisation", self.utilisation)
        bounds.at_least_one("pue", self.pue)
        bounds.not_negative("gpu_hour_price", self.gpu_hour_price)
        bounds.number("electricity_price_per_kwh", self.electricity_price_per_kwh)
        bounds.not_negative("demand_price_per_kwh", self.demand_price_per_kwh)
        bounds.fraction("green_share", self.green_share)
        bounds.not_negative("green_price_per_kwh", self.green_price_per_kwh)
        bounds.not_negative("carbon_location_grams_per_kwh", self.carbon_location_grams_per_kwh)
        bounds.not_negative("carbon_residual_grams_per_kwh", self.carbon_residual_grams_per_kwh)
        bounds.at_least_one("scarcity_factor", self.scarcity_factor)


@dataclass(frozen=True, slots=True)
class TokenCost:
    """What one token of a phase takes and costs, exactly: facility joules, grams, money."""

    gpu_seconds: Decimal
    energy_joules: Decimal
    co2_location_grams: Decimal
    co2_market_grams: Decimal
    compute: Decimal
    energy: Decimal
    green: Decimal
    scarcity: Decimal

    @property
    def money(self) -> Decimal:
        """Return what the token costs, scarcity included."""
        with localcontext(EXACT):
            return self.compute + self.energy + self.green + self.scarcity


def token_costs(inputs: CostInputs) -> dict[Phase, TokenCost]:
    """Return what one token of each phase that was measured takes and costs in a slot."""
    return {phase: _token_cost(inputs, figures) for phase, figures in inputs.figures.items()}


def price_per_token(
    *, cost: TokenCost, terms: Terms, token_class: str, cost_fx: Decimal, card_fx: Decimal
) -> Decimal | None:
    """Return the exact price in the agreement's currency; None where a list names no price.

    `cost_fx` turns the cost's currency into the agreement's, `card_fx` the rate card's.
    """
    price, _ = prices_per_token(
        cost=cost, terms=terms, token_class=token_class, cost_fx=cost_fx, card_fx=card_fx
    )
    return price


def prices_per_token(
    *, cost: TokenCost, terms: Terms, token_class: str, cost_fx: Decimal, card_fx: Decimal
) -> tuple[Decimal | None, Decimal | None]:
    """Return the exact price, and the other one where a card makes two; None where there is none.

    Where the list leaves a class out, nothing can be higher or lower than what it says.
    """
    if not isinstance(terms, Both):
        return _one_price(cost, terms, token_class, cost_fx, card_fx), None
    made = _one_price(cost, terms.cost_plus, token_class, cost_fx, card_fx)
    listed = _one_price(cost, terms.listed, token_class, cost_fx, card_fx)
    assert made is not None, "cost plus prices every class"
    if terms.charged is Charged.COST_PLUS:
        return made, listed
    if listed is None:
        return None, made
    if terms.charged is Charged.LIST:
        return listed, made
    lower, higher = sorted((made, listed))
    return (lower, higher) if terms.charged is Charged.LOWER else (higher, lower)


def _one_price(
    cost: TokenCost,
    terms: CostPlus | ListPrice,
    token_class: str,
    cost_fx: Decimal,
    card_fx: Decimal,
) -> Decimal | None:
    with localcontext(EXACT):
        if isinstance(terms, CostPlus):
            price = cost.money * cost_fx * (1 + terms.margin) * terms.factor
            if token_class in terms.floor_per_token:
                price = max(price, terms.floor_per_token[token_class] * card_fx)
            if token_class in terms.cap_per_token:
                price = min(price, terms.cap_per_token[token_class] * card_fx)
            return price
        listed = terms.price_per_token.get(token_class)
        return None if listed is None else listed * card_fx


def quantise_slot(costs: Mapping[Phase, TokenCost]) -> dict[str, dict[str, int]]:
    """Return component -> class -> whole sub-units per token of a slot rate.

    Nanoseconds, microjoules, nanograms, and pico-units of the deployment's currency.
    """
    slot: dict[str, dict[str, int]] = {component: {} for component in (*_PHYSICAL, *_MONEY)}
    for token_class, phase in CLASS_PHASES.items():
        if phase not in costs:
            continue
        cost = costs[phase]
        for component, value, per_unit in (
            ("gpu_nanoseconds", cost.gpu_seconds, NANOSECONDS_PER_SECOND),
            ("energy_microjoules", cost.energy_joules, MICROJOULES_PER_JOULE),
            ("co2_location_nanograms", cost.co2_location_grams, NANOGRAMS_PER_GRAM),
            ("co2_market_nanograms", cost.co2_market_grams, NANOGRAMS_PER_GRAM),
        ):
            slot[component][token_class] = _whole(component, value, per_unit)
        for component, value in _money(cost).items():
            slot[component][token_class] = _whole(component, value, PICO_PER_UNIT)
    return slot


def quantise_price(
    *,
    costs: Mapping[Phase, TokenCost],
    terms: Terms,
    cost_fx: Decimal,
    card_fx: Decimal,
    fee_rate: Decimal,
    fee_consumer_share: Decimal,
) -> dict[str, dict[str, int]]:
    """Return component -> class -> pico-units per token of a price rate.

    The price is quantised once; margin is what it leaves above the quantised cost components, so
    that the parts are the price, and may be negative. A class without a price is absent. Where a
    card makes two prices, `compared_price` is the one that is not charged.

    :raises InvalidCostInput: if a fee is not a fraction or an exchange rate not positive.
    """
    bounds.fraction("fee_rate", fee_rate)
    bounds.fraction("fee_consumer_share", fee_consumer_share)
    bounds.positive("cost_fx", cost_fx)
    bounds.positive("card_fx", card_fx)
    rate: dict[str, dict[str, int]] = {
        component: {} for component in ("price", *_MONEY, "margin", "fee_provider", "fee_consumer")
    }
    compared = rate.setdefault("compared_price", {}) if isinstance(terms, Both) else {}
    for token_class, phase in CLASS_PHASES.items():
        if phase not in costs:
            continue  # what it costs is unknown, so what would be left of a price is too
        price, other = prices_per_token(
            cost=costs[phase],
            terms=terms,
            token_class=token_class,
            cost_fx=cost_fx,
            card_fx=card_fx,
        )
        if other is not None:
            compared[token_class] = _whole("compared_price", other, PICO_PER_UNIT)
        if price is None:
            continue
        with localcontext(EXACT):
            exact = {name: value * cost_fx for name, value in _money(costs[phase]).items()}
            exact |= {
                "price": price,
                "fee_provider": price * fee_rate * (1 - fee_consumer_share),
                "fee_consumer": price * fee_rate * fee_consumer_share,
            }
        for component, value in exact.items():
            rate[component][token_class] = _whole(component, value, PICO_PER_UNIT)
        rate["margin"][token_class] = rate["price"][token_class] - sum(
            rate[component][token_class] for component in _MONEY
        )
    return rate


_PHYSICAL: Final = (
    "gpu_nanoseconds",
    "energy_microjoules",
    "co2_location_nanograms",
    "co2_market_nanograms",
)
_MONEY: Final = ("compute", "energy", "green", "scarcity")


def _money(cost: TokenCost) -> dict[str, Decimal]:
    return dict(zip(_MONEY, (cost.compute, cost.energy, cost.green, cost.scarcity), strict=True))


def _whole(component: str, value: Decimal, per_unit: int) -> int:
    # Beyond this no digits are left for the sub-units, and no ledger has room for the figure.
    if value.copy_abs() > INT64_MAX:
        raise InvalidCostInput(f"{component} per token", value, f"at most {INT64_MAX}")
    return whole_units(value, per_unit=per_unit)


def _token_cost(inputs: CostInputs, figures: PhaseFigures) -> TokenCost:
    with localcontext(EXACT):
        joules = _facility_joules(inputs, figures)
        kwh = joules / JOULES_PER_KWH
        # Utilisation here is the long-run standard: idle hours are paid by the busy ones.
        compute = (
            figures.gpu_seconds / SECONDS_PER_HOUR * inputs.gpu_hour_price / inputs.utilisation
        )
        # A rental that includes energy has paid for the kilowatt-hours and for the demand; the
        # certificates are bought beside it all the same, so green stays.
        electricity = (
            Decimal(0)
            if inputs.gpu_hour_includes_energy
            else inputs.electricity_price_per_kwh + inputs.demand_price_per_kwh
        )
        energy = kwh * electricity
        green = kwh * inputs.green_share * inputs.green_price_per_kwh
        # Scarcity is a rent on accelerators; electricity is passed through unless a policy says so.
        scarce = compute
        if inputs.scarcity_applies_to == scarcity.ALL:
            scarce = compute + energy + green
        return TokenCost(
            gpu_seconds=figures.gpu_seconds,
            energy_joules=joules,
            co2_location_grams=kwh * inputs.carbon_location_grams_per_kwh,
            co2_market_grams=kwh * (1 - inputs.green_share) * inputs.carbon_residual_grams_per_kwh,
            compute=compute,
            energy=energy,
            green=green,
            scarcity=scarce * (inputs.scarcity_factor - 1),
        )


def _facility_joules(inputs: CostInputs, figures: PhaseFigures) -> Decimal:
    """Return the joules at the site's meter: what the boundary left out is added."""
    if inputs.boundary == Boundary.FACILITY:
        return figures.joules
    if inputs.boundary == Boundary.SERVER:
        return figures.joules * inputs.pue
    idle_per_busy_second = (1 - inputs.utilisation) / inputs.utilisation
    watts_beside = inputs.host_watts_per_gpu + inputs.idle_watts_per_gpu * idle_per_busy_second
    return (figures.joules + figures.gpu_seconds * watts_beside) * inputs.pue
