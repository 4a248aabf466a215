"""From exact to payable: what an agreement comes to, and what of it is a whole minor unit. Pure."""

from dataclasses import dataclass
from decimal import Decimal, localcontext

from ledger.quantities import EXACT, round_to_minor_unit


@dataclass(frozen=True, slots=True)
class Gross:
    """What an agreement comes to at the cut-off, exactly.

    `carried_*` is the residue that the last settlement left. Positive is what the consumer owes
    and what the provider is owed; a credit makes any of them negative.
    """

    price: Decimal
    fee_consumer: Decimal
    fee_provider: Decimal
    carried_consumer: Decimal
    carried_provider: Decimal

    @property
    def charge(self) -> Decimal:
        """Return what the consumer owes: the balance of its receivable."""
        with localcontext(EXACT):
            return self.carried_consumer + self.price + self.fee_consumer

    @property
    def payable(self) -> Decimal:
        """Return what the provider is owed: the balance of its payables."""
        with localcontext(EXACT):
            return self.carried_provider + self.price - self.fee_provider

    @property
    def fees(self) -> Decimal:
        """Return what is the platform's: what the consumer owes and the provider is not owed."""
        with localcontext(EXACT):
            return self.charge - self.payable


@dataclass(frozen=True, slots=True)
class Rounded:
    """Whole minor units, and the residues that stay behind on the accounts.

    `rounding` is what the three roundings leave between the parties: the platform's, never theirs.
    """

    consumer_due: Decimal
    provider_due: Decimal
    platform_fee: Decimal
    rounding: Decimal
    consumer_residue: Decimal
    provider_residue: Decimal


def rounded(gross: Gross, *, currency: str) -> Rounded:
    """Round what each side owes or is owed, half even, on its net.

    Each of the three is rounded on its own, so a cent may be left between them, never more.

    :raises UnknownCurrency: if the currency has no minor unit on record.

    >>> gross = Gross(Decimal("10.004"), Decimal("0.002"), Decimal("0.1"), Decimal(0), Decimal(0))
    >>> result = rounded(gross, currency="CNY")
    >>> str(result.consumer_due), str(result.provider_due), str(result.platform_fee)
    ('10.01', '9.90', '0.10')
    >>> str(result.rounding), str(result.consumer_residue), str(result.provider_residue)
    ('0.01', '-0.004', '0.004')
    """
    with localcontext(EXACT):
        consumer_due = round_to_minor_unit(gross.charge, currency=currency)
        provider_due = round_to_minor_unit(gross.payable, currency=currency)
        platform_fee = round_to_minor_unit(gross.fees, currency=currency)
        return Rounded(
            consumer_due=consumer_due,
            provider_due=provider_due,
            platform_fee=platform_fee,
            rounding=consumer_due - provider_due - platform_fee,
            consumer_residue=gross.charge - consumer_due,
            provider_residue=gross.payable - provider_due,
        )
