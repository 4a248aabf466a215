"""Which catalogue versions turn a token's cost into a price under an agreement."""

from ledger.pricing import inputs, tariff
from ledger.pricing.inputs import Inputs
from ledger.pricing.models import AgreementVersion, RateCardVersion
from ledger.pricing.published import Lack, Published


def of_price(
    published: Published, *, slot_rate: Inputs, agreement: AgreementVersion, slot: int
) -> Inputs | Lack:
    """Return what a price is made from: a slot rate and the terms of an agreement version."""
    at = tariff.slot_starts_at(slot)
    card = published.in_force(RateCardVersion, (agreement.rate_card_id,), at)
    if card is None:
        provider = agreement.rate_card.provider.code
        return Lack("no_rate_card", f"rate_card:{provider}/{agreement.rate_card.code}")
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
