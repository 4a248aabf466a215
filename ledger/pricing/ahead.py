"""Compile the rates that coming days will need, so that events find them stored.

Slots with equal inputs share a rate, so only one slot of each kind is asked for every agreement;
where the terms of agreements change, the days before and after are asked apart.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from ledger.parties.models import Deployment
from ledger.pricing import price_inputs, published, slots
from ledger.pricing.inputs import Inputs
from ledger.pricing.models import Agreement, AgreementVersion, FxRate, RateCardVersion
from ledger.pricing.naming import NameBook
from ledger.pricing.published import Lack, Published
from ledger.pricing.slot_inputs import of_slot
from ledger.pricing.slots import Ask, RateBook, RatesMissing
from ledger.pricing.tariff import slot_of

logger = logging.getLogger(__name__)

ASKS_AT_ONCE: Final = 2_000
"""Rates that one transaction stores at most."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """What was compiled: rates that are stored for the span, and what others lack, by lack."""

    rates: int
    stored: int
    lacks: dict[str, int]


def compile_rates(*, starts_at: datetime, days: int, now: datetime) -> Ahead:
    """Store the rates of every deployment under every agreement of its provider, for some days.

    `stored` counts those that were not there yet. What lacks something is counted and left to
    the day on which it is asked for.
    """
    catalogue = published.load()
    book = RateBook(catalogue, names=NameBook.load(catalogue.revision))
    first, last = slot_of(starts_at), slot_of(starts_at + timedelta(days=days))
    lacks: dict[str, int] = defaultdict(int)
    found: set[int] = set()
    stored = 0
    for asks in _batches(_asks(catalogue, range(first, last), lacks)):
        stored += _store(book, asks, now=now)
        for answer in book.price(asks):
            if isinstance(answer, Lack):
                lacks[answer.missing] += 1
            else:
                found.add(answer.price_rate_id)
    logger.info("rates compiled ahead", extra={"rates": len(found), "stored": stored})
    return Ahead(rates=len(found), stored=stored, lacks=dict(lacks))


def _store(book: RateBook, asks: Sequence[Ask], *, now: datetime) -> int:
    try:
        book.price(asks)
    except RatesMissing as missing:
        slots.store(missing.compiled, now=now)
        return len(missing.compiled)
    return 0


def _asks(catalogue: Published, span: range, lacks: dict[str, int]) -> Iterator[Ask]:
    """Yield what differs: a slot of each kind, for every band and agreement of a deployment."""
    parties: dict[int, list[Agreement]] = defaultdict(list)
    for agreement in catalogue.agreements.values():
        parties[agreement.provider_id].append(agreement)
    spans = list(_between_changes(catalogue, span))
    for deployment in catalogue.deployments.values():
        agreements = parties[deployment.provider_id]
        bands_of = {
            agreement.id: price_inputs.bands(catalogue, deployment.id, agreement.id)
            for agreement in agreements
        }
        for band in sorted({band for bands in bands_of.values() for band in bands}):
            for part in spans:
                costs = _costs(catalogue, deployment, band, part, lacks)
                for agreement in agreements:
                    if band in bands_of[agreement.id]:
                        uses = _uses(catalogue, agreement, costs)
                        yield from (Ask(deployment, agreement, band, *use) for use in uses)


def _uses(
    catalogue: Published, agreement: Agreement, costs: Mapping[int, bytes]
) -> Iterator[tuple[int, str]]:
    """Yield a slot of each kind in each tier: kinds differ in the cost or in the card's period."""
    seen: set[tuple[bytes, str | None]] = set()
    for slot, digest in costs.items():
        period, tiers = price_inputs.uses(catalogue, agreement.id, slot=slot)
        if (digest, period) not in seen:
            seen.add((digest, period))
            yield from ((slot, tier) for tier in tiers)


def _between_changes(catalogue: Published, span: range) -> Iterator[range]:
    """Yield the parts of a span within which no agreement, rate card or exchange rate changes."""
    changes = {
        slot_of(starts_at)
        for model in (AgreementVersion, RateCardVersion, FxRate)
        for series in catalogue.versions[model].values()
        for starts_at in series.starts
    }
    edges = [span.start, *sorted(change for change in changes if change in span[1:]), span.stop]
    yield from (range(begins, ends) for begins, ends in pairwise(edges))


def _costs(
    catalogue: Published, deployment: Deployment, band: int, span: range, lacks: dict[str, int]
) -> dict[int, bytes]:
    """Return the slots in which a deployment has a cost, with the digest of its inputs."""
    costs: dict[int, bytes] = {}
    for slot in span:
        inputs: Inputs | Lack = of_slot(
            catalogue, deployment=deployment, context_from_tokens=band, slot=slot
        )
        if isinstance(inputs, Lack):
            lacks[inputs.missing] += 1
        else:
            costs[slot] = inputs.digest
    return costs


def _batches(asks: Iterable[Ask]) -> Iterator[list[Ask]]:
    batch: list[Ask] = []
    for ask in asks:
        batch.append(ask)
        if len(batch) == ASKS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch
