"""Apply approved runs of re-rating: reversal and replacement of what is priced otherwise by now.

A run is gone through in the order of its usage entries, a claim after the other, each in one
transaction that also says how far it came: whatever is killed, and however many workers there are,
each entry is taken back once. What is booked is booked as corrections are: on the day of the usage
while that is open, else as prior-period in the earliest open one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt
from django.db import connection

from ledger.books import balances, journal
from ledger.pricing.published import Published
from ledger.pricing.slots import Priced, RateBook
from ledger.rating import booking, partitions, rate, turns, writing
from ledger.rating.corrections import mirroring
from ledger.rating.corrections.mirroring import NO_ROW, Valued
from ledger.rating.events import distinct
from ledger.rating.preparation import prepared
from ledger.rating.rerating import preview, standing
from ledger.rating.rerating.approvals import agrees, scope_of
from ledger.rating.rerating.figures import Figures
from ledger.rating.rerating.models import Rerating, ReratingClaim
from ledger.rating.rerating.standing import Standing
from ledger.rating.valuation import SLOT_MICROSECONDS, Combination, Valuation
from ledger.rating.writing import RERATE, REVERSAL, Corrects

ENTRIES_A_CLAIM: Final = 50_000
NEXT: Final = """
    SELECT id
    FROM ledger_rerating
    WHERE id = (SELECT id
                FROM ledger_rerating
                WHERE state IN ('applying', 'approved')
                ORDER BY state = 'applying' DESC, approved_at, id
                LIMIT 1)
      AND state IN ('applying', 'approved')
    FOR UPDATE SKIP LOCKED
"""
"""One run at a time, the oldest first; while another worker is at it there is nothing to do."""

NAME_ENTRIES: Final = """
    INSERT INTO ledger_rerating_entry (journal_entry_id, claim_id)
    SELECT entry_id, %(claim)s
    FROM unnest(%(entries)s::bigint[]) AS entry_id
    ORDER BY entry_id
"""
State = Rerating.State


@dataclass(frozen=True, slots=True)
class Reapplied:
    """What a step did: a run begun or ended, usage entries taken back, and others left alone."""

    rerating_id: int
    taken_back: int = 0
    left_alone: int = 0


@dataclass(frozen=True, slots=True)
class _Changed:
    """Usage entries that get another price: as they stand, and as they are priced now."""

    entries: Standing
    valuation: Valuation


def apply_approved(*, now: datetime, limit: int = ENTRIES_A_CLAIM) -> Reapplied | None:
    """Do the next step of the run that is on; None if no run is, or another worker is at it.

    A run begins only if it would still do what was approved, else it ends as stale. It also ends
    so, with what it has done, if something is published in its middle: the rest is proposed anew.
    """
    return prepared(lambda: _step(now=now, limit=limit), now=now)


def _step(*, now: datetime, limit: int) -> Reapplied | None:
    with connection.cursor() as cursor:
        cursor.execute(NEXT)
        found = cursor.fetchone()
    if found is None:
        return None
    run = Rerating.objects.get(id=found[0])
    book = rate.current_rates()
    if run.state == State.APPROVED:
        _begin(run, book, now=now)
        return Reapplied(run.pk)
    if run.applied_revision != book.published.revision:
        why = f"publication {book.published.revision} came while it was applied"
        _end(run, State.STALE, now=now, outcome=why)
        return Reapplied(run.pk)
    return _claim(run, book, now=now, limit=limit)


def _begin(run: Rerating, book: RateBook, *, now: datetime) -> None:
    """Begin a run, or end it if it would do something else than was approved.

    :raises Unprepared: if rates must be stored first.
    """
    if agrees(run, preview.computed(scope_of(run), book=book)):
        begun = Rerating.objects.filter(id=run.pk, state=State.APPROVED).update(
            state=State.APPLYING, begun_at=now, applied_revision=book.published.revision
        )
        assert begun == 1, "a locked run cannot change under us"
    else:
        _end(run, State.STALE, now=now, outcome="it would no longer do what was approved")


def _end(run: Rerating, state: str, *, now: datetime, outcome: str = "") -> None:
    ended = Rerating.objects.filter(id=run.pk, state=run.state).update(
        state=state, ended_at=now, outcome=outcome
    )
    assert ended == 1, "a locked run cannot change under us"


def _claim(run: Rerating, book: RateBook, *, now: datetime, limit: int) -> Reapplied:
    """Apply the part that follows, and end the run if it was the last.

    :raises Unprepared: if something must be made first; nothing is written yet then.
    """
    turns.alone()
    scope = scope_of(run)
    last = ReratingClaim.objects.filter(rerating=run).order_by("-number").first()
    after = (last.until_at, last.until_id) if last else standing.first_place(scope)
    until = standing.next_place(scope, after=after, limit=limit)
    entries = standing.read(
        scope, after=after, until=until or (scope.ends_at, 0), codes=_codes(book.published)
    )
    entries, away = _at_hand(entries)
    changed, lacking = _changed(entries, book)
    recorded = _book(run, changed, book, now=now)
    claim = ReratingClaim.objects.create(
        rerating=run,
        number=last.number + 1 if last else 1,
        until_at=(until or (scope.ends_at, 0))[0],
        until_id=(until or (scope.ends_at, 0))[1],
        taken_back=len(changed.entries),
        left_alone=away + lacking,
        applied_at=now,
    )
    if recorded is not None:
        with connection.cursor() as cursor:
            cursor.execute(NAME_ENTRIES, {"claim": claim.pk, "entries": recorded.entry_ids})
        balances.move(recorded.moves)
    if until is None:
        _end(run, State.APPLIED, now=now)
    return Reapplied(run.pk, len(changed.entries), away + lacking)


def _codes(published: Published) -> dict[str, dict[int, str]]:
    return {
        "consumer": {one.id: one.code for one in published.parties.values()},
        "deployment": {one.id: one.code for one in published.deployments.values()},
    }


def _at_hand(entries: Standing) -> tuple[Standing, int]:
    """Hold the months of the entries; leave out those that somebody is just archiving."""
    months = entries.months
    states = partitions.hold(standing.month_starts(months))
    away = [month for month, state in states.items() if state != "present"]
    if not away:
        return entries, 0
    is_away = np.isin(months, np.array(away, dtype="datetime64[M]"))
    return entries.taken(np.flatnonzero(~is_away)), int(is_away.sum())


def _changed(entries: Standing, book: RateBook) -> tuple[_Changed, int]:
    """Return what gets another price, and how many entries have none now.

    :raises Unprepared: if rates must be stored first.
    """
    valuation = rate.valued(entries.events, book=book)
    rates = writing.lines(valuation).price_rate_id
    before = entries.price_rate_id[valuation.kept]
    differs = _differs(before, rates)
    index = valuation.kept[differs]
    return (
        _Changed(
            entries.taken(index),
            replace(
                valuation,
                kept=np.arange(len(index), dtype=np.intp),
                combination_of=valuation.combination_of[differs],
                amounts=valuation.amounts[:, differs],
                lacks={},
            ),
        ),
        len(valuation.lacks),
    )


def _differs(before: npt.NDArray[np.int64], after: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Return where two columns of price rates charge something else."""
    first, pair_of = distinct([before, after])
    pairs = [(int(before[index]), int(after[index])) for index in first]
    figures = Figures()
    figures.read(id_ for pair in pairs for id_ in pair)
    return np.array([not figures.same(*pair) for pair in pairs], dtype=np.bool_)[pair_of]


