"""Audits of corrections: what was taken back, what was booked instead, and that somebody asked.

What the replaced entries say is compared with what was asked by the audit `bodies`.
"""

from collections.abc import Iterator
from typing import Final

from django.db import connection, transaction

from ledger.audit.corrected import amendment
from ledger.audit.findings import Audit
from ledger.audit.queries import audit
from ledger.pricing.slots import COMPONENTS
from ledger.rating.archive.records import AWAY_MONTH
from ledger.tokens import TOKEN_CLASSES
from ledger.usage.identity import key
from ledger.usage.stated import content_hash

NUMBERS: Final = (*TOKEN_CLASSES, *COMPONENTS)
RERATED: Final = """rerated AS (
        SELECT entry.id, entry.occurred_at, entry.corrects_id
        FROM ledger_usage_entry entry
        JOIN ledger_rerating_entry rerating ON rerating.journal_entry_id = entry.journal_entry_id
        WHERE entry.kind = 'rerate'
    )"""
"""Replacements by re-ratings. Ids ascend, so that nothing that is followed leads back."""

OF_ITS_OWN: Final = ", ".join(
    f"'{name}'" for name in ("id", "kind", "corrects_id", "journal_entry_id", *NUMBERS)
)
MIRRORED: Final = f"""
    SELECT format('usage entry %s of %s does not take back usage entry %s, all of it and no more',
                  reversal.id, reversal.occurred_at, reversal.corrects_id)
    FROM ledger_usage_entry reversal
    LEFT JOIN ledger_usage_entry taken
        ON taken.id = reversal.corrects_id AND taken.occurred_at = reversal.occurred_at
       AND taken.kind <> 'reversal'
    WHERE reversal.kind = 'reversal'
      AND ((to_jsonb(reversal) - ARRAY[{OF_ITS_OWN}])
           IS DISTINCT FROM (to_jsonb(taken) - ARRAY[{OF_ITS_OWN}])
           OR {" OR ".join(f"reversal.{name} <> -taken.{name}" for name in NUMBERS)})
    ORDER BY reversal.id
"""
"""Every column is compared, those that are added later too."""

AT_HAND: Final = f"""
    SELECT *
    FROM ledger_correction correction
    WHERE state = 'applied' AND NOT {AWAY_MONTH.format(at="correction.occurred_at")}
"""
"""What an archive holds is not looked for: its file is held against its digest."""

ENTRIES: Final = f"""
    WITH at_hand AS ({AT_HAND}), booked AS (
        SELECT id, occurred_at, kind, corrects_id, batch_id, row
        FROM ledger_usage_entry entry
        WHERE (kind <> 'usage'
               OR id IN (SELECT replacement_entry_id FROM ledger_correction
                         WHERE state = 'applied' AND reversed_entry_id IS NULL))
          AND NOT EXISTS (SELECT FROM ledger_rerating_entry rerated
                          WHERE rerated.journal_entry_id = entry.journal_entry_id)
    ), asked AS (
        SELECT id AS correction_id, reversal_entry_id AS id, occurred_at, 'reversal' AS kind,
               reversed_entry_id AS corrects_id, batch_id, row
        FROM at_hand
        WHERE reversal_entry_id IS NOT NULL
        UNION ALL
        SELECT id, replacement_entry_id, occurred_at,
               CASE WHEN reversed_entry_id IS NULL THEN 'usage' ELSE 'rerate' END,
               reversed_entry_id, batch_id, row
        FROM at_hand
        WHERE replacement_entry_id IS NOT NULL
    )
    SELECT CASE WHEN booked.id IS NULL THEN
               format('correction %s: there is no usage entry %s of the kind %s that it booked',
                      asked.correction_id, asked.id, asked.kind)
           ELSE
               format('usage entry %s of the kind %s belongs to no correction and no re-rating',
                      booked.id, booked.kind) END
    FROM booked
    FULL JOIN asked
        ON (asked.id, asked.occurred_at, asked.kind, asked.batch_id, asked.row)
           = (booked.id, booked.occurred_at, booked.kind, booked.batch_id, booked.row)
       AND asked.corrects_id IS NOT DISTINCT FROM booked.corrects_id
    WHERE booked.id IS NULL OR asked.id IS NULL
    ORDER BY COALESCE(asked.id, booked.id)
"""
ORDER: Final = f"""
    WITH RECURSIVE {RERATED}, back AS (
        SELECT id AS correction_id, occurred_at, reversed_entry_id AS entry_id, 0 AS steps
        FROM ledger_correction
        WHERE state = 'applied' AND reversed_entry_id IS NOT NULL
        UNION ALL
        SELECT back.correction_id, back.occurred_at, rerated.corrects_id, back.steps + 1
        FROM back
        JOIN rerated
            ON rerated.id = back.entry_id AND rerated.occurred_at = back.occurred_at
           AND rerated.corrects_id < rerated.id
    ), origin AS (
        SELECT DISTINCT ON (correction_id) correction_id, entry_id
        FROM back
        ORDER BY correction_id, steps DESC
    ), numbered AS (
        SELECT *, row_number() OVER event AS place,
               bool_or(state = 'waiting') OVER before AS one_waits
        FROM ledger_correction
        WINDOW event AS (PARTITION BY provider_id, key ORDER BY number),
               before AS (PARTITION BY provider_id, key ORDER BY number
                          ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ), applied AS (
        SELECT correction.*, origin.entry_id AS origin_id,
               {AWAY_MONTH.format(at="correction.occurred_at")} AS is_away,
               lag(id) OVER event AS previous_id, lag(act) OVER event AS previous_act,
               lag(replacement_entry_id) OVER event AS stood_id,
               lag(batch_id) OVER event AS previous_batch, lag(row) OVER event AS previous_row
        FROM ledger_correction correction
        LEFT JOIN origin ON origin.correction_id = correction.id
        WHERE state = 'applied'
        WINDOW event AS (PARTITION BY provider_id, key ORDER BY number)
    )
    SELECT format('correction %s is number %s of its event, as the %s.', id, number, place)
    FROM numbered
    WHERE number <> place
    UNION ALL
    SELECT format('correction %s was applied before an earlier one of its event', id)
    FROM numbered
    WHERE state = 'applied' AND one_waits
    UNION ALL
    SELECT format('correction %s: usage entry %s is not what stood after correction %s (%s)',
                  id, reversed_entry_id, previous_id, previous_act)
    FROM applied
    WHERE previous_id IS NOT NULL
      AND (previous_act <> 'amend' OR (NOT is_away AND origin_id IS DISTINCT FROM stood_id)
           OR (batch_id, row) IS DISTINCT FROM (previous_batch, previous_row))
    UNION ALL
    SELECT format('correction %s: usage entry %s is not the first of its event',
                  applied.id, applied.reversed_entry_id)
    FROM applied
    LEFT JOIN ledger_usage_entry first
        ON first.occurred_at = applied.occurred_at AND first.kind = 'usage'
       AND first.batch_id = applied.batch_id AND first.row = applied.row
       AND first.id IS DISTINCT FROM applied.replacement_entry_id
    WHERE NOT applied.is_away AND applied.previous_id IS NULL
      AND applied.origin_id IS DISTINCT FROM first.id
"""
"""What a correction takes back is what the one before left, or what re-ratings made of that."""

