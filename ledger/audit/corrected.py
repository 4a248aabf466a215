"""What corrections say of the events of some batches, for the audits of what was recorded."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.db import connection

from ledger.usage.stated import Stated

APPLIED: Final = """
    SELECT batch_id, row, act, reversed_entry_id, replacement_entry_id,
           consumer, project, deployment, status, counts, attributes::text, said::text
    FROM ledger_correction
    WHERE state = 'applied' AND batch_id BETWEEN %(first)s AND %(last)s
    ORDER BY batch_id, row, number
"""
RERATED: Final = """
    WITH RECURSIVE rerated AS (
        SELECT entry.id, entry.occurred_at, entry.corrects_id
        FROM ledger_usage_entry entry
        JOIN ledger_rerating_entry rerating ON rerating.journal_entry_id = entry.journal_entry_id
        WHERE entry.kind = 'rerate' AND entry.batch_id BETWEEN %(first)s AND %(last)s
    ), forth AS (
        SELECT replacement_entry_id AS root_id, occurred_at, replacement_entry_id AS entry_id
        FROM ledger_correction
        WHERE state = 'applied' AND act = 'amend'
          AND batch_id BETWEEN %(first)s AND %(last)s
        UNION ALL
        SELECT forth.root_id, forth.occurred_at, rerated.id
        FROM forth
        JOIN rerated
            ON rerated.corrects_id = forth.entry_id AND rerated.occurred_at = forth.occurred_at
           AND rerated.corrects_id < rerated.id
    )
    SELECT root_id, entry_id FROM forth WHERE entry_id <> root_id
"""
"""What re-ratings made of what corrections booked: it says the same of the event."""

PLACES: Final = """
    SELECT id, batch_id, row, source, event_id, occurred_at
    FROM ledger_correction
    WHERE batch_id BETWEEN %(first)s AND %(last)s AND row IS NOT NULL
    ORDER BY id
"""
SUPERSEDING: Final = """
    SELECT final_batch_id, final_row, event_id
    FROM ledger_correction
    WHERE final_batch_id BETWEEN %(first)s AND %(last)s
"""

Place = tuple[int, int]
"""(batch id, row)"""


@dataclass(frozen=True, slots=True)
class Replacement:
    """What a usage entry must say: the event as it was posted, with all that was stated since.

    `is_first`: nothing was booked of the event before.
    """

    stated: Sequence[Stated]
    is_first: bool


@dataclass(frozen=True, slots=True)
class Named:
    """The event that a correction says to have found somewhere."""

    correction_id: int
    source: str
    event_id: str
    occurred_at: datetime


@dataclass(slots=True)
class Corrected:
    """Corrections of a span of batches.

    `replacements` by usage entry; `voided` are events that were never entered; `supersedes` are
    the events that those of the span replace. `named` are the events that corrections found, by
    the places where they did.
    """

    replacements: dict[int, Replacement] = field(default_factory=dict)
    voided: set[Place] = field(default_factory=set)
    supersedes: dict[Place, str] = field(default_factory=dict)
    named: dict[Place, list[Named]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, span: Mapping[str, int]) -> "Corrected":
        """Read the corrections of the batches from `first` to `last`."""
        corrected = cls()
        stated: dict[Place, list[Stated]] = defaultdict(list)
        with connection.cursor() as cursor:
            cursor.execute(APPLIED, span)
            for batch_id, row, act, reversed_id, replacement_id, *values in cursor:
                place = batch_id, row
                if act == "amend":
                    stated[place].append(amendment(values))
                    corrected.replacements[replacement_id] = Replacement(
                        list(stated[place]), is_first=reversed_id is None
                    )
                elif reversed_id is None:
                    corrected.voided.add(place)
            cursor.execute(RERATED, span)
            for root_id, entry_id in cursor:
                corrected.replacements[entry_id] = corrected.replacements[root_id]
            cursor.execute(PLACES, span)
            for id_, batch_id, row, *event in cursor:
                corrected.named[batch_id, row].append(Named(id_, *event))
            cursor.execute(SUPERSEDING, span)
            for batch_id, row, event_id in cursor:
                corrected.supersedes[batch_id, row] = event_id
        return corrected

    def rows(self, batch_id: int) -> set[int]:
        """Return the rows of a batch that corrections name."""
        return {row for batch, row in (*self.supersedes, *self.named) if batch == batch_id}


def amendment(values: Sequence[Any]) -> Stated:
    """Return what an amendment states, from its columns in the order of `Stated`.

    Numbers in JSON are read as they are hashed.
    """
    columns = [*values[:5], *(_read(text) for text in values[5:])]
    return Stated(*columns)


def _read(text: str | None) -> Any:
    return None if text is None else json.loads(text, parse_int=float)
