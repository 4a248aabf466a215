"""What a settlement says in the general journal: drafts of its entries. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from typing import Final

from ledger.books.entries import Draft, Postings
from ledger.quantities import EXACT
from settlement.clearing.netting import SetOff
from settlement.clearing.rounding import Gross, Rounded

RESIDUE = "residue"
TRUE_UP_COMPONENTS: Final = ("volume", "discount", "commitment")
TRUE_UP_AMOUNTS: Final = (*TRUE_UP_COMPONENTS, "fee_consumer", "fee_provider")


@dataclass(frozen=True, slots=True)
class Clearing:
    """An agreement's unsettled sums, as they stand on the accounts: debit positive.

    `payables` is by component of the provider's payable.
    """

    provider: str
    consumer: str
    currency: str
    payables: Mapping[str, Decimal]
    gross: Gross
    rounded: Rounded


def position_postings(clearing: Clearing) -> Postings:
    """Return what moves an agreement from its running accounts to what is due.

    The consumer's residue stays in `receivable`. The provider's payables are cleared in full, and
    its residue goes to `payable:residue`. The platform's fees come to what the parties paid for
    them; what the three roundings leave goes to `platform:rounding`. So what stays in
    `platform:fees` is the difference of the two residues, and the settled side balances by itself.
    """
    consumer = f"consumer:{clearing.consumer}"
    payable = f"provider:{clearing.provider}:payable"
    gross, rounded = clearing.gross, clearing.rounded
    with localcontext(EXACT):
        postings = {
            f"{consumer}:due": rounded.consumer_due,
            f"{consumer}:receivable": -rounded.consumer_due,
            f"provider:{clearing.provider}:due": -rounded.provider_due,
            "platform:fees": rounded.consumer_due - rounded.provider_due,
            "platform:fees:settled": -rounded.platform_fee,
            "platform:rounding": -rounded.rounding,
        }
        for component, balance in clearing.payables.items():
            if component != RESIDUE:
                postings[f"{payable}:{component}"] = -balance
        # What stood there, credit negative, becomes what stays: the posting is the difference.
        stood = -gross.carried_provider
        postings[f"{payable}:{RESIDUE}"] = -rounded.provider_residue - stood
        return tuple(
            (f"{account}:{clearing.currency}", amount)
            for account, amount in sorted(postings.items())
            if amount != 0
        )


def position_draft(
    clearing: Clearing,
    *,
    settlement_id: int,
    agreement: str,
    agreement_id: int,
    period_id: int,
    accounting_date: date,
) -> Draft:
    """Return the entry of a position; without postings, if there is nothing to move."""
    return Draft(
        kind="settlement",
        accounting_date=accounting_date,
        narrative=f"Settlement {settlement_id} of {agreement}",
        postings=position_postings(clearing),
        agreement_id=agreement_id,
        period_id=period_id,
        reference=f"settlement:{settlement_id}:{agreement}",
    )


@dataclass(frozen=True, slots=True)
class TrueUpOf:
    """Whose volume a true-up is of, and the period in which it is booked."""

    agreement: str
    agreement_id: int
    provider: str
    consumer: str
    currency: str
    of_month: date
    period_id: int
    accounting_date: date


def true_up_draft(amounts: Mapping[str, Decimal], of: TrueUpOf) -> Draft:
    """Return the entry of a true-up: as of usage, with components of its own.

    The consumer owes what is added and its part of the fee on it; less than nothing is given back.
    The reference names agreement, period, currency and the period of booking, so that it is posted
    once.
    """
    with localcontext(EXACT):
        added = sum((amounts[name] for name in TRUE_UP_COMPONENTS), Decimal(0))
        fee = amounts["fee_consumer"] + amounts["fee_provider"]
        postings = [
            (f"consumer:{of.consumer}:receivable", added + amounts["fee_consumer"]),
            *(
                (f"provider:{of.provider}:payable:{name}", -amounts[name])
                for name in TRUE_UP_COMPONENTS
            ),
            (f"provider:{of.provider}:payable:fee", amounts["fee_provider"]),
            ("platform:fees", -fee),
        ]
    month, booked = f"{of.of_month:%Y-%m}", f"{of.accounting_date:%Y-%m}"
    return Draft(
        kind="true_up",
        accounting_date=of.accounting_date,
        narrative=f"True-up of {of.agreement} for {month}",
        postings=tuple((f"{code}:{of.currency}", amount) for code, amount in postings if amount),
        agreement_id=of.agreement_id,
        period_id=of.period_id,
        prior_period=month != booked,
        reference=f"true_up:{of.agreement}:{month}:{of.currency}:{booked}",
    )


def netting_draft(
    set_off: SetOff, *, settlement_id: int, currency: str, accounting_date: date
) -> Draft:
    """Return the entry of a set-off: each party's due as provider against its due as consumer."""
    parties = sorted({set_off.party_a, set_off.party_b})
    postings: list[tuple[str, Decimal]] = []
    for party in parties:
        postings += [
            (f"provider:{party}:due:{currency}", set_off.amount),
            (f"consumer:{party}:due:{currency}", -set_off.amount),
        ]
    return Draft(
        kind="netting",
        accounting_date=accounting_date,
        narrative=f"Settlement {settlement_id}: set-off of {' and '.join(parties)}",
        postings=tuple(postings),
        reference=f"netting:{settlement_id}:{':'.join(parties)}",
    )