STANDING: Final = f"""
    WITH RECURSIVE {RERATED}, newest AS (
        SELECT DISTINCT ON (provider_id, key)
               id, batch_id, row, occurred_at, replacement_entry_id
        FROM ledger_correction
        WHERE state = 'applied'
        ORDER BY provider_id, key, number DESC
    ), forth AS (
        SELECT id, occurred_at, replacement_entry_id AS entry_id, 0 AS steps
        FROM newest
        WHERE replacement_entry_id IS NOT NULL
        UNION ALL
        SELECT forth.id, forth.occurred_at, rerated.id, forth.steps + 1
        FROM forth
        JOIN rerated
            ON rerated.corrects_id = forth.entry_id AND rerated.occurred_at = forth.occurred_at
           AND rerated.corrects_id < rerated.id
    ), left_by AS (
        SELECT DISTINCT ON (id) id, entry_id
        FROM forth
        ORDER BY id, steps DESC
    ), stands AS (
        SELECT newest.id, left_by.entry_id AS replacement_entry_id, newest.occurred_at,
               sum(CASE entry.kind WHEN 'reversal' THEN -1 ELSE 1 END) AS events,
               {", ".join(f"sum(entry.{name}) AS {name}" for name in NUMBERS)}
        FROM newest
        LEFT JOIN left_by ON left_by.id = newest.id
        JOIN ledger_usage_entry entry
            ON entry.occurred_at = newest.occurred_at
           AND entry.batch_id = newest.batch_id AND entry.row = newest.row
        GROUP BY 1, 2, 3
    )
    SELECT format('correction %s: the usage entries of its event sum to something else', stands.id)
    FROM stands
    LEFT JOIN ledger_usage_entry entry
        ON entry.occurred_at = stands.occurred_at AND entry.id = stands.replacement_entry_id
    WHERE ({", ".join(f"stands.{name}" for name in ("events", *NUMBERS))})
          IS DISTINCT FROM
          (CASE WHEN stands.replacement_entry_id IS NULL THEN 0 ELSE 1 END,
           {", ".join(f"COALESCE(entry.{name}, 0)" for name in NUMBERS)})
    ORDER BY stands.id
"""
EVENTS: Final = """
    SELECT format('correction %s: event %s of %s is not recorded in batch %s',
                  correction.id, correction.event_id, correction.source, correction.batch_id)
    FROM ledger_correction correction
    LEFT JOIN ledger_event_key registered
        ON registered.provider_id = correction.provider_id AND registered.key = correction.key
       AND registered.batch_id = correction.batch_id
    WHERE correction.batch_id IS NOT NULL AND registered.key IS NULL
    ORDER BY correction.id
"""
ASKED: Final = """
    SELECT id, act, reason, COALESCE(final_event_id, ''), key, source, event_id, content_hash,
           consumer, project, deployment, status, counts, attributes::text, said::text
    FROM ledger_correction
    ORDER BY id
"""


def _asked() -> Iterator[str]:
    """Hold each correction against the digests of its event and of what was asked."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(ASKED)
        for id_, act, reason, final, key_, source, event_id, hashed, *stated in cursor:
            if key(source=source, event_id=event_id) != key_:
                yield f"correction {id_} is of another event than {event_id} of {source}"
            if (
                content_hash(act=act, reason=reason, stated=amendment(stated), final=final)
                != hashed
            ):
                yield f"correction {id_} is not what was asked for"


AUDITS: Final[tuple[Audit, ...]] = (
    audit("mirrored", "Reversals take back one usage entry, all of it", MIRRORED, in_one_pass=True),
    audit(
        "correction-entries", "Each correcting usage entry was asked for", ENTRIES, in_one_pass=True
    ),
    audit(
        "correction-order", "Corrections of an event follow one another", ORDER, in_one_pass=True
    ),
    audit(
        "standing", "What stands of an event is its newest correction", STANDING, in_one_pass=True
    ),
    audit("corrected-events", "Corrected events are registered", EVENTS),
    Audit("asked", "Corrections are what was asked for", _asked),
)
