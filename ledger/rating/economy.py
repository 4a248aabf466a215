"""Figures of the token economy out of sums: ratios, shares and growth. Pure.

A ratio of which the lower part is zero is unknown (None), never zero. Ratios are rounded half even,
to be read and not to be booked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from decimal import Decimal, localcontext
from typing import Final

from ledger.quantities import (
    EXACT,
    JOULES_PER_KWH,
    MICROJOULES_PER_JOULE,
    NANOSECONDS_PER_SECOND,
    PICO_PER_UNIT,
    SECONDS_PER_HOUR,
    round_half_even,
)

MILLION: Final = 1_000_000
RATIO_DIGITS: Final = 6
MONEY_DIGITS: Final = 12
COST: Final = ("compute", "energy", "green", "scarcity")

GROWTH_DAYS: Final[Mapping[str, int]] = {"day": 1, "week": 7, "month": 30}
"""So many days up to and with the day itself, against as many before them."""

LOOK_BACK_DAYS: Final = 2 * max(GROWTH_DAYS.values()) - 1
"""How many days before the first have to be known for its growth."""


@dataclass(slots=True)
class Money:
    """What was charged in one currency, in pico-units, without fees; and for which usage.

    `tokens` and `energy_microjoules` are of the usage that is priced in this currency.
    """

    tokens: int = 0
    energy_microjoules: int = 0
    compute: int = 0
    energy: int = 0
    green: int = 0
    scarcity: int = 0
    margin: int = 0

    @property
    def price(self) -> int:
        """Return the charged price."""
        return self.cost + self.margin

    @property
    def cost(self) -> int:
        """Return the part of the price that is cost."""
        return sum(getattr(self, name) for name in COST)


@dataclass(slots=True)
class Sums:
    """What was used: of a day, of a zone, of all.

    `available_gpu_seconds` are those of GPUs that stood ready where deployments state how many;
    `counted_gpu_nanoseconds` are what of `gpu_nanoseconds` was busy there.
    """

    events: int = 0
    tokens: int = 0
    gpu_nanoseconds: int = 0
    counted_gpu_nanoseconds: int = 0
    available_gpu_seconds: int = 0
    energy_microjoules: int = 0
    co2_location_nanograms: int = 0
    co2_market_nanograms: int = 0
    money: dict[str, Money] = field(default_factory=dict)

    def add(self, other: "Sums") -> None:
        """Take in what was used elsewhere; currencies stay apart."""
        for one in fields(self):
            if one.name != "money":
                setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))
        for currency, theirs in other.money.items():
            mine = self.money.setdefault(currency, Money())
            for one in fields(theirs):
                setattr(mine, one.name, getattr(mine, one.name) + getattr(theirs, one.name))


@dataclass(frozen=True, slots=True)
class Price:
    """What usage cost in one currency: by tokens, by energy, and what of the cost it was."""

    currency: str
    price: Decimal
    per_million_tokens: Decimal | None
    per_kwh: Decimal | None
    compute_share: Decimal | None
    energy_share: Decimal | None


def total(several: Iterable[Sums]) -> Sums:
    """Return all of it."""
    sums = Sums()
    for one in several:
        sums.add(one)
    return sums


def joules_per_token(sums: Sums) -> Decimal | None:
    """Return joules at the meter per token.

    >>> joules_per_token(Sums(tokens=2_500, energy_microjoules=2_904_000_000))
    Decimal('1.161600')
    """
    return ratio(sums.energy_microjoules, sums.tokens * MICROJOULES_PER_JOULE)


def busy_gpu_hours(sums: Sums) -> Decimal:
    """Return the hours that accelerators were busy.

    >>> busy_gpu_hours(Sums(gpu_nanoseconds=5_400 * 10**9))
    Decimal('1.500000')
    """
    return _hours(sums.gpu_nanoseconds)


def available_gpu_hours(sums: Sums) -> Decimal | None:
    """Return the hours that GPUs stood ready; None where no deployment states how many.

    >>> available_gpu_hours(Sums(available_gpu_seconds=8 * 86_400)), available_gpu_hours(Sums())
    (Decimal('192.000000'), None)
    """
    seconds = sums.available_gpu_seconds
    return _hours(seconds * NANOSECONDS_PER_SECOND) if seconds else None


def uncounted_gpu_hours(sums: Sums) -> Decimal:
    """Return the busy hours of deployments that do not state how many GPUs stand ready.

    >>> uncounted_gpu_hours(Sums(gpu_nanoseconds=5_400 * 10**9,
    ...                          counted_gpu_nanoseconds=3_600 * 10**9))
    Decimal('0.500000')
    """
    return _hours(sums.gpu_nanoseconds - sums.counted_gpu_nanoseconds)


def utilisation(sums: Sums) -> Decimal | None:
    """Return busy over available GPU-hours of the deployments that state how many GPUs they have.

    >>> utilisation(Sums(counted_gpu_nanoseconds=3_600 * 10**9, available_gpu_seconds=14_400))
    Decimal('0.250000')
    """
    available = sums.available_gpu_seconds * NANOSECONDS_PER_SECOND
    return ratio(sums.counted_gpu_nanoseconds, available)


def market_over_location(sums: Sums) -> Decimal | None:
    """Return what certificates leave of the grams that the grid stands for; 0.2 is 80 % less.

    >>> market_over_location(Sums(co2_location_nanograms=484, co2_market_nanograms=242))
    Decimal('0.500000')
    """
    return ratio(sums.co2_market_nanograms, sums.co2_location_nanograms)


def prices(sums: Sums) -> list[Price]:
    """Return what was charged by currency, each by itself.

    >>> one = Money(tokens=2_000_000, energy_microjoules=3_600_000 * 10**6, compute=3 * 10**12,
    ...             energy=10**12, margin=10**12)
    >>> price, = prices(Sums(money={"CNY": one}))
    >>> price.per_million_tokens, price.per_kwh, price.compute_share
    (Decimal('2.500000000000'), Decimal('5.000000000000'), Decimal('0.750000'))
    """
    return [
        Price(
            currency=currency,
            price=_quotient(one.price, PICO_PER_UNIT),
            per_million_tokens=ratio(
                one.price * MILLION, one.tokens * PICO_PER_UNIT, digits=MONEY_DIGITS
            ),
            per_kwh=ratio(
                one.price * JOULES_PER_KWH * MICROJOULES_PER_JOULE,
                one.energy_microjoules * PICO_PER_UNIT,
                digits=MONEY_DIGITS,
            ),
            compute_share=ratio(one.compute, one.cost),
            energy_share=ratio(one.energy, one.cost),
        )
        for currency, one in sorted(sums.money.items())
    ]


def growth(tokens_by_day: Mapping[date, int], day: date) -> dict[str, Decimal | None]:
    """Return by what share tokens grew: over the day, the week and the month of 30 days before.

    A day that is not named had none; growth from nothing is unknown.

    >>> day = date(2026, 10, 8)
    >>> growth({day: 150, date(2026, 10, 7): 100}, day)["day"]
    Decimal('0.500000')
    """
    grown: dict[str, Decimal | None] = {}
    for name, length in GROWTH_DAYS.items():
        span = [tokens_by_day.get(day - timedelta(days=back), 0) for back in range(2 * length)]
        now, before = sum(span[:length]), sum(span[length:])
        grown[name] = ratio(now - before, before)
    return grown


def ratio(upper: int, lower: int, *, digits: int = RATIO_DIGITS) -> Decimal | None:
    """Return a quotient to be read; None where there is nothing to divide by.

    >>> ratio(1, 3), ratio(1, 0)
    (Decimal('0.333333'), None)
    """
    return None if lower == 0 else _quotient(upper, lower, digits=digits)


def days(starts_on: date, ends_on: date) -> Sequence[date]:
    """Return the days of a half-open span."""
    return [starts_on + timedelta(days=n) for n in range((ends_on - starts_on).days)]


def _hours(nanoseconds: int) -> Decimal:
    return _quotient(nanoseconds, NANOSECONDS_PER_SECOND * SECONDS_PER_HOUR, digits=RATIO_DIGITS)


def _quotient(upper: int, lower: int, *, digits: int = MONEY_DIGITS) -> Decimal:
    with localcontext(EXACT):
        return round_half_even(Decimal(upper) / lower, digits=digits)
