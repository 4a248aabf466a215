"""Which certificates are cancelled for which quarter hour: whole watt-hours, oldest first. Pure.

A lot serves a slot if it is of the site's zone or country and was made for it: a GEC by its
vintage, the slot's year; every other kind by the time of its production, the slot within.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from typing import Final
from zoneinfo import ZoneInfo

from ledger.quantities import (
    EXACT,
    JOULES_PER_KWH,
    MICROJOULES_PER_JOULE,
    NANOGRAMS_PER_GRAM,
    in_units,
    whole_units,
)

MICROJOULES_PER_WATT_HOUR: Final = JOULES_PER_KWH // 1000 * MICROJOULES_PER_JOULE
MICROJOULES_PER_KWH: Final = JOULES_PER_KWH * MICROJOULES_PER_JOULE
SLOT: Final = timedelta(minutes=15)
BY_VINTAGE: Final = frozenset({"GEC"})


@dataclass(frozen=True, slots=True)
class SlotUse:
    """What usage took in a quarter hour, and what of it was booked as green.

    `avoided` is microjoules booked as green times the residual grams per kWh that they would have
    been charged; the grams of location and market are as booked.
    """

    starts_at: datetime
    microjoules: int
    green_microjoules: Decimal
    avoided: Decimal
    location_nanograms: int = 0
    market_nanograms: int = 0


@dataclass(frozen=True, slots=True)
class Lot:
    """A lot with what is left of it, in watt-hours."""

    id: int
    code: str
    kind: str
    zone: str
    vintage: int
    produced_from: datetime
    produced_to: datetime
    left: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where the usage was: certificates of the zone, or of the country, may be claimed for it."""

    zone: str
    country: str
    time_zone: str

    def reached_by(self, zone: str) -> bool:
        """Return whether electricity of a zone can be claimed here.

        >>> Place("CN-NX", "CN", "Asia/Shanghai").reached_by("CN-QH")
        True
        """
        return zone == self.zone or zone.partition("-")[0] == self.country


@dataclass(frozen=True, slots=True)
class Match:
    """Watt-hours of a lot that are claimed for a quarter hour."""

    starts_at: datetime
    lot_id: int
    watt_hours: int


def match(
    slots: Iterable[SlotUse],
    *,
    lots: Sequence[Lot],
    matched: Mapping[datetime, int],
    place: Place,
) -> list[Match]:
    """Return what is to be cancelled beyond what is `matched` already, in watt-hours by slot.

    Slots are served in their order, each by the oldest lots that may serve it.
    """
    oldest = sorted(lots, key=lambda lot: (lot.produced_from, lot.code))
    left = {lot.id: lot.left for lot in oldest}
    found: list[Match] = []
    for slot in sorted(slots, key=lambda slot: slot.starts_at):
        wanted = wanted_watt_hours(slot) - matched.get(slot.starts_at, 0)
        for lot in oldest:
            if wanted <= 0:
                break
            taken = min(wanted, left[lot.id])
            if taken > 0 and serves(lot, slot.starts_at, place=place):
                found.append(Match(slot.starts_at, lot.id, taken))
                left[lot.id] -= taken
                wanted -= taken
    return found


def wanted_watt_hours(slot: SlotUse) -> int:
    """Return the whole watt-hours that a slot's green joules ask for, rounded down.

    >>> slot = SlotUse(datetime(2026, 10, 1), 8_000_000_000, Decimal(7_199_999_999), Decimal(0))
    >>> wanted_watt_hours(slot)
    1
    """
    return max(int(slot.green_microjoules // MICROJOULES_PER_WATT_HOUR), 0)


def serves(lot: Lot, starts_at: datetime, *, place: Place) -> bool:
    """Return whether a lot may be claimed for usage in a quarter hour at a place."""
    if not place.reached_by(lot.zone):
        return False
    if lot.kind in BY_VINTAGE:
        return starts_at.astimezone(ZoneInfo(place.time_zone)).year == lot.vintage
    return lot.produced_from <= starts_at and starts_at + SLOT <= lot.produced_to


def unmatched_grams(slots: Iterable[SlotUse], *, matched: Mapping[datetime, int]) -> Decimal:
    """Return the market-based grams that were booked away as green without a certificate.

    To whole nanograms, half even, once for all slots.
    """
    with localcontext(EXACT):
        exact = Decimal(0)
        for slot in slots:
            if slot.green_microjoules <= 0:
                continue
            claimed = min(
                Decimal(matched.get(slot.starts_at, 0)) * MICROJOULES_PER_WATT_HOUR,
                slot.green_microjoules,
            )
            without = 1 - claimed / slot.green_microjoules
            exact += slot.avoided * without / MICROJOULES_PER_KWH
        return in_units(
            whole_units(exact, per_unit=NANOGRAMS_PER_GRAM), per_unit=NANOGRAMS_PER_GRAM
        )


def matched_microjoules(slot: SlotUse, *, watt_hours: int) -> int:
    """Return min(consumed, cancelled) of a slot, in microjoules."""
    return min(slot.microjoules, watt_hours * MICROJOULES_PER_WATT_HOUR)
