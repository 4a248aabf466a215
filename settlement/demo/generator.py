"""A month of usage, the same every time: who asked what, when. Pure.

Chat arrives one request after another, code in bursts, as in the traces that `shapes.py` names:
there the gaps between chats vary like those of independent callers (coefficient of variation 1.1),
those between code requests not at all (13): whole minutes are silent, others hold hundreds. The
day's and the week's course is illustrative: working hours in China, quieter weekends.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from settlement.demo.flows import FLOWS, Flow, Shape
from settlement.demo.shapes import draw

SEED: Final = 20_261_001
ZONE: Final = ZoneInfo("Asia/Shanghai")
HOUR: Final = timedelta(hours=1)
SATURDAY: Final = 5

# Relative load of each hour of the day, local time.
DAY: Final = (3, 2, 1, 1, 1, 2, 4, 7, 12, 16, 18, 16, 11, 13, 17, 18, 17, 15, 12, 12, 13, 12, 9, 5)
WEEKEND_SHARE: Final = {Shape.CHAT: 0.8, Shape.CODE: 0.35, Shape.REASONING: 0.5}

BURST_MEAN_REQUESTS: Final = 25
BURST_MEAN_GAP_SECONDS: Final = 0.12


@dataclass(frozen=True, slots=True)
class Usage:
    """One usage event as a provider's gateway knows it."""

    event_id: str
    occurred_at: datetime
    flow: Flow
    counts: dict[str, int]
    status: str


def generate(
    *, starts_at: datetime, ends_at: datetime, events: int, seed: int = SEED
) -> list[Usage]:
    """Return so many events of starts_at <= t < ends_at, in the order in which they occurred."""
    rng = Random(seed)  # noqa: S311 - repeatable on purpose; nothing is secret
    usage = []
    for flow, count in zip(FLOWS, _shares(events), strict=True):
        for occurred_at in _arrivals(flow.shape, count, (starts_at, ends_at), rng):
            request = draw(flow.shape, rng)
            usage.append(
                Usage(event_id(occurred_at, rng), occurred_at, flow, request.counts, request.status)
            )
    usage.sort(key=lambda one: (one.occurred_at, one.event_id))
    return usage


def event_id(at: datetime, rng: Random) -> str:
    """Return an id in the form of a UUID version 7: milliseconds first, then chance (RFC 9562).

    >>> event_id(datetime(2026, 10, 1, tzinfo=UTC), Random(1))[:15]
    '01a0f4c2-c400-7'
    """
    milliseconds = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    high = f"{milliseconds:012x}"
    low = f"{0x8000000000000000 | rng.getrandbits(62):016x}"
    return f"{high[:8]}-{high[8:]}-7{rng.getrandbits(12):03x}-{low[:4]}-{low[4:]}"


def _shares(events: int) -> list[int]:
    """Divide the events by the weights of the flows; what is left over goes to the first ones."""
    total = sum(flow.weight for flow in FLOWS)
    shares = [events * flow.weight // total for flow in FLOWS]
    for position in range(events - sum(shares)):
        shares[position] += 1
    return shares


def _arrivals(
    shape: Shape, count: int, span: tuple[datetime, datetime], rng: Random
) -> list[datetime]:
    hours = _Hours(span, WEEKEND_SHARE[shape])
    if shape is not Shape.CODE:
        return [hours.draw(rng) for _ in range(count)]
    found: list[datetime] = []
    while len(found) < count:
        at = hours.draw(rng)
        for _ in range(min(_burst(rng), count - len(found))):
            if at >= span[1]:
                break
            found.append(at)
            at += timedelta(seconds=_exponential(BURST_MEAN_GAP_SECONDS, rng))
    return found


def _burst(rng: Random) -> int:
    return 1 + int(_exponential(BURST_MEAN_REQUESTS - 0.5, rng))


def _exponential(mean: float, rng: Random) -> float:
    return -mean * math.log(1 - rng.random())


class _Hours:
    """The hours of a span, each as likely as it is busy."""

    def __init__(self, span: tuple[datetime, datetime], weekend_share: float) -> None:
        self._starts_at, self._ends_at = span
        hours = math.ceil((self._ends_at - self._starts_at) / HOUR)
        self._until: Sequence[float] = list(
            accumulate(self._weight(hour, weekend_share) for hour in range(hours))
        )

    def draw(self, rng: Random) -> datetime:
        """Return a moment of the span."""
        while True:
            hour = bisect_right(self._until, rng.random() * self._until[-1])
            at = self._starts_at + HOUR * (hour + rng.random())
            if at < self._ends_at:
                return at

    def _weight(self, hour: int, weekend_share: float) -> float:
        local = (self._starts_at + HOUR * hour).astimezone(ZONE)
        return DAY[local.hour] * (weekend_share if local.weekday() >= SATURDAY else 1.0)
