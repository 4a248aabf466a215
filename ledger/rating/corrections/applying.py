"""Apply corrections: take a usage entry back, and book another in its place where one is due.

The original stays. Its reversal and its replacement keep its instant, and are booked where that
day is booked now: in its own period, or as prior-period in the earliest open one.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import InterfaceError, OperationalError, transaction

from ledger.books import balances, journal
from ledger.pricing import published
from ledger.pricing.published import Lack
from ledger.rating import booking, naming, rate, turns, writing
from ledger.rating.corrections import mirroring, picked, queue
from ledger.rating.corrections.cases import RETRY_AFTER, Case, Verdicts, found
from ledger.rating.corrections.mirroring import Valued
from ledger.rating.corrections.queue import Decided, Postponed
from ledger.rating.preparation import prepared
from ledger.rating.valuation import COUNTS_CONTRADICT
from ledger.rating.writing import RERATE, REVERSAL, USAGE, Corrects

logger = logging.getLogger(__name__)

NARRATIVE: Final = "Correction of usage of {agreement}"


@dataclass(frozen=True, slots=True)
class Applied:
    """What a claim did: corrections applied, refused, and left waiting for something."""

    applied: int
    refused: int
    postponed: int


def apply_pending(*, now: datetime, limit: int = 10_000) -> Applied | None:
    """Apply one claim of at most `limit` corrections; None if none can be tried.

    Where a claim fails, its halves are tried apart, until the correction that fails stands alone
    and waits with the reason.
    """
    taken: list[int] = []
    try:
        return prepared(lambda: _apply(taken, now=now, limit=limit, only=None), now=now)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("corrections failed", extra={"corrections": len(taken)})
        if not taken:
            raise
    return _apply_apart(sorted(taken), now=now)


def _apply(
    taken: list[int], *, now: datetime, limit: int, only: Sequence[int] | None
) -> Applied | None:
    """Claim and apply corrections, all in the transaction of the caller."""
    claimed = queue.claim(now=now, limit=limit, only=only)
    taken[:] = [one.id for one in claimed]
    if not claimed:
        return None
    turns.side_by_side()
    histories = queue.history(claimed)
    verdicts = Verdicts([], [])
    cases = found(claimed, histories, verdicts, now=now)
    cases, amended = _priced(cases, verdicts, now=now)
    _enter(cases, amended, verdicts, now=now)
    refused = sum(bool(one.outcome) for one in verdicts.decided)
    return Applied(len(verdicts.decided) - refused, refused, len(verdicts.postponed))


def _priced(
    cases: Sequence[Case], verdicts: Verdicts, *, now: datetime
) -> tuple[list[Case], Valued | None]:
    """Price what amendments leave, by the catalogue as it is; what has no price waits.

    The amended events are in the order of their cases.

    :raises Unprepared: if rates must be stored first.
    """
    amending = [case for case in cases if case.amended is not None]
    if not amending:
        return list(cases), None
    book = rate.current_rates()
    rows = naming.in_codes(
        picked.of_rows([case.amended for case in amending if case.amended is not None]), book=book
    )
    valuation = rate.valued(rows, book=book)
    lacking = {amending[index].claimed.id: lack for index, lack in valuation.lacks.items()}
    for case in amending:
        if case.claimed.id in lacking:
            _lacks(case, lacking[case.claimed.id], verdicts, now=now)
    return [case for case in cases if case.claimed.id not in lacking], Valued(rows, valuation)


def _lacks(case: Case, lack: Lack, verdicts: Verdicts, *, now: datetime) -> None:
    """Let an amendment wait for its price, unless it never gets one or another one follows."""
    id_ = case.claimed.id
    later = queue.later(case.claimed, case.steps)
    if lack.reason == COUNTS_CONTRADICT:
        outcome = "the event's own counts contradict each other: an amendment must state its usage"
        verdicts.decided.append(Decided(id_, outcome, case.place))
    elif later:
        outcome = f"had no price ({lack.reason}, {lack.missing}) when correction {later.id} came"
        verdicts.decided.append(Decided(id_, outcome, case.place))
    else:
        verdicts.postponed.append(
            Postponed(id_, now + RETRY_AFTER, lack.reason, lack.missing, lack.detail, case.place)
        )


def _enter(
    cases: Sequence[Case], amended: Valued | None, verdicts: Verdicts, *, now: datetime
) -> None:
    """Write what follows from the cases, balances last.

    :raises Unprepared: if something must be made first; nothing is written yet then.
    """
    taken_back = [case for case in cases if case.entry is not None]
    replaced = [case for case in cases if case.amended is not None]
    book = rate.current_rates()
    valued = mirroring.mirrored(
        [case.entry for case in taken_back if case.entry is not None], published=book.published
    )
    if amended is not None:
        valued = mirroring.joined(valued, amended)
    corrects = Corrects(
        entry_ids=[case.entry.id if case.entry else 0 for case in (*taken_back, *replaced)],
        kinds=[
            *(REVERSAL for _ in taken_back),
            *(RERATE if case.entry else USAGE for case in replaced),
        ],
    )
    booked = booking.book(valued.events, valued.valuation, narrative=NARRATIVE)
    rate.require_accounts([code for draft in booked.drafts for code, _ in draft.postings])
    recorded = journal.record(booked.drafts, now=now)
    ids = writing.copy_usage_entries(
        valued.events, valued.valuation, booked, entry_ids=recorded.entry_ids, corrects=corrects
    ).tolist()
    verdicts.decided += _decided(cases, taken_back, replaced, ids)
    aside = [case.place for case in cases if case.entry is None]
    writing.no_longer_aside(
        batch_ids=[place.batch_id for place in aside], rows=[place.row for place in aside]
    )
    queue.decide(verdicts.decided, now=now)
    queue.postpone(verdicts.postponed, revision=book.published.revision)
    writing.add_to_rollup(valued.events, valued.valuation, corrects=corrects)
    balances.move(recorded.moves)


def _decided(
    cases: Sequence[Case],
    taken_back: Sequence[Case],
    replaced: Sequence[Case],
    ids: Sequence[int],
) -> list[Decided]:
    """Return the corrections as applied, with the ids of their usage entries."""
    order = [case.claimed.id for case in (*taken_back, *replaced)]
    of_entries = list(zip(order, ids, strict=True))
    reversals = dict(of_entries[: len(taken_back)])
    replacements = dict(of_entries[len(taken_back) :])
    return [
        Decided(
            case.claimed.id,
            place=case.place,
            reversed_entry_id=case.entry.id if case.entry else None,
            reversal_entry_id=reversals.get(case.claimed.id),
            replacement_entry_id=replacements.get(case.claimed.id),
        )
        for case in cases
    ]


def _apply_apart(ids: list[int], *, now: datetime) -> Applied:
    """Apply what can be applied: in halves, until the corrections that fail stand alone."""
    waiting = [ids]
    applied = refused = postponed = 0
    while waiting:
        part = waiting.pop()
        try:
            done = _apply_part(part, now=now)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            if len(part) > 1:
                middle = len(part) // 2
                waiting += [part[middle:], part[:middle]]
                continue
            logger.exception("correction failed", extra={"correction": part[0]})
            was_refused = _set_apart(part[0], error, now=now)
            refused, postponed = refused + was_refused, postponed + (not was_refused)
        else:
            applied, refused = applied + done.applied, refused + done.refused
            postponed += done.postponed
    return Applied(applied, refused, postponed)


def _apply_part(part: list[int], *, now: datetime) -> Applied:
    """Apply some corrections or none of them; others may have taken them meanwhile."""
    taken: list[int] = []
    done = prepared(lambda: _apply(taken, now=now, limit=len(part), only=part), now=now)
    return done or Applied(0, 0, 0)


@transaction.atomic
def _set_apart(id_: int, error: Exception, *, now: datetime) -> bool:
    """Let a correction wait that failed, or refuse it if another one follows; return the latter."""
    claimed = queue.claim(now=now, limit=1, only=[id_])
    why = f"{type(error).__name__}: {error}"[:500]
    for one in claimed:
        steps = queue.history(claimed)[one.provider_id, one.key]
        if later := queue.later(one, steps):
            outcome = f"failed ({why}) when correction {later.id} came"
            queue.decide([Decided(id_, outcome)], now=now)
            return True
        queue.postpone(
            [Postponed(id_, now + RETRY_AFTER, "error", detail=why)],
            revision=published.latest_revision(),
        )
    return False
