"""What a quote is asked for, and how a question that has no answer is refused. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from ledger.errors import LedgerError
from ledger.service_tiers import STANDARD
from ledger.tokens import PROMPT_CLASSES, TOKEN_CLASSES

MOST_LINES: Final = 100
MOST_DEPLOYMENTS: Final = 5
DEFAULT_SAVING: Final = Decimal(5)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a question: where, as a JSON pointer, and what to do."""

    pointer: str
    detail: str


class QuoteInvalid(LedgerError):
    """What is to be quoted cannot be found, or not priced as it is asked."""

    problem = "quote-invalid"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.errors = [{"pointer": one.pointer, "detail": one.detail} for one in faults]
        super().__init__("; ".join(f"{one.pointer}: {one.detail}" for one in faults))


@dataclass(frozen=True, slots=True)
class Line:
    """Some equal requests: how many there are, and the tokens of each by class."""

    tokens: Sequence[int]
    requests: int = 1

    @property
    def prompt_tokens(self) -> int:
        """Return what decides the context band of each request."""
        return sum(
            count
            for name, count in zip(TOKEN_CLASSES, self.tokens, strict=True)
            if name in PROMPT_CLASSES
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Usage that may never be: of which deployments, under which terms, when and where.

    Either `deployments` (codes, or provider/code) or `model`. At most one of `agreement`,
    `consumer` and `rate_card`; none, where the asking consumer's own agreement is meant. Either a
    moment or a day, of the deployment's site; `sites` None is every site there is.
    """

    lines: Sequence[Line]
    deployments: Sequence[str] = ()
    model: str | None = None
    agreement: str | None = None
    consumer: str | None = None
    rate_card: str | None = None
    at: datetime | None = None
    day: date | None = None
    sites: Sequence[str] | None = None
    save_percent: Decimal = DEFAULT_SAVING
    service_tier: str = STANDARD


def context_band(prompt_tokens: int, *, bounds: Sequence[int]) -> int:
    """Return the lower bound of the band that a prompt falls into; `bounds` ascend.

    >>> [context_band(tokens, bounds=(0, 8_192)) for tokens in (8_191, 8_192)]
    [0, 8192]
    """
    return max((bound for bound in bounds if bound <= prompt_tokens), default=0)