def _book(
    run: Rerating, changed: _Changed, book: RateBook, *, now: datetime
) -> journal.Recorded | None:
    """Write reversals and replacements and what follows; balances are left to the caller."""
    count = len(changed.entries)
    if not count:
        return None
    valued = mirroring.joined(
        _reversals(changed.entries, book.published),
        Valued(changed.entries.events, changed.valuation),
    )
    ids = changed.entries.id.tolist()
    corrects = Corrects(entry_ids=[*ids, *ids], kinds=[REVERSAL] * count + [RERATE] * count)
    booked = booking.book(
        valued.events, valued.valuation, narrative=f"Re-rating {run.pk} of usage of {{agreement}}"
    )
    rate.require_accounts([code for draft in booked.drafts for code, _ in draft.postings])
    recorded = journal.record(booked.drafts, now=now)
    writing.copy_usage_entries(
        valued.events, valued.valuation, booked, entry_ids=recorded.entry_ids, corrects=corrects
    )
    writing.add_to_rollup(valued.events, valued.valuation, corrects=corrects)
    return recorded


def _reversals(entries: Standing, published: Published) -> Valued:
    """Return the entries with every count and amount negated, each at the rate that it names."""
    events = replace(entries.events, counts=[-column for column in entries.events.counts])
    slot = entries.events.occurred_us // SLOT_MICROSECONDS
    first, combination_of = distinct(
        [
            entries.deployment_id,
            entries.consumer_id,
            entries.price_rate_id,
            entries.context_from_tokens,
            entries.events.service_tier.codes,
            slot,
        ]
    )
    return Valued(
        events,
        Valuation(
            kept=np.arange(len(entries), dtype=np.intp),
            combination_of=combination_of,
            combinations=_combinations(entries, first.tolist(), slot, published),
            amounts=-entries.amounts,
            lacks={},
        ),
    )


def _combinations(
    entries: Standing,
    first: Sequence[int],
    slot: npt.NDArray[np.int64],
    published: Published,
) -> list[Combination | None]:
    deployments = {one.id: one for one in published.deployments.values()}
    consumers = {one.id: one for one in published.parties.values()}
    figures = Figures()
    figures.read(int(entries.price_rate_id[index]) for index in first)
    tiers = entries.events.service_tier
    combinations: list[Combination | None] = []
    for index in first:
        consumer_id = int(entries.consumer_id[index])
        price_rate_id = int(entries.price_rate_id[index])
        combinations.append(
            Combination(
                deployments[int(entries.deployment_id[index])],
                consumers[consumer_id],
                published.agreements[int(entries.events.provider_id[index]), consumer_id],
                int(entries.context_from_tokens[index]),
                tiers.values[tiers.codes[index]],
                int(slot[index]),
                Priced(
                    NO_ROW,
                    price_rate_id,
                    int(entries.agreement_version_id[index]),
                    figures.currency(price_rate_id),
                    "",
                ),
            )
        )
    return combinations
