"""Which deployments, terms and sites a question means, among those that the asker may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ledger.parties.models import Deployment
from ledger.parties.viewers import Viewer
from ledger.pricing import price_inputs
from ledger.pricing.models import Agreement, AgreementVersion, RateCard, RateCardVersion, Site
from ledger.pricing.published import Lack, Published
from ledger.pricing.quoting.wanted import MOST_DEPLOYMENTS, Fault, QuoteInvalid, Wanted


@dataclass(frozen=True, slots=True)
class Terms:
    """An agreement, or a rate card as if there were one without a fee; one of them is None."""

    agreement: Agreement | None
    card: RateCard | None

    @property
    def name(self) -> str:
        """Return what the terms are called."""
        return str(self.agreement or self.card)

    def bands(self, published: Published, deployment: Deployment) -> tuple[int, ...]:
        """Return the lower bounds of the bands in which a deployment's usage is priced."""
        if self.agreement is not None:
            return price_inputs.bands(published, deployment.id, self.agreement.id)
        assert self.card is not None
        return price_inputs.bands_of_card(published, deployment.id, self.card.id)

    def version(self, published: Published, at: datetime) -> AgreementVersion | Lack:
        """Return the version in force; of a rate card, a version made up around it."""
        if self.agreement is not None:
            found: AgreementVersion | None = published.in_force(
                AgreementVersion, (self.agreement.id,), at
            )
            return found or Lack("no_agreement_version", f"agreement_version:{self.agreement.code}")
        assert self.card is not None
        card: RateCardVersion | None = published.in_force(RateCardVersion, (self.card.id,), at)
        if card is None:
            return Lack("no_rate_card", f"rate_card:{self.card.provider.code}/{self.card.code}")
        return AgreementVersion(
            agreement=Agreement(code=""),
            currency=card.currency,
            rate_card=self.card,
            fee_rate=0,
            fee_consumer_share=0,
        )


def deployments(published: Published, wanted: Wanted, *, viewer: Viewer) -> list[Deployment]:
    """Return the deployments that are meant.

    :raises QuoteInvalid: if one is not known to the viewer, or there are too many.
    """
    seen = [one for one in published.deployments.values() if _sees(published, viewer, one)]
    if wanted.model is not None:
        found = [one for one in seen if one.model == wanted.model]
        if not found:
            raise _fault("#/model", f"no deployment of {wanted.model!r} is known to you")
        if len(found) > MOST_DEPLOYMENTS:
            raise _fault("#/model", f"is served by {len(found)} deployments; name some of them")
        return sorted(found, key=lambda one: (one.provider.code, one.code))
    return [
        _deployment(seen, name, pointer=f"#/deployments/{index}")
        for index, name in enumerate(wanted.deployments)
    ]


def terms(published: Published, wanted: Wanted, *, viewer: Viewer, deployment: Deployment) -> Terms:
    """Return the terms under which a deployment's usage is to be priced.

    :raises QuoteInvalid: if they are not known to the viewer, or not named.
    """
    provider = deployment.provider
    of_provider = [
        one
        for one in published.agreements.values()
        if one.provider_id == provider.id
        and (viewer.sees_all or viewer.party_id in (one.provider_id, one.consumer_id))
    ]
    if wanted.rate_card is not None:
        card = RateCard.objects.filter(provider=provider, code=wanted.rate_card).first()
        if card is None or not (viewer.sees_all or viewer.party_id == provider.id):
            raise _fault("#/rate_card", f"{provider.code} has no such rate card that you see")
        return Terms(None, card)
    by_name = {
        "agreement": {one.code: one for one in of_provider},
        "consumer": {one.consumer.code: one for one in of_provider},
    }
    for field, name in (("agreement", wanted.agreement), ("consumer", wanted.consumer)):
        if name is not None:
            if name not in by_name[field]:
                raise _fault(f"#/{field}", f"{name!r} names no agreement of {provider.code}")
            return Terms(by_name[field][name], None)
    own = next((one for one in of_provider if one.consumer_id == viewer.party_id), None)
    if own is None:
        raise _fault("#", "name the terms: agreement, consumer or rate_card")
    return Terms(own, None)


def sites(wanted: Sequence[str] | None) -> list[Site]:
    """Return the sites that are meant, by their codes; None means every one.

    :raises QuoteInvalid: if there is none of a name.
    """
    every = list(Site.objects.order_by("code"))
    if wanted is None:
        return every
    known = {site.code for site in every}
    faults = [
        Fault(f"#/sites/{index}", f"{code!r} is no site of the catalogue")
        for index, code in enumerate(wanted)
        if code not in known
    ]
    if faults:
        raise QuoteInvalid(faults)
    return [site for site in every if site.code in set(wanted)]


def shows_cost(viewer: Viewer, deployment: Deployment, version: AgreementVersion) -> bool:
    """Return whether the viewer may see what a price is made of."""
    of_provider = viewer.sees_all or viewer.party_id == deployment.provider_id
    return of_provider or version.discloses_cost


def _sees(published: Published, viewer: Viewer, deployment: Deployment) -> bool:
    return (
        viewer.sees_all
        or deployment.provider_id == viewer.party_id
        or (deployment.provider_id, viewer.party_id) in published.agreements
    )


def _deployment(seen: Sequence[Deployment], name: str, *, pointer: str) -> Deployment:
    found = [one for one in seen if name in (one.code, f"{one.provider.code}/{one.code}")]
    if not found:
        raise _fault(pointer, f"no deployment {name!r} is known to you")
    if len(found) > 1:
        providers = ", ".join(sorted(one.provider.code for one in found))
        raise _fault(pointer, f"{name!r} is a deployment of {providers}; write provider/code")
    return found[0]


def _fault(pointer: str, detail: str) -> QuoteInvalid:
    return QuoteInvalid([Fault(pointer, detail)])
