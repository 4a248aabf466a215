"""Approval: what it posts, to the last digit, what it refuses, and what the database refuses."""

from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection

from ledger import audit
from ledger.books import balances, journal
from ledger.books.models import JournalEntry, Posting
from settlement.clearing import approvals
from settlement.clearing.approvals import (
    CheckerIsMaker,
    NoSuchSettlement,
    SettlementChanged,
    SettlementNotOpen,
)
from settlement.clearing.models import Approval, Position, SettledEntry, Settlement
from tests import beancount_books, conftest
from tests.settlement import factories
from tests.settlement.factories import LATER, NOVEMBER, NOW, balance, user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _catalogue() -> None:
    factories.publish()


def entry_of(position: Position) -> dict[str, Decimal]:
    return {
        posting.account.code: posting.amount
        for posting in Posting.objects.filter(entry=position.journal_entry_id).select_related(
            "account"
        )
    }


def moved(**amounts: str) -> dict[str, Decimal]:
    """Return postings of the agreement between West Cloud and Acme by short names."""
    names = {
        "due": "consumer:acme:due",
        "receivable": "consumer:acme:receivable",
        "provider_due": "provider:westcloud:due",
        "compute": "provider:westcloud:payable:compute",
        "fee": "provider:westcloud:payable:fee",
        "residue": "provider:westcloud:payable:residue",
        "fees": "platform:fees",
        "settled": "platform:fees:settled",
        "rounding": "platform:rounding",
    }
    return {f"{names[name]}:CNY": Decimal(amount) for name, amount in amounts.items()}


class TestTheEntry:
    def test_of_a_fee_that_the_provider_bears(self) -> None:
        factories.post(price="100.0000004321", fee_provider="2.000000008642")

        settlement = factories.settle()

        assert entry_of(settlement.positions.get()) == moved(
            due="100.00",
            receivable="-100.00",
            compute="100.0000004321",
            fee="-2.000000008642",
            provider_due="-98.00",
            residue="-0.000000423458",
            fees="2.00",
            settled="-2.00",
        )

    def test_of_a_fee_that_the_consumer_bears(self) -> None:
        factories.post(price="100.0000004321", fee_consumer="2.000000008642")

        settlement = factories.settle()

        assert entry_of(settlement.positions.get()) == moved(
            due="102.00",
            receivable="-102.00",
            compute="100.0000004321",
            provider_due="-100.00",
            residue="-0.0000004321",
            fees="2.00",
            settled="-2.00",
        )

    def test_of_a_fee_that_is_split_and_leaves_a_cent_of_rounding(self) -> None:
        # Owed 100.006, to be paid 99.994, between them 0.012: 100.01 - 99.99 - 0.01.
        factories.post(price="100", fee_consumer="0.006", fee_provider="0.006")

        settlement = factories.settle()

        assert entry_of(settlement.positions.get()) == moved(
            due="100.01",
            receivable="-100.01",
            compute="100",
            fee="-0.006",
            provider_due="-99.99",
            residue="-0.004",
            fees="0.02",
            settled="-0.01",
            rounding="-0.01",
        )
        assert balance("consumer:acme:receivable:CNY") == Decimal("-0.004")
        # What stays in the fees is the difference of the residues: -0.004 and 0.004.
        assert balance("platform:fees:CNY") == Decimal("0.008")

    @pytest.mark.parametrize(("price", "due"), [("0.125", "0.12"), ("0.135", "0.14")])
    def test_of_a_tie_goes_to_the_even_cent(self, price: str, due: str) -> None:
        factories.post(price=price)

        settlement = factories.settle()

        assert settlement.positions.get().consumer_due == Decimal(due)
        assert balance("provider:westcloud:due:CNY") == -Decimal(due)

    def test_of_a_credit_turns_every_sign(self) -> None:
        factories.post(price="-12.345", fee_provider="-0.2469")

        settlement = factories.settle()

        assert entry_of(settlement.positions.get()) == moved(
            due="-12.34",
            receivable="12.34",
            compute="-12.345",
            fee="0.2469",
            provider_due="12.10",
            residue="-0.0019",
            fees="-0.24",
            settled="0.25",
            rounding="-0.01",
        )

    def test_takes_last_months_residue_in(self) -> None:
        factories.post(price="10.004")
        factories.settle()
        assert balance("consumer:acme:receivable:CNY") == Decimal("0.004")
        factories.post(price="20.003", day=NOVEMBER)

        settlement = factories.settle(month=NOVEMBER, now=LATER)

        position = settlement.positions.get()
        assert (position.price, position.carried_consumer) == (
            Decimal("20.003"),
            Decimal("0.004"),
        )
        assert entry_of(position) == moved(
            due="20.01",
            receivable="-20.01",
            compute="20.003",
            provider_due="-20.01",
            # It stood at 0.004 to pay and becomes 0.003 paid too much.
            residue="0.007",
        )
        assert balance("consumer:acme:receivable:CNY") == Decimal("-0.003")
        assert balance("provider:westcloud:payable:residue:CNY") == Decimal("0.003")

    def test_is_dated_on_the_last_day_and_names_agreement_and_period(self) -> None:
        factories.post(price="1")

        settlement = factories.settle()

        position = settlement.positions.get()
        entry = position.journal_entry
        assert entry is not None
        assert (entry.kind, entry.accounting_date.isoformat(), entry.reference) == (
            "settlement",
            "2026-10-31",
            f"settlement:{settlement.pk}:westcloud-acme",
        )
        assert (entry.agreement_id, entry.period_id) == (position.agreement_id, position.period_id)

    def test_is_none_where_nothing_moves(self) -> None:
        factories.post(price="7.5")
        factories.post(price="-7.5")

        settlement = factories.settle()

        position = settlement.positions.get()
        assert (position.consumer_due, position.journal_entry, position.entries) == (
            Decimal(0),
            None,
            2,
        )


