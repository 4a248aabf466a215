"""What an audit answers with. Pure."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

logger = logging.getLogger(__name__)

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
        """Return the findings, the first ones named and the rest counted.

        Rows that make no sense at all may stop an audit; that is a finding, and the others go on.
        """
        found: list[Finding] = []
        more = 0
        for detail in self._until_it_fails():
            if len(found) < MOST_NAMED:
                found.append(Finding(self.name, detail))
            else:
                more += 1
        if more:
            found.append(Finding(self.name, f"and {more} more"))
        return found

    def _until_it_fails(self) -> Iterator[str]:
        try:
            yield from self.details()
        except Exception as error:  # whatever was tampered with, the other audits must run
            logger.exception("audit failed", extra={"audit": self.name})
            yield f"could not go on: {type(error).__name__}: {error}"
