"""Drafts: what balances, what is refused before the database sees it."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.books.entries import (
    Draft,
    DraftInvalid,
    DraftOutOfBalance,
    check,
    imbalance,
    reversed_postings,
)

AMOUNTS = st.decimals(
    min_value=-(10**20), max_value=10**20, places=12, allow_nan=False, allow_infinity=False
)
COMMODITIES = st.sampled_from(["CNY", "USD", "TOK", "J"])


def draft(*postings: tuple[str, str], kind: str = "manual") -> Draft:
    return Draft(
        kind=kind,
        accounting_date=date(2026, 10, 5),
        narrative="A test",
        postings=tuple((code, Decimal(amount)) for code, amount in postings),
    )


class TestImbalance:
    def test_is_empty_when_every_commodity_sums_to_zero(self) -> None:
        postings = [
            ("consumer:a:receivable:CNY", Decimal("10.000000000001")),
            ("provider:p:payable:compute:CNY", Decimal("-10.000000000001")),
            ("consumer:a:tokens:TOK", Decimal(7)),
            ("provider:p:tokens:TOK", Decimal(-7)),
        ]

        assert imbalance(postings) == {}

    def test_names_each_commodity_that_does_not(self) -> None:
        postings = [
            ("consumer:a:receivable:CNY", Decimal(10)),
            ("platform:fees:CNY", Decimal("-9.999999999999")),
            ("consumer:a:tokens:TOK", Decimal(7)),
        ]

        assert imbalance(postings) == {"CNY": Decimal("0.000000000001"), "TOK": Decimal(7)}

    @given(st.lists(st.tuples(COMMODITIES, AMOUNTS), max_size=30))
    def test_is_zero_for_postings_and_their_reversal_together(
        self, lines: list[tuple[str, Decimal]]
    ) -> None:
        postings = tuple((f"platform:fees:{commodity}", amount) for commodity, amount in lines)

        assert imbalance((*postings, *reversed_postings(postings))) == {}

    @given(st.lists(st.tuples(COMMODITIES, AMOUNTS), max_size=30), st.randoms())
    def test_does_not_depend_on_the_order(
        self, lines: list[tuple[str, Decimal]], random: object
    ) -> None:
        postings = [(f"platform:fees:{commodity}", amount) for commodity, amount in lines]
        shuffled = list(postings)
        random.shuffle(shuffled)  # type: ignore[attr-defined]

        assert imbalance(shuffled) == imbalance(postings)


class TestCheck:
    def test_accepts_a_balanced_draft(self) -> None:
        check(draft(("platform:cash:bank:CNY", "5"), ("platform:fees:CNY", "-5")))

    def test_refuses_one_that_is_out_of_balance_and_says_by_how_much(self) -> None:
        with pytest.raises(DraftOutOfBalance) as refused:
            check(draft(("platform:cash:bank:CNY", "5"), ("platform:fees:CNY", "-4")))

        assert refused.value.surplus == {"CNY": Decimal(1)}

    @pytest.mark.parametrize("amount", ["0", "NaN", "Infinity"])
    def test_refuses_what_is_no_amount(self, amount: str) -> None:
        with pytest.raises(DraftInvalid):
            check(draft(("platform:cash:bank:CNY", amount), ("platform:fees:CNY", "-5")))

    def test_refuses_an_account_that_is_named_twice(self) -> None:
        with pytest.raises(DraftInvalid):
            check(
                draft(
                    ("platform:fees:CNY", "5"),
                    ("platform:fees:CNY", "-3"),
                    ("platform:cash:bank:CNY", "-2"),
                )
            )

    def test_refuses_an_entry_that_posts_nothing_unless_it_is_usage(self) -> None:
        check(draft(kind="usage"))

        with pytest.raises(DraftInvalid):
            check(draft())
