"""Which catalogue versions turn a token's cost into a price under an agreement."""

from dataclasses import dataclass

from ledger.pricing import inputs, tariff
from ledger.pricing.inputs import Inputs
from ledger.pricing.models import AgreementVersion, RateCardVersion
from ledger.pricing.published import Lack, Published
from ledger.service_tiers import STANDARD


@dataclass(frozen=True, slots=True)
class Asked:
    """What a price is asked for beside its deployment and agreement."""

    slot: int
    context_from_tokens: int
    service_tier: str = STANDARD


def of_price(
    published: Published, *, slot_rate: Inputs, agreement: AgreementVersion, asked: Asked
) -> Inputs | Lack:
    """Return what a price is made from: a slot rate and the terms of an agreement version."""
    at = tariff.slot_starts_at(asked.slot)
    card = published.in_force(RateCardVersion, (agreement.rate_card_id,), at)
    name = f"rate_card:{agreement.rate_card.provider.code}/{agreement.rate_card.code}"
    if card is None:
        return Lack("no_rate_card", name)
    if asked.service_tier != STANDARD:
        return Lack("no_service_tier", name, asked.service_tier)
    cost_currency = slot_rate.values["currency"]
    fx = inputs.fx(published, {cost_currency, card.currency}, into=agreement.currency, at=at)
    if isinstance(fx, Lack):
        return fx
    return Inputs.of(
        {
            "slot_rate": slot_rate.digest.hex(),
            "agreement": agreement.agreement.code,
            "currency": agreement.currency,
            "terms": inputs.values_of(agreement, "currency", "fee_rate", "fee_consumer_share"),
            "rate_card": inputs.values_of(card, "currency") | {"terms": card.terms},
            "fx": fx,
        }
    )
