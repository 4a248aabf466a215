"""Bilateral netting: what parties who serve each other need not pay each other. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Due:
    """What an agreement settles to: the consumer owes one amount, the provider is owed another."""

    provider: str
    consumer: str
    consumer_due: Decimal
    provider_due: Decimal


@dataclass(frozen=True, slots=True)
class SetOff:
    """An amount by which each party's due as consumer and due as provider both shrink."""

    party_a: str
    party_b: str
    amount: Decimal


def net(dues: Iterable[Due]) -> list[SetOff]:
    """Return what each pair of parties sets off, by party; all dues are of one currency.

    Two parties set off the least of their four dues, so that none of them turns negative; a party
    that serves itself sets off the lesser of its two. A pair with agreements one way has nothing
    to set off, and neither has one in which a due is zero or a credit.

    >>> net([
    ...     Due("east", "west", consumer_due=Decimal("70.00"), provider_due=Decimal("69.00")),
    ...     Due("west", "east", consumer_due=Decimal("50.00"), provider_due=Decimal("49.25")),
    ... ])
    [SetOff(party_a='east', party_b='west', amount=Decimal('49.25'))]
    """
    by_pair: dict[tuple[str, str], Due] = {}
    for due in dues:
        direction = (due.provider, due.consumer)
        assert direction not in by_pair, "two parties have one agreement each way"
        by_pair[direction] = due
    found = []
    for (provider, consumer), one in sorted(by_pair.items()):
        other = by_pair.get((consumer, provider))
        if other is None or provider > consumer:
            continue
        amount = min(one.consumer_due, one.provider_due, other.consumer_due, other.provider_due)
        if amount > 0:
            found.append(SetOff(party_a=provider, party_b=consumer, amount=amount))
    return found
