"""Events picked one by one out of batches and usage entries, as columns."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from ledger.rating.events import Events, Integers, Names
from ledger.rating.naming import AS_WRITTEN
from ledger.service_tiers import STANDARD
from ledger.tokens import TOKEN_CLASSES


@dataclass(frozen=True, slots=True)
class Row:
    """One event by itself.

    Its names are those that its source writes, or codes; then `written` may hold, as JSON, what
    was written in their place.
    """

    batch_id: int
    row: int
    provider_id: int
    source_id: int
    event_id: str
    occurred_us: int
    consumer: str
    project: str
    deployment: str
    counts: Sequence[int]
    status: str
    attributes: str | None
    finding: str | None = None
    written: str = AS_WRITTEN
    service_tier: str = STANDARD


def of_rows(rows: Sequence[Row]) -> Events:
    """Return the events as columns."""
    written = [row.written for row in rows]
    return Events(
        batch_id=_column([row.batch_id for row in rows]),
        row=_column([row.row for row in rows]),
        provider_id=_column([row.provider_id for row in rows]),
        source_id=_column([row.source_id for row in rows]),
        occurred_us=_column([row.occurred_us for row in rows]),
        counts=[
            _column([row.counts[position] for row in rows])
            for position in range(len(TOKEN_CLASSES))
        ],
        consumer=_coded([row.consumer for row in rows]),
        project=_coded([row.project for row in rows]),
        deployment=_coded([row.deployment for row in rows]),
        status=_coded([row.status for row in rows]),
        service_tier=_coded([row.service_tier for row in rows]),
        event_id=[row.event_id for row in rows],
        attributes=[row.attributes for row in rows],
        findings={index: row.finding for index, row in enumerate(rows) if row.finding is not None},
        supersedes={},
        written=_coded(written) if any(written) else None,
    )


def joined(first: Events, second: Events) -> Events:
    """Return the events of both, one after the other."""
    if first.written is not None or second.written is not None:
        first, second = _with_written(first), _with_written(second)
    return Events(
        **{
            one.name: _joined(getattr(first, one.name), getattr(second, one.name), len(first))
            for one in fields(Events)
        }
    )


def _with_written(events: Events) -> Events:
    """Return the events with a column of what was written, where they had none."""
    if events.written is not None:
        return events
    return replace(events, written=_coded([AS_WRITTEN] * len(events)))


def _joined(first: Any, second: Any, length: int) -> Any:
    """Join two columns of the same kind; what goes by index counts on behind `length`."""
    if isinstance(first, np.ndarray):
        return np.concatenate([first, second])
    if first is None:
        return None
    if isinstance(first, Names):
        return _joined_names(first, second)
    if isinstance(first, dict):
        return {**first, **{length + index: one for index, one in second.items()}}
    if first and isinstance(first[0], np.ndarray):
        return [np.concatenate(pair) for pair in zip(first, second, strict=True)]
    return [*first, *second]


def _joined_names(first: Names, second: Names) -> Names:
    code_of = {text: code for code, text in enumerate(first.values)}
    recoded = [code_of.setdefault(text, len(code_of)) for text in second.values]
    codes = np.array(recoded, dtype=np.int64)[second.codes] if recoded else second.codes
    return Names(np.concatenate([first.codes, codes]), list(code_of))


def _column(values: Sequence[int]) -> Integers:
    return np.array(values, dtype=np.int64)


def _coded(texts: Sequence[str]) -> Names:
    code_of: dict[str, int] = {}
    return Names(_column([code_of.setdefault(text, len(code_of)) for text in texts]), list(code_of))
