"""What re-rating would change, as sums: by consumer, provider, day and currency. Pure.

Whole sub-units: pico-units of the currency, microjoules, nanograms, nanoseconds.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

PRICE_PARTS: Final = ("compute", "energy", "green", "scarcity", "margin")
SHOWN: Final = (
    *("price", "fee_provider", "fee_consumer"),
    *("energy_microjoules", "co2_location_nanograms", "co2_market_nanograms"),
)
"""What a line holds before and after."""

APPROVED: Final = ("lines", "lacks", "archived")
"""What of a dry run is approved."""

Key = tuple[str, str, date, str]
"""(consumer, provider, day, currency)"""


@dataclass(slots=True)
class Line:
    """What changes for a consumer at a provider on a day, in one currency.

    Usage that changes its currency counts in the line of the old one; in that of the new one it
    only adds what it comes to.
    """

    entries: int = 0
    tokens: int = 0
    before: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SHOWN, 0))
    after: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SHOWN, 0))


@dataclass(slots=True)
class Differences:
    """Lines by key, and the usage that has no price now, by what it lacks."""

    lines: dict[Key, Line] = field(default_factory=dict)
    lacks: dict[tuple[str, str], int] = field(default_factory=dict)

    def line(self, key: Key) -> Line:
        """Return the line with this key, begun if there was none."""
        return self.lines.setdefault(key, Line())

    def lacking(self, *, reason: str, missing: str, entries: int) -> None:
        """Count usage that has no price now, and stays as it is."""
        asked = (reason, missing)
        self.lacks[asked] = self.lacks.get(asked, 0) + entries

    @property
    def entries(self) -> int:
        """Return how many usage entries would be taken back and replaced."""
        return sum(line.entries for line in self.lines.values())


def shown(amounts: Mapping[str, int]) -> dict[str, int]:
    """Return what a line holds of amounts by component.

    >>> sums = dict.fromkeys((*PRICE_PARTS, *SHOWN), 2)
    >>> shown(sums)["price"], shown(sums)["fee_consumer"]
    (10, 2)
    """
    price = sum(amounts[part] for part in PRICE_PARTS)
    return {"price": price, **{name: amounts[name] for name in SHOWN if name != "price"}}


def add(to: dict[str, int], amounts: Mapping[str, int]) -> None:
    """Add amounts of a line."""
    for name in SHOWN:
        to[name] += amounts[name]


def document(differences: Differences, *, away: Iterable[date]) -> dict[str, Any]:
    """Write out the differences as JSON holds them: sub-units as text, in a fixed order."""
    return {
        "lines": [
            {
                "consumer": consumer,
                "provider": provider,
                "day": day.isoformat(),
                "currency": currency,
                "entries": line.entries,
                "tokens": line.tokens,
                "before": {name: str(line.before[name]) for name in SHOWN},
                "after": {name: str(line.after[name]) for name in SHOWN},
            }
            for (consumer, provider, day, currency), line in sorted(differences.lines.items())
        ],
        "lacks": [
            {"reason": reason, "missing": missing, "entries": entries}
            for (reason, missing), entries in sorted(differences.lacks.items())
        ],
        "archived": [f"{month:%Y-%m}" for month in sorted(away)],
    }


def digest(written: Mapping[str, Any], *, scope: Mapping[str, Any]) -> bytes:
    """Return SHA-256 over a scope and what it comes to: lines, lacks, archived months.

    As canonical JSON. What is only looked at, such as how much stands, is left out.

    >>> digest({"lines": [], "lacks": [], "archived": []}, scope={}).hex()[:8]
    'e9ee7fa5'
    """
    said = {name: written[name] for name in APPROVED} | {"scope": scope}
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).digest()


def totals(lines: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """Return, by currency, sub-units of the lines' money before and after.

    >>> line = {"currency": "CNY", "before": {"price": "5"}, "after": {"price": "7"}}
    >>> totals([line, line])
    {'CNY': {'before': 10, 'after': 14}}
    """
    found: dict[str, dict[str, int]] = {}
    for line in lines:
        of_currency = found.setdefault(line["currency"], {"before": 0, "after": 0})
        for side in of_currency:
            of_currency[side] += int(line[side]["price"])
    return dict(sorted(found.items()))
