"""Prices of hypothetical usage at any site, from one revision of the catalogue; nothing is stored.

A deployment is transplanted: its profile, GPU-hour and standards stay, and the site brings PUE,
electricity, certificates and carbon. The figures are those of `figures.py`, so that a quote of
usage that was booked is what was booked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ledger.errors import LedgerError
from ledger.parties.models import Deployment
from ledger.pricing import figures, price_inputs, slot_inputs
from ledger.pricing.figures import PerClass
from ledger.pricing.inputs import Inputs
from ledger.pricing.models import AgreementVersion, Site
from ledger.pricing.price_inputs import Asked
from ledger.pricing.published import Lack, Published
from ledger.pricing.quoting import amounts
from ledger.pricing.quoting.amounts import Amounts, ClassWithoutRate
from ledger.service_tiers import STANDARD
from ledger.tokens import TOKEN_CLASSES

MONEY: Final = (
    *("price", "compute", "energy", "green", "scarcity", "margin", "fee_provider", "fee_consumer"),
)
PHYSICAL: Final = (
    *("gpu_nanoseconds", "energy_microjoules"),
    *("co2_location_nanograms", "co2_market_nanograms"),
)
BOOKED: Final = MONEY + PHYSICAL
"""What a usage entry holds: money from the price rate, the rest from the slot rate."""

REPORTED: Final = ("embodied_nanograms", "water_nanolitres")
"""What is told beside it, where hardware and water are described."""


@dataclass(frozen=True, slots=True)
class Place:
    """A deployment, and the site where it is supposed to stand."""

    deployment: Deployment
    site: Site

    @property
    def is_own(self) -> bool:
        """Return whether the deployment does stand there."""
        return self.site.id == self.deployment.site_id


@dataclass(frozen=True, slots=True)
class Load:
    """Tokens of one context band and service tier, in the order of TOKEN_CLASSES."""

    context_from_tokens: int
    tokens: Sequence[int]
    service_tier: str = STANDARD

    def asked(self, slot: int) -> Asked:
        """Return what its price in a slot is asked for."""
        return Asked(slot, self.context_from_tokens, self.service_tier)


@dataclass(frozen=True, slots=True)
class Rate:
    """What a token takes and costs somewhere in a slot, with what that is made from."""

    slot: Inputs
    price: Inputs
    figures: Mapping[str, PerClass]
    reported: Mapping[str, PerClass]


class Prices:
    """Rates of one revision of the catalogue, made when they are asked for and kept in memory."""

    def __init__(self, published: Published) -> None:
        self.published = published
        self._slot: dict[tuple[int, int, int, int], Inputs | Lack] = {}
        self._slot_figures: dict[bytes, dict[str, PerClass] | Lack] = {}
        self._rates: dict[bytes, Rate | Lack] = {}

    def rate(self, place: Place, *, version: AgreementVersion, asked: Asked) -> Rate | Lack:
        """Return the rate of a place under an agreement, or what it lacks."""
        key = (place.deployment.id, place.site.id, asked.context_from_tokens, asked.slot)
        if key not in self._slot:
            self._slot[key] = slot_inputs.of_slot(
                self.published,
                deployment=place.deployment,
                context_from_tokens=asked.context_from_tokens,
                slot=asked.slot,
                site=place.site,
            )
        cost = self._slot[key]
        if isinstance(cost, Lack):
            return cost
        price = price_inputs.of_price(
            self.published, slot_rate=cost, agreement=version, asked=asked
        )
        if isinstance(price, Lack):
            return price
        if price.digest not in self._rates:
            self._rates[price.digest] = self._made(cost, price)
        return self._rates[price.digest]

    def amounts(
        self, place: Place, *, version: AgreementVersion, load: Load, slot: int
    ) -> Amounts | Lack:
        """Return what a load takes and costs at a place in a slot, or what it lacks."""
        rate = self.rate(place, version=version, asked=load.asked(slot))
        if isinstance(rate, Lack):
            return rate
        try:
            booked = amounts.products(tokens=load.tokens, figures=rate.figures)
            return booked.beside(amounts.known_products(load.tokens, rate.reported))
        except ClassWithoutRate as error:
            position = TOKEN_CLASSES.index(error.token_class)
            if rate.figures["gpu_nanoseconds"][position] is None:
                return no_measurement(error.token_class, place.deployment)
            return no_class_price(error.token_class, place.deployment, card=version.rate_card.code)

    def _made(self, cost: Inputs, price: Inputs) -> Rate | Lack:
        try:
            if cost.digest not in self._slot_figures:
                self._slot_figures[cost.digest] = figures.slot_figures(cost.values)
            of_slot = self._slot_figures[cost.digest]
            if isinstance(of_slot, Lack):
                return of_slot
            of_price = figures.price_figures(price.values, slot=cost.values)
        except LedgerError as error:
            return Lack("invalid_input", f"terms:{cost.values['deployment']}", str(error))
        money = {name: of_price[name] for name in MONEY}
        physical = {name: of_slot[name] for name in PHYSICAL}
        reported = {
            name: per_class
            for name, per_class in figures.reported_figures(cost.values).items()
            if per_class is not None and name in REPORTED
        }
        return Rate(cost, price, money | physical, reported)


def no_measurement(token_class: str, deployment: Deployment) -> Lack:
    """Return the lack of usage with tokens of a class that no profile measures."""
    profile = f"profile:{deployment.provider.code}/{deployment.code}"
    return Lack(f"no_rate_for_{token_class}", profile)


def no_class_price(token_class: str, deployment: Deployment, *, card: str) -> Lack:
    """Return the lack of usage with tokens of a class that the rate card names no price for."""
    return Lack(f"no_rate_for_{token_class}", f"rate_card:{deployment.provider.code}/{card}")
