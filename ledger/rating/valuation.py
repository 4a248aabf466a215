"""What each event of a claim costs, or why that is not known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ledger.parties.models import Deployment, Party
from ledger.pricing import kernel, price_inputs
from ledger.pricing.models import Agreement
from ledger.pricing.published import Lack, Published
from ledger.pricing.slots import COMPONENTS, MONEY, Ask, Priced, RateBook
from ledger.pricing.tariff import SLOT_SECONDS
from ledger.quantities import INT64_MAX
from ledger.rating.events import Events, Integers, distinct
from ledger.tokens import TOKEN_CLASSES

SLOT_MICROSECONDS: Final = SLOT_SECONDS * 1_000_000
COUNTS_CONTRADICT: Final = "counts_contradict"
"""Why an event with a finding is set aside: only a correction of the event can mend it."""
CANNOT_SUPERSEDE: Final = "cannot_supersede"
"""Why a final event is set aside whose provisional one is void, or was replaced by another."""


@dataclass(frozen=True, slots=True)
class Combination:
    """What many events share: who used whose deployment, in which band, tier and slot; its rate."""

    deployment: Deployment
    consumer: Party
    agreement: Agreement
    context_from_tokens: int
    service_tier: str
    slot: int
    priced: Priced


@dataclass(frozen=True, slots=True)
class Valuation:
    """A claim's events, valued.

    `kept` are the indices of the events that have a price; `combination_of[k]` and
    `amounts[component, k]` (whole sub-units, in the order of COMPONENTS) belong to `kept[k]`.
    `lacks` are the others, by index.
    """

    kept: npt.NDArray[np.intp]
    combination_of: npt.NDArray[np.intp]
    combinations: list[Combination | None]
    amounts: Integers
    lacks: dict[int, Lack]

    def without(self, lacks: Mapping[int, Lack]) -> "Valuation":
        """Return it without the prices of these events, whatever the catalogue says of them."""
        if not lacks:
            return self
        stays = ~np.isin(self.kept, list(lacks))
        return Valuation(
            kept=self.kept[stays],
            combination_of=self.combination_of[stays],
            combinations=self.combinations,
            amounts=self.amounts[:, stays],
            lacks={**self.lacks, **lacks},
        )


def value(events: Events, *, book: RateBook) -> Valuation:
    """Price the events as columns: one look-up per combination, integer products per event.

    :raises RatesMissing: if rates must be compiled first.
    """
    published = book.published
    bands = _context_bands(events, published)
    slots = events.occurred_us // SLOT_MICROSECONDS
    shared = [events.provider_id, events.deployment.codes, events.consumer.codes, bands, slots]
    tiers = events.service_tier
    if len(tiers.values) > 1:
        shared.append(tiers.codes)
    first, combination_of = distinct(shared)
    found = [_parties(events, int(index), published) for index in first]
    asks = [
        Ask(one[0], one[2], int(bands[index]), int(slots[index]), tiers.values[tiers.codes[index]])
        for one, index in zip(found, first, strict=True)
        if not isinstance(one, Lack)
    ]
    answers = iter(book.price(asks))
    combinations: list[Combination | None] = []
    lack_of: dict[int, Lack] = {}
    for position, (one, index) in enumerate(zip(found, first, strict=True)):
        answer = one if isinstance(one, Lack) else next(answers)
        if isinstance(answer, Lack):
            lack_of[position] = answer
            combinations.append(None)
        else:
            assert not isinstance(one, Lack)
            tier = tiers.values[tiers.codes[index]]
            band, slot = int(bands[index]), int(slots[index])
            combinations.append(Combination(*one, band, tier, slot, answer))
    return _amounts(events, book, combination_of, combinations, lack_of)


def _amounts(
    events: Events,
    book: RateBook,
    combination_of: npt.NDArray[np.intp],
    combinations: list[Combination | None],
    lack_of: dict[int, Lack],
) -> Valuation:
    """Multiply tokens by rates; what has no rate, or no room in int64, is lacking."""
    rows = np.array([-1 if one is None else one.priced.row for one in combinations], dtype=np.intp)
    row = rows[combination_of]
    lacks = {int(index): lack_of[combination_of[index]] for index in np.flatnonzero(row < 0)}
    for position, finding in events.findings.items():
        row[position] = -1
        lacks[position] = Lack(COUNTS_CONTRADICT, f"event:{events.event_id[position]}", finding)
    unrated = _unrated(events, book, row)
    for index in np.flatnonzero(unrated):
        lacks[int(index)] = _no_class_rate(events, book, combinations, combination_of, int(index))
    kept = np.flatnonzero((row >= 0) & ~unrated)
    computed = kernel.amounts(
        counts=[column[kept] for column in events.counts], rates=book.rates, row=row[kept]
    )
    beyond = computed.out_of_range | _price_out_of_range(computed.values)
    for index in kept[beyond]:
        lacks[int(index)] = Lack("amount_out_of_range", f"event:{events.event_id[index]}")
    return Valuation(
        kept=kept[~beyond],
        combination_of=combination_of[kept[~beyond]],
        combinations=combinations,
        amounts=computed.values[:, ~beyond],
        lacks=lacks,
    )


def _price_out_of_range(amounts: Integers) -> npt.NDArray[np.bool_]:
    """Return which events' price and fee together leave int64, though each part fits."""
    money = amounts[[COMPONENTS.index(name) for name in MONEY]]
    if money.size == 0 or sum(int(np.abs(part).max()) for part in money) <= INT64_MAX:
        return np.zeros(amounts.shape[1], dtype=np.bool_)
    totals = [sum(abs(int(amount)) for amount in event) for event in money.T]
    return np.array([total > INT64_MAX for total in totals], dtype=np.bool_)


