"""From valued events to journal entries: who owes what, on which accounting date.

Events are grouped by agreement, currency and accounting date; each group becomes one entry of
the general journal, and each of its events a line of the usage journal that names it.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from ledger.books import periods
from ledger.books.entries import Draft
from ledger.books.periods import PeriodSpan
from ledger.periods import accounting_date
from ledger.pricing import kernel
from ledger.pricing.models import Agreement
from ledger.pricing.slots import COMPONENTS
from ledger.pricing.tariff import slot_starts_at
from ledger.rating.events import Events
from ledger.rating.postings import Sums, postings
from ledger.rating.preparation import Unprepared
from ledger.rating.valuation import Combination, Valuation


@dataclass(frozen=True, slots=True)
class Group:
    """What one journal entry of kind usage covers."""

    agreement: Agreement
    currency: str
    period_id: int
    accounting_date: date
    prior_period: bool


@dataclass(frozen=True, slots=True)
class Booked:
    """Groups with their drafts, and the group of each kept event."""

    groups: list[Group]
    drafts: list[Draft]
    group_of: npt.NDArray[np.intp]


def book(
    events: Events, valuation: Valuation, *, narrative: str = "Usage of {agreement}"
) -> Booked:
    """Group the valued events into balanced drafts; their periods are held open until commit.

    `narrative` is what an entry says of itself.

    :raises Unprepared: if a period does not exist yet.
    """
    groups, group_of_combination = _groups(valuation)
    group_of = group_of_combination[valuation.combination_of]
    sums = _sums(events, valuation, group_of, group_count=len(groups))
    drafts = [
        Draft(
            kind="usage",
            accounting_date=group.accounting_date,
            narrative=narrative.format(agreement=group.agreement.code),
            postings=postings(
                sums[position],
                consumer=group.agreement.consumer.code,
                provider=group.agreement.provider.code,
                currency=group.currency,
            ),
            agreement_id=group.agreement.id,
            period_id=group.period_id,
            prior_period=group.prior_period,
        )
        for position, group in enumerate(groups)
    ]
    return Booked(groups=groups, drafts=drafts, group_of=group_of)


def _groups(valuation: Valuation) -> tuple[list[Group], npt.NDArray[np.intp]]:
    """Return the groups in use and, for each combination, its group (-1 where none is priced)."""
    used = np.unique(valuation.combination_of)
    combinations = {int(index): _priced(valuation.combinations[index]) for index in used}
    days = {index: _accounting_date(one) for index, one in combinations.items()}
    spans: dict[int, list[PeriodSpan]] = defaultdict(list)
    for span in periods.share(one.agreement.id for one in combinations.values()):
        spans[span.agreement_id].append(span)
    numbers: dict[Group, int] = {}
    group_of = np.full(len(valuation.combinations), -1, dtype=np.intp)
    missing: set[tuple[int, date]] = set()
    for index, one in combinations.items():
        agreement, day = one.agreement, days[index]
        booking = periods.booking(spans[agreement.id], day)
        if booking is None:
            missing.add((agreement.id, periods.missing_day(spans[agreement.id], day)))
            continue
        group = Group(
            agreement,
            one.priced.currency,
            booking.period_id,
            booking.accounting_date,
            booking.prior_period,
        )
        group_of[index] = numbers.setdefault(group, len(numbers))
    if missing:
        raise Unprepared(lambda _: periods.ensure(missing))
    return list(numbers), group_of


def _sums(
    events: Events, valuation: Valuation, group_of: npt.NDArray[np.intp], *, group_count: int
) -> list[Sums]:
    """Return exact sums per group; energy also by the site where it was drawn."""
    sites = [one.deployment.site.code if one else "" for one in valuation.combinations]
    names, site_of_combination = np.unique(np.array(sites, dtype=object), return_inverse=True)
    part = group_of * len(names) + site_of_combination[valuation.combination_of]
    parts, part_of = np.unique(part, return_inverse=True)
    tokens = np.zeros(len(valuation.kept), dtype=np.int64)
    for column in events.counts:
        tokens += column[valuation.kept]
    totals = kernel.group_sums(
        values=np.vstack([valuation.amounts, tokens[np.newaxis, :]]),
        groups=part_of,
        group_count=len(parts),
    )
    energy = COMPONENTS.index("energy_microjoules")
    amounts: list[dict[str, int]] = [dict.fromkeys(COMPONENTS, 0) for _ in range(group_count)]
    token_sums = [0] * group_count
    by_site: list[dict[str, int]] = [defaultdict(int) for _ in range(group_count)]
    for position, packed in enumerate(parts):
        group, site = divmod(int(packed), len(names))
        for number, name in enumerate(COMPONENTS):
            amounts[group][name] += totals[number][position]
        by_site[group][str(names[site])] += totals[energy][position]
        token_sums[group] += totals[len(COMPONENTS)][position]
    return [Sums(*one) for one in zip(token_sums, amounts, by_site, strict=True)]


def _accounting_date(one: Combination) -> date:
    return accounting_date(slot_starts_at(one.slot), time_zone=one.agreement.time_zone)


def _priced(one: Combination | None) -> Combination:
    assert one is not None, "kept events have a price"
    return one
