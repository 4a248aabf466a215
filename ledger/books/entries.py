"""What an entry says before it is written. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext

from ledger.errors import LedgerError
from ledger.quantities import EXACT

Postings = tuple[tuple[str, Decimal], ...]


class DraftOutOfBalance(LedgerError):
    """A draft does not sum to zero in every commodity."""

    problem = "entry-out-of-balance"

    def __init__(self, narrative: str, surplus: dict[str, Decimal]) -> None:
        self.narrative = narrative
        self.surplus = surplus
        excess = ", ".join(f"{amount:f} {commodity}" for commodity, amount in surplus.items())
        super().__init__(f"{narrative!r} is out of balance by {excess}")


class DraftInvalid(LedgerError):
    """A draft posts nothing, zero, something that is not a number, or one account twice."""

    problem = "posting-amount-invalid"

    def __init__(self, narrative: str, why: str) -> None:
        self.narrative = narrative
        super().__init__(f"{narrative!r} {why}")


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry to be: postings are (account code, signed amount), debit positive."""

    kind: str
    accounting_date: date
    narrative: str
    postings: Postings
    agreement_id: int | None = None
    period_id: int | None = None
    prior_period: bool = False
    reference: str | None = None
    reverses_id: int | None = None


def commodity_of(account_code: str) -> str:
    """Return the commodity that an account keeps: the last part of its code.

    >>> commodity_of("consumer:acme:receivable:CNY")
    'CNY'
    """
    return account_code.rpartition(":")[2]


def imbalance(postings: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    """Return what each commodity fails to balance by; empty when balanced.

    >>> imbalance([("consumer:a:receivable:CNY", Decimal(3)), ("platform:fees:CNY", Decimal(-2))])
    {'CNY': Decimal('1')}
    """
    sums: dict[str, Decimal] = defaultdict(Decimal)
    with localcontext(EXACT):
        for account, amount in postings:
            sums[commodity_of(account)] += amount
    return {commodity: total for commodity, total in sums.items() if total != 0}


def check(draft: Draft) -> None:
    """Refuse a draft that the database would refuse.

    Usage of nothing, such as a request that failed, is an entry without postings.

    :raises DraftInvalid: if it has no postings, a zero, a NaN, or an account twice.
    :raises DraftOutOfBalance: if a commodity does not sum to zero.
    """
    if not draft.postings and draft.kind != "usage":
        raise DraftInvalid(draft.narrative, "posts nothing")
    if len({account for account, _ in draft.postings}) != len(draft.postings):
        raise DraftInvalid(draft.narrative, "names an account twice")
    for account, amount in draft.postings:
        if not amount.is_finite() or amount == 0:
            raise DraftInvalid(draft.narrative, f"posts {amount} on {account}")
    surplus = imbalance(draft.postings)
    if surplus:
        raise DraftOutOfBalance(draft.narrative, surplus)


def reversed_postings(postings: Postings) -> Postings:
    """Return the postings with every sign turned.

    >>> reversed_postings((("platform:fees:CNY", Decimal(-2)),))
    (('platform:fees:CNY', Decimal('2')),)
    """
    return tuple((account, amount.copy_negate()) for account, amount in postings)
