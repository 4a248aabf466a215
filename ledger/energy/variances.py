"""What separates a meter from the books of a site's month, part by part, exactly. Pure.

Joules, watts and GPU-hours that prices are made from are standard costs; a meter gives what was.
As in cost accounting, the difference is told apart by its cause (docs/energy.md works an example):

    pue         facility - IT × standard PUE
    idle        (actual idle - standard idle) × standard PUE
    efficiency  the rest of the joules: `usage` where no IT meter tells it from the building
    price       (billed - standard price) × metered kWh, in money alone

All parts but one are rounded, and that one is what they leave: so the sum is the whole.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from typing import Final

from ledger.energy.apportioning import apportion
from ledger.quantities import (
    EXACT,
    JOULES_PER_KWH,
    MICROJOULES_PER_JOULE,
    NANOSECONDS_PER_SECOND,
    PICO_PER_UNIT,
    SECONDS_PER_HOUR,
    Physical,
    in_units,
    whole_units,
)

JOULES: Final = Physical.JOULES.value
PUE: Final = "pue"
IDLE: Final = "idle"
EFFICIENCY: Final = "efficiency"
USAGE: Final = "usage"
PRICE: Final = "price"
PARTS: Final = (PUE, IDLE, EFFICIENCY, USAGE, PRICE)

GPU_BOUNDARY: Final = "gpu"
ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Booked:
    """Usage of a provider at a site under one rate, with the standards that the rate used.

    `energy_pico` is what the provider's electricity was charged at; a GPU-hour that includes
    energy charges none.
    """

    provider: str
    currency: str
    microjoules: int
    energy_pico: int
    gpu_nanoseconds: int
    pue: Decimal
    boundary: str
    idle_watts_per_gpu: Decimal
    utilisation: Decimal
    includes_energy: bool


@dataclass(frozen=True, slots=True)
class Metered:
    """What the meters of a site counted in the month; None where there is no complete reading."""

    facility_kwh: Decimal
    it_kwh: Decimal | None = None
    gpu_busy_hours: Decimal | None = None
    gpu_available_hours: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Billed:
    """What the utility billed for the whole month, in one currency."""

    currency: str
    amount: Decimal
    kwh: Decimal


@dataclass(frozen=True, slots=True)
class Share:
    """What was booked of a provider and its share of the variance, in one commodity."""

    booked: Decimal
    variance: Decimal


@dataclass(frozen=True, slots=True)
class Variances:
    """The variance by commodity and part, and by provider; `notes` say what is not told apart."""

    parts: Mapping[tuple[str, str], Decimal]
    shares: Mapping[tuple[str, str], Share]
    notes: Sequence[str] = field(default_factory=tuple)

    def total(self, commodity: str) -> Decimal:
        """Return the whole variance in a commodity."""
        with localcontext(EXACT):
            return sum((a for (unit, _), a in self.parts.items() if unit == commodity), ZERO)


def variances(
    booked: Sequence[Booked],
    *,
    metered: Metered,
    billed: Billed | None,
    providers: Sequence[str],
) -> Variances:
    """Tell apart what separates the meter from what was booked.

    `providers` are those who serve at the site: they share what was metered where nothing was
    booked. Booked joules + variance = metered kWh × 3,600,000, to the microjoule and beyond.
    """
    with localcontext(EXACT):
        microjoules: dict[str, int] = dict.fromkeys(providers, 0)
        for one in booked:
            microjoules[one.provider] = microjoules.get(one.provider, 0) + one.microjoules
        total = whole_units(metered.facility_kwh * JOULES_PER_KWH, per_unit=MICROJOULES_PER_JOULE)
        total -= sum(microjoules.values())
        notes: list[str] = []
        parts_in_joules = _joule_parts(booked, metered=metered, total=total, notes=notes)
        shared = apportion(total, weights=microjoules)
        parts = {
            (JOULES, part): in_units(whole, per_unit=MICROJOULES_PER_JOULE)
            for part, whole in parts_in_joules.items()
        }
        shares = {
            (provider, JOULES): Share(
                in_units(microjoules[provider], per_unit=MICROJOULES_PER_JOULE),
                in_units(shared[provider], per_unit=MICROJOULES_PER_JOULE),
            )
            for provider in microjoules
        }
        for currency in sorted({one.currency for one in booked if not one.includes_energy}):
            money = _Money(
                currency, booked=booked, joules=parts_in_joules, metered=metered, billed=billed
            )
            parts |= money.parts(notes)
            shares |= money.shares()
        if any(one.includes_energy for one in booked):
            notes.append("rented GPU-hours include energy: their joules are trued up in kind only")
        if billed is not None and billed.currency not in {unit for unit, _ in parts}:
            notes.append(f"no energy cost in {billed.currency} was booked to hold the bill against")
    return Variances({key: amount for key, amount in parts.items() if amount}, shares, tuple(notes))


def standard_pue(booked: Sequence[Booked]) -> Decimal | None:
    """Return booked facility joules over booked IT joules; None if nothing was booked."""
    with localcontext(EXACT):
        it = sum((one.microjoules / one.pue for one in booked), ZERO)
        return sum(one.microjoules for one in booked) / it if it else None


def _joule_parts(
    booked: Sequence[Booked], *, metered: Metered, total: int, notes: list[str]
) -> dict[str, int]:
    """Return microjoules by part; the last part is what the others leave of the total."""
    pue = standard_pue(booked)
    if pue is None:
        notes.append("nothing was booked: all that was metered is one part")
        return {USAGE: total}
    parts: dict[str, int] = {}
    if metered.it_kwh is not None:
        building = metered.facility_kwh - metered.it_kwh * pue
        parts[PUE] = whole_units(building * JOULES_PER_KWH, per_unit=MICROJOULES_PER_JOULE)
    else:
        notes.append("no complete IT readings: PUE is not told apart from usage")
    idle = _idle_joules(booked, metered=metered, notes=notes)
    if idle is not None:
        parts[IDLE] = whole_units(idle * pue, per_unit=MICROJOULES_PER_JOULE)
    rest = EFFICIENCY if metered.it_kwh is not None else USAGE
    return {**parts, rest: total - sum(parts.values())}


def _idle_joules(booked: Sequence[Booked], *, metered: Metered, notes: list[str]) -> Decimal | None:
    """Return actual less standard idle joules at the machines; None where it cannot be told."""
    if metered.gpu_busy_hours is None or metered.gpu_available_hours is None:
        notes.append("no complete GPU-hours: idling is not told apart from usage")
        return None
    if any(one.boundary != GPU_BOUNDARY for one in booked):
        notes.append("some profiles were measured with idling inside: it is not told apart")
        return None
    standard_seconds = standard_joules = ZERO
    for one in booked:
        busy = in_units(one.gpu_nanoseconds, per_unit=NANOSECONDS_PER_SECOND)
        seconds = busy * (1 - one.utilisation) / one.utilisation
        standard_seconds += seconds
        standard_joules += seconds * one.idle_watts_per_gpu
    if not standard_seconds:
        notes.append("no standard idle time was booked: idling is not told apart")
        return None
    hours = metered.gpu_available_hours - metered.gpu_busy_hours
    watts = standard_joules / standard_seconds
    return hours * SECONDS_PER_HOUR * watts - standard_joules


class _Money:
    """The money counterpart in one currency, where the provider's electricity is its own cost."""

    def __init__(
        self,
        currency: str,
        *,
        booked: Sequence[Booked],
        joules: Mapping[str, int],
        metered: Metered,
        billed: Billed | None,
    ) -> None:
        self.currency = currency
        self.joules = joules
        self.metered = metered
        self.billed = billed
        self.all_booked = sum(one.microjoules for one in booked)
        self.microjoules: dict[str, int] = defaultdict(int)
        self.applied: dict[str, int] = defaultdict(int)
        for one in booked:
            if one.currency == currency and not one.includes_energy:
                self.microjoules[one.provider] += one.microjoules
                self.applied[one.provider] += one.energy_pico
        self.whole: int = 0

    def parts(self, notes: list[str]) -> dict[tuple[str, str], Decimal]:
        """Return money by part: joules at the standard price, and the price on metered kWh."""
        applied = sum(self.applied.values())
        total = sum(self.joules.values())
        usage = self._pico(Decimal(applied) * total / self.all_booked) if self.all_booked else 0
        *told, rest = self.joules
        parts = {
            part: self._pico(Decimal(applied) * self.joules[part] / self.all_booked)
            for part in told
            if self.all_booked
        }
        parts[rest] = usage - sum(parts.values())
        price = self._price(applied, notes)
        if price is not None:
            parts[PRICE] = price
        self.whole = sum(parts.values())
        return {
            (self.currency, part): in_units(pico, per_unit=PICO_PER_UNIT)
            for part, pico in parts.items()
        }

    def shares(self) -> dict[tuple[str, str], Share]:
        """Return the providers' shares, in proportion to the joules that they paid for."""
        shared = apportion(self.whole, weights=self.microjoules)
        return {
            (provider, self.currency): Share(
                in_units(self.applied[provider], per_unit=PICO_PER_UNIT),
                in_units(shared[provider], per_unit=PICO_PER_UNIT),
            )
            for provider in self.microjoules
        }

    def _price(self, applied: int, notes: list[str]) -> int | None:
        """Return (billed - standard price) × metered kWh of the joules that carry a cost."""
        if self.billed is None or self.billed.currency != self.currency or not self.all_booked:
            notes.append(f"no bill in {self.currency} for the whole month: price is as standard")
            return None
        if self.billed.kwh <= 0:
            notes.append("the bills name no kilowatt-hours: price is as standard")
            return None
        borne = Decimal(sum(self.microjoules.values())) / self.all_booked
        kwh = self.metered.facility_kwh * borne
        billed = kwh * self.billed.amount / self.billed.kwh
        # Standard: the applied money per booked joule, times the joules that were metered.
        metered_microjoules = self.all_booked + sum(self.joules.values())
        standard = Decimal(applied) * metered_microjoules / self.all_booked
        return self._pico(billed * PICO_PER_UNIT - standard)

    @staticmethod
    def _pico(value: Decimal) -> int:
        return whole_units(value, per_unit=1)