def _unrated(events: Events, book: RateBook, row: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
    """Return which priced events have tokens of a class that their rate does not know."""
    unrated = np.zeros(len(events), dtype=np.bool_)
    for position, column in enumerate(events.counts):
        if column.any() and not book.rated[position].all():
            unrated |= (row >= 0) & (column > 0) & ~book.rated[position][row]
    return unrated


def _no_class_rate(
    events: Events,
    book: RateBook,
    combinations: Sequence[Combination | None],
    combination_of: npt.NDArray[np.intp],
    index: int,
) -> Lack:
    combination = combinations[combination_of[index]]
    assert combination is not None
    row = combination.priced.row
    name = next(
        name
        for position, name in enumerate(TOKEN_CLASSES)
        if events.counts[position][index] > 0 and not book.rated[position, row]
    )
    return no_rate_for(
        name,
        deployment=combination.deployment,
        rate_card=combination.priced.rate_card,
        costed=bool(book.costed[TOKEN_CLASSES.index(name), row]),
    )


def no_rate_for(name: str, *, deployment: Deployment, rate_card: str, costed: bool) -> Lack:
    """Return what an event lacks that has tokens of a class without a rate.

    `costed`: what a token of the class takes is known, and only its price is not.
    """
    provider = deployment.provider.code
    lacking = (
        f"rate_card:{provider}/{rate_card}" if costed else f"profile:{provider}/{deployment.code}"
    )
    return Lack(f"no_rate_for_{name}", lacking)


def _parties(
    events: Events, index: int, published: Published
) -> tuple[Deployment, Party, Agreement] | Lack:
    """Return who an event concerns, or the first of them that is not known."""
    provider_id = int(events.provider_id[index])
    code = events.deployment.values[events.deployment.codes[index]]
    consumer_code = events.consumer.values[events.consumer.codes[index]]
    provider = published.party_codes.get(provider_id)
    deployment = published.deployments.get((provider_id, code))
    if deployment is None:
        return Lack("unknown_deployment", f"deployment:{provider}/{code}")
    consumer = published.parties.get(consumer_code)
    if consumer is None:
        return Lack("unknown_consumer", f"consumer:{consumer_code}")
    agreement = published.agreements.get((provider_id, consumer.id))
    if agreement is None:
        return Lack("no_agreement", f"agreement:{provider}/{consumer_code}")
    return deployment, consumer, agreement


def _context_bands(events: Events, published: Published) -> Integers:
    """Return each event's context band: zero unless its profile or its price has several."""
    bands = np.zeros(len(events), dtype=np.int64)
    if not published.has_bands:
        return bands
    prompt_tokens = events.prompt_tokens
    first, group = distinct([events.provider_id, events.deployment.codes, events.consumer.codes])
    for position, index in enumerate(first):
        found = _parties(events, int(index), published)
        if isinstance(found, Lack):
            continue
        deployment, _, agreement = found
        bounds = price_inputs.bands(published, deployment.id, agreement.id)
        if bounds == (0,):
            continue
        members = group == position
        lower = np.array(bounds, dtype=np.int64)
        bands[members] = lower[np.searchsorted(lower, prompt_tokens[members], side="right") - 1]
    return bands
