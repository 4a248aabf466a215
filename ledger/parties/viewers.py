"""Who looks at the books: a party, which sees what is its own, or the platform, which sees all."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Viewer:
    """The party on whose behalf something is read; every reading function takes one."""

    party_id: int
    sees_all: bool


PLATFORM: Final = Viewer(party_id=0, sees_all=True)
"""The platform itself, on whose behalf commands act and operators look."""
