"""How quotes and comparisons stand in answers."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from ledger.api import rendering
from ledger.pricing.published import Lack
from ledger.pricing.quoting.amounts import Amounts
from ledger.pricing.quoting.comparing import FIRST, SECOND, CarbonTurn
from ledger.pricing.quoting.quotes import AtSite, Move, Quote
from ledger.quantities import round_half_even

AMOUNT_DIGITS: Final = 12
PERCENT_DIGITS: Final = 6


def quote(one: Quote, *, save_percent: Decimal) -> dict[str, Any]:
    """Write a quote, as much of it as the asker may see."""
    return {
        "provider": one.deployment.provider.code,
        "deployment": one.deployment.code,
        "model": one.deployment.model,
        "terms": one.terms.name,
        "currency": one.currency,
        "cheapest": one.cheapest,
        "cleanest_by_location": one.least("co2_location_nanograms"),
        "cleanest_by_market": one.least("co2_market_nanograms"),
        "sites": [_site(one, at, save_percent=save_percent) for at in one.sites],
    }


def amounts(of: Amounts, *, shows_cost: bool) -> dict[str, Any]:
    """Write amounts, the provider's own among them only where they may be seen."""
    return {
        "price": _amount(of.of("price")),
        "fee_consumer": _amount(of.of("fee_consumer")),
        "energy_joules": _amount(of.of("energy_microjoules")),
        "co2_location_grams": _amount(of.of("co2_location_nanograms")),
        "co2_market_grams": _amount(of.of("co2_market_nanograms")),
        # Embodied emissions are busy seconds in other words, which are the provider's to show.
        "embodied_co2e_grams": _amount_or_null(
            of.of_or_none("embodied_nanograms") if shows_cost else None
        ),
        "water_litres": _amount_or_null(of.of_or_none("water_nanolitres")),
        "cost": {
            **{
                name: _amount(of.of(name))
                for name in ("compute", "energy", "green", "scarcity", "margin", "fee_provider")
            },
            "gpu_seconds": _amount(of.of("gpu_nanoseconds")),
        }
        if shows_cost
        else None,
    }


def lack(of: Lack) -> dict[str, Any]:
    """Write what is lacking."""
    return {"reason": of.reason, "missing": of.missing, "detail": of.detail}


def percent_or_null(value: Decimal | None) -> str | None:
    """Write a percentage that may not exist, with six decimals."""
    return None if value is None else f"{round_half_even(value, digits=PERCENT_DIGITS):f}"


def _amount(value: Decimal) -> str:
    return rendering.amount(round_half_even(value, digits=AMOUNT_DIGITS))


def _amount_or_null(value: Decimal | None) -> str | None:
    return None if value is None else _amount(value)


def _site(of: Quote, at: AtSite, *, save_percent: Decimal) -> dict[str, Any]:
    shows = of.shows_cost
    site = at.place.site
    return {
        "site": site.code,
        "name": site.name,
        "grid_zone": site.grid_zone,
        "is_own": at.place.is_own,
        "lack": lack(at.lack) if at.lack else None,
        "amounts": amounts(at.whole, shows_cost=shows) if at.whole else None,
        "cost_by_grade": {grade: f"{share:f}" for grade, share in at.shares.items()}
        if shows and at.whole
        else None,
        "moments": [
            {
                "starts_at": rendering.instant(moment.starts_at),
                "amounts": amounts(moment.amounts, shows_cost=shows),
                "electricity": [_electricity(one) for one in moment.electricity] if shows else None,
            }
            for moment in at.moments
        ],
        "move": _move(of, at, at.move, save_percent=save_percent) if at.move else None,
    }


def _electricity(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: str(one.get(name, "")) for name in ("tariff", "period", "currency")},
        **{name: _amount(Decimal(one[name])) for name in ("price_per_kwh", "demand_price_per_kwh")},
    }


def _move(of: Quote, at: AtSite, move: Move, *, save_percent: Decimal) -> dict[str, Any]:
    own = of.deployment.site.code
    sites = {FIRST: own, SECOND: at.place.site.code}
    return {
        "saved": amounts(move.saved, shows_cost=of.shows_cost),
        "price_percent": percent_or_null(move.price_percent),
        "cost_percent": percent_or_null(move.cost_percent) if of.shows_cost else None,
        "gpu_hour": {
            "currency": of.gpu_hour["currency"],
            "price": of.gpu_hour["price"],
            "save_percent": f"{save_percent:f}",
            "moving_there": _amount_or_null(move.there.price),
            "moving_back": _amount_or_null(move.back.price),
            "as_cheap_there": _amount_or_null(move.there.as_cheap_there),
        }
        if of.shows_cost and of.gpu_hour
        else None,
        "carbon_location": _carbon(move.carbon_location, sites),
        "carbon_market": _carbon(move.carbon_market, sites),
    }


def _carbon(turn: CarbonTurn, sites: dict[str, str]) -> dict[str, Any]:
    return {
        "per_tonne": _amount_or_null(turn.per_tonne),
        "cheaper_below": sites.get(turn.below),
        "cheaper_above": sites.get(turn.above),
    }
