"""Who looks at the books: a party, which sees what is its own, or the platform, which sees all."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Viewer:
    """The party on whose behalf something is read; every reading function takes one."""

    party_id: int
    sees_all: bool
