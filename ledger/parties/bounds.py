"""Within what a key may use its scopes: sources, networks, how often, how long, signed. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Self

from ledger.errors import LedgerError
from ledger.parties import networks
from ledger.parties.networks import Network

LONGEST_SOURCE: Final = 512
MOST_REQUESTS: Final = 100_000
"""A minute. `ledger.parties.allowances` counts exactly up to here."""


class BoundInvalid(LedgerError):
    """A bound of a key cannot be: `bound` says which, `value` what was given."""

    problem = "key-bound-invalid"

    def __init__(self, *, bound: str, value: object, expected: str) -> None:
        self.bound = bound
        self.value = str(value)
        self.expected = expected
        super().__init__(f"{bound} must be {expected}, not {str(value)!r}")


@dataclass(frozen=True, slots=True)
class Bounds:
    """Within what a key may use its scopes; where a bound is empty, there is none."""

    sources: Sequence[str] = ()
    networks: Sequence[str] = ()
    requests_per_minute: int | None = None
    expires_at: datetime | None = None
    signs: bool = False

    def checked(self) -> Self:
        """Return the bounds as they are stored, each thing once and in order.

        :raises BoundInvalid: if a source, network or number of requests cannot be.
        """
        for source in self.sources:
            if not 0 < len(source) <= LONGEST_SOURCE or "\x00" in source:
                raise BoundInvalid(
                    bound="source",
                    value=source,
                    expected=f"a source's name of 1 to {LONGEST_SOURCE} characters",
                )
        found: set[Network] = set()
        for text in self.networks:
            try:
                found.add(networks.network(text))
            except ValueError as error:
                raise BoundInvalid(
                    bound="network",
                    value=text,
                    expected="a network such as 192.0.2.0/24 or 2001:db8::/32, or an address",
                ) from error
        often = self.requests_per_minute
        if often is not None and not 1 <= often <= MOST_REQUESTS:
            raise BoundInvalid(
                bound="requests per minute",
                value=often,
                expected=f"a whole number from 1 to {MOST_REQUESTS}",
            )
        return replace(
            self, sources=sorted(set(self.sources)), networks=sorted(str(one) for one in found)
        )


UNBOUNDED: Final = Bounds()