class TestNetting:
    def test_takes_a_pairs_dues_down_together(self) -> None:
        factories.post("westcloud-eastcloud", price="70", fee_provider="1")
        factories.post("eastcloud-westcloud", price="50", fee_provider="0.75")

        factories.settle()

        assert {
            code: balance(code)
            for code in (
                "consumer:eastcloud:due:CNY",
                "provider:westcloud:due:CNY",
                "consumer:westcloud:due:CNY",
                "provider:eastcloud:due:CNY",
            )
        } == {
            "consumer:eastcloud:due:CNY": Decimal("20.75"),
            "provider:westcloud:due:CNY": Decimal("-19.75"),
            "consumer:westcloud:due:CNY": Decimal("0.75"),
            "provider:eastcloud:due:CNY": Decimal(0),
        }

    def test_takes_down_what_a_party_owes_itself(self) -> None:
        factories.post("eastcloud-eastcloud", price="10", fee_consumer="0.2")

        factories.settle()

        assert balance("consumer:eastcloud:due:CNY") == Decimal("0.20")
        assert balance("provider:eastcloud:due:CNY") == 0


class TestApprove:
    def test_records_who_approved_which_hash_and_when(self) -> None:
        factories.post(price="1")
        settlement = factories.calculate()

        approved = approvals.approve(settlement_id=settlement.pk, user=user("checker"), now=NOW)

        assert approved.state == "approved"
        approval = Approval.objects.get()
        assert (approval.settlement, approval.checker, approval.approved_at) == (
            approved,
            user("checker"),
            NOW,
        )
        assert approval.input_hash == settlement.input_hash

    def test_marks_every_entry_that_went_in(self) -> None:
        ids = {factories.post(price="1"), factories.post(price="2")}

        settlement = factories.settle()

        settled = SettledEntry.objects.filter(position__settlement=settlement)
        assert {one.entry_id for one in settled} == ids

    def test_settles_usage_and_leaves_books_that_every_audit_finds_clean(self) -> None:
        factories.use(*(f"evt-{number}" for number in range(30)))

        factories.settle()

        assert audit.run() == []
        debits, credits_ = balances.trial_balance()["CNY"]
        assert debits == credits_

    def test_settles_a_month_after_a_later_one_was_settled(self) -> None:
        factories.post(price="5", day=NOVEMBER)
        factories.settle(month=NOVEMBER, now=LATER)
        factories.post(price="3")

        settlement = factories.settle(now=LATER)

        assert settlement.positions.get().price == 3
        assert balance("consumer:acme:due:CNY") == 8

    def test_settles_a_correction_of_a_settled_month_with_the_next(self) -> None:
        factories.post(price="3")
        factories.settle()
        factories.post(price="-1")
        factories.post(price="5", day=NOVEMBER)

        settlement = factories.settle(month=NOVEMBER, now=LATER)

        assert settlement.positions.get().price == 4

    def test_settles_again_what_was_settled_and_reversed(self) -> None:
        factories.post(price="10.004")
        position = factories.settle().positions.get()
        assert position.journal_entry is not None
        journal.reverse(
            position.journal_entry.pk,
            accounting_date=position.period.starts_on,
            narrative="Settled in error",
            period_id=position.period_id,
            now=NOW,
        )

        factories.calculate(month=NOVEMBER, now=LATER)
        settlement = factories.settle(month=NOVEMBER, now=LATER)

        position = settlement.positions.get()
        assert (position.consumer_due, position.provider_due) == (Decimal(10), Decimal(10))
        assert balance("consumer:acme:receivable:CNY") == Decimal("0.004")
        assert balance("provider:westcloud:payable:residue:CNY") == Decimal("-0.004")
        assert balance("consumer:acme:due:CNY") == 10

    def test_refuses_the_maker(self) -> None:
        factories.post(price="1")
        settlement = factories.calculate()

        with pytest.raises(CheckerIsMaker):
            approvals.approve(settlement_id=settlement.pk, user=user("maker"), now=NOW)

        assert not Approval.objects.exists()
        assert JournalEntry.objects.count() == 1

    def test_refuses_when_the_books_changed_and_posts_nothing(self) -> None:
        factories.post(price="1")
        settlement = factories.calculate()
        factories.post(price="0.000000000001")

        with pytest.raises(SettlementChanged) as refused:
            approvals.approve(settlement_id=settlement.pk, user=user("checker"), now=NOW)

        assert refused.value.calculated_hash == settlement.input_hash
        assert Settlement.objects.get().state == "calculated"
        assert JournalEntry.objects.filter(kind="settlement").count() == 0

    def test_refuses_what_is_approved_or_void(self) -> None:
        factories.post(price="1")
        void = factories.calculate()
        approved = factories.settle()

        for settlement in (void, approved):
            with pytest.raises(SettlementNotOpen):
                approvals.approve(settlement_id=settlement.pk, user=user("checker"), now=NOW)

        assert JournalEntry.objects.filter(kind="settlement").count() == 1

    def test_refuses_what_is_not_there(self) -> None:
        with pytest.raises(NoSuchSettlement):
            approvals.approve(settlement_id=404_404_404, user=user("checker"), now=NOW)


class TestOtherPrograms:
    @pytest.fixture(autouse=True)
    def _two_months(self) -> None:
        factories.use("evt-1", "evt-2")
        factories.post("westcloud-eastcloud", price="70.0049", fee_provider="1.000000000001")
        factories.post("eastcloud-westcloud", price="50.005", fee_consumer="0.75")
        factories.post("eastcloud-eastcloud", price="-10.015", fee_provider="-0.2")
        factories.settle()
        factories.post("eastcloud-westcloud", price="0.333333333333", day=NOVEMBER)
        factories.settle(month=NOVEMBER, now=LATER)

    def test_find_no_fault_with_the_settled_books_bean_check(self, tmp_path: Path) -> None:
        assert beancount_books.bean_check(tmp_path) == beancount_books.Verdict(0, "")

    def test_find_no_fault_with_the_settled_books_hledger(self, tmp_path: Path) -> None:
        if not beancount_books.has_hledger():
            conftest.missing("the program hledger")

        assert beancount_books.hledger_check(tmp_path) == beancount_books.Verdict(0, "")

    def test_would_have_found_one_pico_unit(self, tmp_path: Path) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE ledger_balance SET debits = debits + 0.000000000001 WHERE account_id = "
                "(SELECT id FROM ledger_account WHERE code = 'consumer:acme:due:CNY')"
            )

        verdict = beancount_books.bean_check(tmp_path)

        assert verdict.code == 1
        assert "Balance failed" in verdict.output
