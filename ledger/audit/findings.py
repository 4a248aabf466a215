"""What an audit answers with. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

MOST_NAMED = 20
"""Findings of one audit that are named; the others are counted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where the tables do not say what they must."""

    audit: str
    detail: str


@dataclass(frozen=True, slots=True)
class Audit:
    """An invariant over the tables: its name, its sentence, and the details of what breaks it."""

    name: str
    proves: str
    details: Callable[[], Iterable[str]]

    def run(self) -> list[Finding]:
        """Return the findings, the first ones named and the rest counted."""
        found: list[Finding] = []
        more = 0
        for detail in self.details():
            if len(found) < MOST_NAMED:
                found.append(Finding(self.name, detail))
            else:
                more += 1
        if more:
            found.append(Finding(self.name, f"and {more} more"))
        return found
