"""Where prices by context begin, as the audits of rates need it: with the cards that say so."""

from collections import defaultdict
from typing import Any

from ledger.audit.versions import Versions
from ledger.pricing.agreed import agreed_document
from ledger.pricing.models import AgreementVersion, RateCardVersion
from ledger.pricing.rate_cards import card_from_document
from ledger.pricing.terms import InvalidTerms


def price_bounds(versions: Versions) -> dict[int, dict[int, list[Any]]]:
    """Return, per agreement, the card versions behind each lower bound of its price bands."""
    found: dict[int, dict[int, list[Any]]] = {}
    for (agreement_id,), series in versions.series[AgreementVersion].items():
        bounds: dict[int, list[Any]] = defaultdict(list)
        for agreement in series:
            for card in versions.series[RateCardVersion][agreement.rate_card_id,]:
                for bound in _bounds(card, agreement):
                    bounds[bound].append(card)
        found[agreement_id] = bounds
    return found


def _bounds(card: Any, agreement: Any) -> frozenset[int]:
    try:
        return card_from_document(agreed_document(card.terms, agreement.overrides)).bounds
    except InvalidTerms:
        return frozenset()
