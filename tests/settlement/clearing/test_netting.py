"""Netting against brute force, and what holds of any set of dues."""

import itertools
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from settlement.clearing.netting import Due, SetOff, net

PARTIES = ("a", "b", "c")
cents = st.integers(min_value=-5, max_value=9).map(Decimal)


@st.composite
def dues(draw: st.DrawFn) -> list[Due]:
    """Return dues of some of the agreements that three parties can have, in any order."""
    pairs = draw(st.lists(st.sampled_from([*itertools.product(PARTIES, PARTIES)]), unique=True))
    return [Due(provider, consumer, draw(cents), draw(cents)) for provider, consumer in pairs]


def due(provider: str, consumer: str, consumer_due: str, provider_due: str) -> Due:
    return Due(provider, consumer, Decimal(consumer_due), Decimal(provider_due))


def brute_force(dues: list[Due]) -> set[tuple[frozenset[str], int]]:
    """Set off cent by cent while nobody's due would turn negative."""
    left = {
        (role, one.provider, one.consumer): int(amount)
        for one in dues
        for role, amount in (("pays", one.consumer_due), ("gets", one.provider_due))
    }
    found = set()
    for pair in {frozenset((one.provider, one.consumer)) for one in dues}:
        first, second = min(pair), max(pair)
        touched = {
            (role, provider, consumer)
            for role in ("pays", "gets")
            for provider, consumer in ((first, second), (second, first))
        }
        amount = 0
        while touched <= left.keys() and all(left[one] > 0 for one in touched):
            for one in touched:
                left[one] -= 1
            amount += 1
        if amount:
            found.add((pair, amount))
    return found


class TestNet:
    def test_sets_off_the_least_of_the_four_dues(self) -> None:
        found = net([due("east", "west", "70.00", "69.00"), due("west", "east", "50.00", "49.25")])

        assert found == [SetOff("east", "west", Decimal("49.25"))]

    def test_sets_off_what_a_party_owes_itself(self) -> None:
        assert net([due("east", "east", "10.00", "9.80")]) == [
            SetOff("east", "east", Decimal("9.80"))
        ]

    def test_leaves_agreements_that_run_one_way(self) -> None:
        assert net([due("east", "west", "10", "10"), due("west", "south", "10", "10")]) == []

    def test_leaves_a_pair_in_which_something_is_a_credit(self) -> None:
        assert net([due("east", "west", "-1", "-1"), due("west", "east", "10", "10")]) == []

    @given(dues())
    def test_finds_what_setting_off_cent_by_cent_finds(self, dues: list[Due]) -> None:
        found = {(frozenset((one.party_a, one.party_b)), int(one.amount)) for one in net(dues)}

        assert found == brute_force(dues)

    @given(dues().flatmap(lambda given: st.tuples(st.just(given), st.permutations(given))))
    def test_does_not_depend_on_the_order(self, both: tuple[list[Due], list[Due]]) -> None:
        given, permuted = both

        assert net(permuted) == net(given)
