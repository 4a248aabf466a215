"""What a publication does to prices: the same tokens, priced by the catalogue before and after."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from typing import Any, Final

from ledger.parties.models import Deployment
from ledger.pricing import inputs
from ledger.pricing.figures import PerClass
from ledger.pricing.models import Agreement, AgreementVersion
from ledger.pricing.price_inputs import Asked
from ledger.pricing.published import Lack, Published
from ledger.pricing.quoting.prices import Place, Prices
from ledger.pricing.tariff import slot_of, slot_starts_at
from ledger.quantities import EXACT, PICO_PER_UNIT, round_half_even
from ledger.tokens import TOKEN_CLASSES

SLOTS_OF_A_DAY: Final = range(0, 96, 4)
"""Prices are compared at each full hour of a day."""

MOST_PAIRS: Final = 400
"""Pairs of a deployment and an agreement that are compared: beyond, the first of them."""

TOKENS: Final = 1_000_000

SHOWN_DIGITS: Final = 6
"""Decimals of a mean price: it is shown to people, nothing is charged by it."""


@dataclass(frozen=True, slots=True)
class Effect:
    """A price per million tokens of a class, the mean of a day's hours from `starts_at` on.

    None where there is no price in one of the hours.
    """

    agreement: str
    deployment: str
    starts_at: datetime
    currency: str
    token_class: str
    before: Decimal | None
    after: Decimal | None

    @property
    def percent(self) -> str:
        """Return how much dearer it becomes, such as `+2.5 %`; empty where there is no telling."""
        if not self.before or self.after is None:
            return ""
        with localcontext(EXACT):
            change = (self.after / self.before - 1) * 100
        return f"{round_half_even(change, digits=2):+f} %"

    def as_data(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "agreement": self.agreement,
            "deployment": self.deployment,
            "starts_at": self.starts_at.astimezone(UTC).isoformat(),
            "currency": self.currency,
            "token_class": self.token_class,
            "before": None if self.before is None else inputs.text(self.before),
            "after": None if self.after is None else inputs.text(self.after),
            "percent": self.percent,
        }


def compare(before: Published, after: Published, *, moments: Sequence[datetime]) -> list[Effect]:
    """Return the prices that differ in the day from each moment on."""
    old, new = Prices(before), Prices(after)
    effects: list[Effect] = []
    for moment in moments:
        for deployment, agreement in _pairs(after):
            was = _of_a_day(old, deployment, agreement, moment)
            becomes = _of_a_day(new, deployment, agreement, moment)
            effects += [
                Effect(
                    agreement=agreement.code,
                    deployment=f"{deployment.provider.code}/{deployment.code}",
                    starts_at=moment,
                    currency=becomes.currency or was.currency,
                    token_class=name,
                    before=was.prices.get(name),
                    after=becomes.prices.get(name),
                )
                for name in TOKEN_CLASSES
                if was.prices.get(name) != becomes.prices.get(name)
            ]
    return effects


def _pairs(published: Published) -> list[tuple[Deployment, Agreement]]:
    """Return which deployments are charged under which agreements."""
    pairs = [
        (deployment, agreement)
        for _, deployment in sorted(published.deployments.items())
        for _, agreement in sorted(published.agreements.items())
        if agreement.provider_id == deployment.provider_id
    ]
    return pairs[:MOST_PAIRS]


@dataclass(frozen=True, slots=True)
class _Day:
    """Mean prices per million tokens by class, of the classes that have one all day."""

    currency: str
    prices: Mapping[str, Decimal]


def _of_a_day(
    prices: Prices, deployment: Deployment, agreement: Agreement, moment: datetime
) -> _Day:
    """Return the mean of a day's full hours from the moment on; nothing if one has no price."""
    place = Place(deployment, deployment.site)
    currency = ""
    hours: list[PerClass] = []
    for offset in SLOTS_OF_A_DAY:
        asked = Asked(slot_of(moment) + offset, context_from_tokens=0)
        version: AgreementVersion | None = prices.published.in_force(
            AgreementVersion, (agreement.id,), slot_starts_at(asked.slot)
        )
        if version is None:
            return _Day("", {})
        rate = prices.rate(place, version=version, asked=asked)
        if isinstance(rate, Lack):
            return _Day("", {})
        currency = version.currency
        hours.append(rate.figures["price"])
    return _Day(currency, dict(_means(hours)))


def _means(hours: Sequence[PerClass]) -> Iterator[tuple[str, Decimal]]:
    for position, name in enumerate(TOKEN_CLASSES):
        prices = [hour[position] for hour in hours]
        known = [price for price in prices if price is not None]
        if len(known) == len(prices):
            with localcontext(EXACT):
                mean = Decimal(sum(known) * TOKENS) / PICO_PER_UNIT / len(known)
            yield name, round_half_even(mean, digits=SHOWN_DIGITS)
