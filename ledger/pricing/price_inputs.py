"""Which catalogue versions turn a token's cost into a price under an agreement."""

from dataclasses import dataclass
from typing import Any

from ledger.parties.models import Deployment
from ledger.pricing import day_periods, graded, inputs, tariff
from ledger.pricing.inputs import Inputs
from ledger.pricing.models import AgreementVersion, RateCardVersion
from ledger.pricing.published import Lack, Published
from ledger.pricing.rate_cards import card_from_document
from ledger.pricing.terms import InvalidTerms
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
    """Return what a price is made from: a slot rate and the terms of an agreement version.

    What the card does not need is left out: a context bound only where the card has steps below
    it, a tier only where it is not the standard one, a period only where it has a calendar.
    """
    at = tariff.slot_starts_at(asked.slot)
    card = published.in_force(RateCardVersion, (agreement.rate_card_id,), at)
    name = f"rate_card:{agreement.rate_card.provider.code}/{agreement.rate_card.code}"
    if card is None:
        return Lack("no_rate_card", name)
    use = _use(published, card=card, agreement=agreement, asked=asked, name=name)
    if isinstance(use, Lack):
        return use
    unfit = graded.refused(published, slot_rate.values, agreement=agreement)
    if unfit is not None:
        return unfit
    cost_currency = slot_rate.values["currency"]
    fx = inputs.fx(published, {cost_currency, card.currency}, into=agreement.currency, at=at)
    if isinstance(fx, Lack):
        return fx
    terms = inputs.values_of(agreement, "currency", "fee_rate", "fee_consumer_share")
    if agreement.overrides is not None:
        terms["overrides"] = agreement.overrides
    return Inputs.of(
        {
            "slot_rate": slot_rate.digest.hex(),
            "agreement": agreement.agreement.code,
            "currency": agreement.currency,
            "terms": terms,
            "rate_card": inputs.values_of(card, "currency") | {"terms": card.terms},
            "fx": fx,
            **use,
        }
    )


def bands(published: Published, deployment_id: int, agreement_id: int) -> tuple[int, ...]:
    """Return the lower bounds of context bands, ascending from 0, in prompt tokens.

    They are those of the deployment's profiles and of the agreement's prices together, so that
    within a band neither changes.
    """
    of_profiles = published.profiles.get(deployment_id, ())
    of_prices = published.price_bounds.get(agreement_id, frozenset())
    return tuple(sorted({0, *of_profiles, *of_prices}))


def bands_of(published: Published, deployment: Deployment) -> tuple[int, ...]:
    """Return the same for a deployment under any agreement: as fine as the finest."""
    found = {0, *published.profiles.get(deployment.id, ())}
    for agreement in published.agreements.values():
        if agreement.provider_id == deployment.provider_id:
            found |= published.price_bounds.get(agreement.id, frozenset())
    return tuple(sorted(found))


def bands_of_card(published: Published, deployment_id: int, card_id: int) -> tuple[int, ...]:
    """Return the same for a card as it is, under no agreement."""
    series = published.versions[RateCardVersion].get((card_id,))
    versions = [one for one in (series.versions if series else ()) if one is not None]
    of_prices = [card_from_document(one.terms).bounds for one in versions]
    return tuple(sorted({0, *published.profiles.get(deployment_id, ())}.union(*of_prices)))


def uses(
    published: Published, agreement_id: int, *, slot: int
) -> tuple[str | None, tuple[str, ...]]:
    """Return the card's period in a slot and its tiers; as of a plain card where it has no price.

    What is lacking is said when a price is asked for.
    """
    plain = (None, (STANDARD,))
    at = tariff.slot_starts_at(slot)
    agreement = published.in_force(AgreementVersion, (agreement_id,), at)
    card = agreement and published.in_force(RateCardVersion, (agreement.rate_card_id,), at)
    if not card:
        return plain
    try:
        read = published.card(card, agreement)
        tiers = (STANDARD, *read.terms.tiers)
        if read.calendar is None:
            return None, tiers
        calendars = published.calendars
        return day_periods.period_at(read.calendar, slot=slot, calendars=calendars), tiers
    except (InvalidTerms, tariff.NoCalendarYear):
        return plain


def _use(
    published: Published, *, card: Any, agreement: AgreementVersion, asked: Asked, name: str
) -> dict[str, Any] | Lack:
    """Return what sets this use of the card apart, or why the card has no price for it."""
    try:
        read = published.card(card, agreement)
    except InvalidTerms as error:
        return Lack("invalid_terms", f"agreement_version:{agreement.agreement.code}", str(error))
    use: dict[str, Any] = {}
    if (bound := read.terms.bound_of(asked.context_from_tokens)) > 0:
        use["context_from_tokens"] = bound
    if asked.service_tier != STANDARD:
        if asked.service_tier not in read.terms.tiers:
            return Lack("no_service_tier", name, asked.service_tier)
        use["service_tier"] = asked.service_tier
    if read.calendar is not None:
        try:
            use["price_period"] = day_periods.period_at(
                read.calendar, slot=asked.slot, calendars=published.calendars
            )
        except tariff.NoCalendarYear as error:
            missing = f"calendar:{read.calendar.holiday_calendar}/{error.year}"
            return Lack("no_calendar", missing)
    return use
