"""The hash of a run: the same for the same figures in any order, another for any other figure."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.clearing.digest import input_hash
from settlement.clearing.gross import AgreementGross
from settlement.clearing.netting import SetOff
from settlement.clearing.rounding import Gross, Rounded, rounded

OCTOBER = date(2026, 10, 1)


def position(number: int, price: str = "10.005") -> tuple[AgreementGross, Rounded]:
    gross = Gross(Decimal(price), Decimal(0), Decimal(0), Decimal(0), Decimal(0))
    agreement = AgreementGross(
        agreement_id=number,
        agreement=f"agreement-{number}",
        provider_id=1,
        provider="west",
        consumer_id=2,
        consumer="acme",
        period_id=number,
        currency="CNY",
        entries=1,
        entries_digest="of one entry",
        payables={"compute": -Decimal(price), "fee": Decimal(0)},
        gross=gross,
    )
    return agreement, rounded(gross, currency="CNY")


def hash_of(*positions: tuple[AgreementGross, Rounded], currency: str = "CNY") -> str:
    return input_hash(starts_on=OCTOBER, currency=currency, positions=positions, set_offs=[])


class TestInputHash:
    @given(st.permutations(range(5)))
    def test_does_not_depend_on_the_order_of_positions(self, order: list[int]) -> None:
        assert hash_of(*(position(number) for number in order)) == hash_of(
            *(position(number) for number in range(5))
        )

    def test_does_not_depend_on_how_an_amount_is_written(self) -> None:
        assert hash_of(position(1, "10.5")) == hash_of(position(1, "10.500000000000"))

    def test_is_of_a_known_form_that_other_programs_can_make(self) -> None:
        # printf '{"currency":"CNY","month":"2026-10","positions":[],"set_offs":[],"version":1}'
        # piped to sha256sum. If it changes, digest.VERSION has to change with it.
        assert hash_of() == "435d05fccfc04dc792f03369b4f161d4d2e79c715dd416104989000bc24fe684"

    @pytest.mark.parametrize(
        "changes",
        [
            {"entries": 2},
            {"entries_digest": "of another entry"},
            {"payables": {"compute": Decimal("-10.004999999999")}},
            {"consumer": "somebody-else"},
            {"period_id": 9},
        ],
    )
    def test_changes_with_whatever_stands_in_the_books(self, changes: dict[str, Any]) -> None:
        agreement, amounts = position(1)

        assert hash_of((replace(agreement, **changes), amounts)) != hash_of((agreement, amounts))

    def test_changes_with_a_due_a_currency_and_a_set_off(self) -> None:
        agreement, amounts = position(1)
        other = replace(amounts, consumer_due=Decimal("10.01"))
        set_off = input_hash(
            starts_on=OCTOBER,
            currency="CNY",
            positions=[(agreement, amounts)],
            set_offs=[SetOff("acme", "west", Decimal(1))],
        )

        hashes = {
            hash_of((agreement, amounts)),
            hash_of((agreement, other)),
            hash_of((agreement, amounts), currency="USD"),
            set_off,
        }

        assert len(hashes) == 4
