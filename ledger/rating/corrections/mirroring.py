"""Usage entries taken back: the same columns with every count and amount negated."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ledger.pricing.published import Published
from ledger.pricing.slots import COMPONENTS, Priced
from ledger.rating.corrections import picked
from ledger.rating.corrections.standing import Entry
from ledger.rating.events import Events
from ledger.rating.valuation import SLOT_MICROSECONDS, Combination, Valuation

NO_ROW: Final = -1
"""A mirror image is not priced: its amounts are known."""


@dataclass(frozen=True, slots=True)
class Valued:
    """Events with their valuation."""

    events: Events
    valuation: Valuation

    def __len__(self) -> int:
        return len(self.valuation.kept)


def mirrored(entries: Sequence[Entry], *, published: Published) -> Valued:
    """Return usage entries with every count and amount negated, each at the rate that it names."""
    rows = [replace(one.row, counts=tuple(-count for count in one.row.counts)) for one in entries]
    deployments = {one.id: one for one in published.deployments.values()}
    consumers = {one.id: one for one in published.parties.values()}
    numbers: dict[tuple[int | str, ...], int] = {}
    combinations: list[Combination | None] = []
    combination_of = np.zeros(len(entries), dtype=np.intp)
    for position, one in enumerate(entries):
        slot = one.row.occurred_us // SLOT_MICROSECONDS
        key = (
            one.deployment_id,
            one.consumer_id,
            one.price_rate_id,
            one.context_from_tokens,
            one.row.service_tier,
            slot,
        )
        number = numbers.setdefault(key, len(numbers))
        combination_of[position] = number
        if number == len(combinations):
            combinations.append(
                Combination(
                    deployments[one.deployment_id],
                    consumers[one.consumer_id],
                    published.agreements[one.row.provider_id, one.consumer_id],
                    one.context_from_tokens,
                    one.row.service_tier,
                    slot,
                    Priced(NO_ROW, one.price_rate_id, one.agreement_version_id, one.currency, ""),
                )
            )
    amounts = np.array([one.amounts for one in entries], dtype=np.int64)
    return Valued(
        picked.of_rows(rows),
        Valuation(
            kept=np.arange(len(entries), dtype=np.intp),
            combination_of=combination_of,
            combinations=combinations,
            amounts=-amounts.reshape(len(entries), len(COMPONENTS)).T,
            lacks={},
        ),
    )


def joined(first: Valued, second: Valued) -> Valued:
    """Return both, one after the other; what lacks something in either is left behind."""
    one, other = first.valuation, second.valuation
    return Valued(
        picked.joined(first.events, second.events),
        Valuation(
            kept=np.concatenate([one.kept, other.kept + len(first.events)]),
            combination_of=np.concatenate(
                [one.combination_of, other.combination_of + len(one.combinations)]
            ),
            combinations=[*one.combinations, *other.combinations],
            amounts=np.concatenate([one.amounts, other.amounts], axis=1),
            lacks={},
        ),
    )
