"""The drafts of a settlement's entries: each balances, on both its sides."""

from datetime import date
from decimal import Decimal, localcontext

from hypothesis import given
from hypothesis import strategies as st

from ledger.books import entries
from ledger.quantities import EXACT
from settlement.clearing.entries import Clearing, netting_draft, position_draft, position_postings
from settlement.clearing.netting import SetOff
from settlement.clearing.rounding import Gross, rounded

DAY = date(2026, 10, 31)
ZERO = Decimal(0)
amounts = st.integers(min_value=-(10**20), max_value=10**20).map(lambda n: Decimal(n).scaleb(-12))
residues = st.integers(min_value=-(5 * 10**9), max_value=5 * 10**9).map(
    lambda n: Decimal(n).scaleb(-12)
)


@st.composite
def clearings(draw: st.DrawFn) -> Clearing:
    """Return an agreement with whatever stands on its accounts."""
    components = draw(
        st.dictionaries(st.sampled_from(["compute", "energy", "green", "margin"]), amounts)
    )
    fee_provider = draw(amounts)
    with localcontext(EXACT):
        price = sum(components.values(), ZERO)
    gross = Gross(price, draw(amounts), fee_provider, draw(residues), draw(residues))
    payables = {name: -amount for name, amount in components.items()}
    return Clearing(
        provider="west",
        consumer="acme",
        currency="CNY",
        payables={**payables, "fee": fee_provider},
        gross=gross,
        rounded=rounded(gross, currency="CNY"),
    )


class TestPositionPostings:
    def test_say_a_worked_month_in_accounting_language(self) -> None:
        # 100.003 charged, 2.0001 of fees, a quarter of them borne by the consumer.
        gross = Gross(
            price=Decimal("100.003"),
            fee_consumer=Decimal("0.500025"),
            fee_provider=Decimal("1.500075"),
            carried_consumer=Decimal("0.004"),
            carried_provider=Decimal("-0.003"),
        )
        clearing = Clearing(
            provider="west",
            consumer="acme",
            currency="CNY",
            payables={
                "compute": Decimal(-90),
                "margin": Decimal("-10.003"),
                "fee": Decimal("1.500075"),
            },
            gross=gross,
            rounded=rounded(gross, currency="CNY"),
        )

        # Owed: 100.507025, so 100.51. To be paid: 98.499925, so 98.50. Fees: 2.0071, so 2.01.
        assert position_postings(clearing) == (
            ("consumer:acme:due:CNY", Decimal("100.51")),
            ("consumer:acme:receivable:CNY", Decimal("-100.51")),
            ("platform:fees:CNY", Decimal("2.01")),
            ("platform:fees:settled:CNY", Decimal("-2.01")),
            ("provider:west:due:CNY", Decimal("-98.50")),
            ("provider:west:payable:compute:CNY", Decimal(90)),
            ("provider:west:payable:fee:CNY", Decimal("-1.500075")),
            ("provider:west:payable:margin:CNY", Decimal("10.003")),
            # It stood at 0.003 debit and becomes 0.000075 debit: paid 75 millionths too much.
            ("provider:west:payable:residue:CNY", Decimal("-0.002925")),
        )

    @given(clearings())
    def test_balance_in_all_and_on_the_settled_side_alone(self, clearing: Clearing) -> None:
        postings = position_postings(clearing)

        settled = (":due:CNY", ":fees:settled:CNY", ":rounding:CNY")
        assert entries.imbalance(postings) == {}
        assert entries.imbalance(one for one in postings if one[0].endswith(settled)) == {}

    @given(clearings())
    def test_leave_the_residues_and_their_difference_in_the_fees(self, clearing: Clearing) -> None:
        gross, amounts = clearing.gross, clearing.rounded
        with localcontext(EXACT):
            stands = {
                "consumer:acme:receivable:CNY": gross.charge,
                "provider:west:payable:residue:CNY": -gross.carried_provider,
                "platform:fees:CNY": gross.payable - gross.charge,
                **{
                    f"provider:west:payable:{name}:CNY": amount
                    for name, amount in clearing.payables.items()
                },
            }
            for code, amount in position_postings(clearing):
                stands[code] = stands.get(code, ZERO) + amount

            assert stands["consumer:acme:receivable:CNY"] == amounts.consumer_residue
            assert stands["provider:west:payable:residue:CNY"] == -amounts.provider_residue
            assert stands["platform:fees:CNY"] == (
                amounts.provider_residue - amounts.consumer_residue
            )
            assert all(
                stands[f"provider:west:payable:{name}:CNY"] == 0 for name in clearing.payables
            )


class TestPositionDraft:
    @given(clearings())
    def test_is_one_that_the_journal_takes(self, clearing: Clearing) -> None:
        draft = position_draft(
            clearing,
            settlement_id=7,
            agreement="west-acme",
            agreement_id=1,
            period_id=2,
            accounting_date=DAY,
        )

        if draft.postings:
            entries.check(draft)
        assert draft.reference == "settlement:7:west-acme"


class TestNettingDraft:
    def test_sets_each_partys_dues_against_each_other(self) -> None:
        draft = netting_draft(
            SetOff("east", "west", Decimal("49.25")),
            settlement_id=7,
            currency="CNY",
            accounting_date=DAY,
        )

        assert draft.postings == (
            ("provider:east:due:CNY", Decimal("49.25")),
            ("consumer:east:due:CNY", Decimal("-49.25")),
            ("provider:west:due:CNY", Decimal("49.25")),
            ("consumer:west:due:CNY", Decimal("-49.25")),
        )
        assert entries.imbalance(draft.postings) == {}

    def test_names_a_party_once_that_serves_itself(self) -> None:
        draft = netting_draft(
            SetOff("east", "east", Decimal("9.80")),
            settlement_id=7,
            currency="CNY",
            accounting_date=DAY,
        )

        assert draft.postings == (
            ("provider:east:due:CNY", Decimal("9.80")),
            ("consumer:east:due:CNY", Decimal("-9.80")),
        )
