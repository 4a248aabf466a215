"""Audits of re-rating: what was booked in the place of what, and that two people wanted it."""

import json
from collections.abc import Iterator
from typing import Any, Final

from django.db import connection, transaction

from ledger.audit.findings import Audit
from ledger.audit.queries import audit
from ledger.pricing.slots import COMPONENTS
from ledger.rating.archive.records import AWAY_USAGE
from ledger.rating.rerating.differences import APPROVED, digest
from ledger.rating.rerating.scope import Scope
from ledger.tokens import TOKEN_CLASSES

OF_ITS_PRICE: Final = ", ".join(
    f"'{name}'"
    for name in (
        *("id", "kind", "journal_entry_id", "price_rate_id", "agreement_version_id"),
        *("context_from_tokens", *COMPONENTS, *TOKEN_CLASSES),
    )
)
PAIRS: Final = f"""
    WITH rerated AS (
        SELECT entry, entry.id, entry.occurred_at, entry.kind, entry.corrects_id, booked.claim_id,
               claim.rerating_id, {", ".join(f"entry.{name}" for name in TOKEN_CLASSES)}
        FROM ledger_usage_entry entry
        JOIN ledger_rerating_entry booked ON booked.journal_entry_id = entry.journal_entry_id
        JOIN ledger_rerating_claim claim ON claim.id = booked.claim_id
    )
    SELECT format('re-rating %s: usage entry %s has no counterpart that says the same of its event',
                  COALESCE(reversal.rerating_id, replacement.rerating_id),
                  COALESCE(reversal.id, replacement.id))
    FROM (SELECT * FROM rerated WHERE kind = 'reversal') reversal
    FULL JOIN (SELECT * FROM rerated WHERE kind <> 'reversal') replacement
        ON replacement.corrects_id = reversal.corrects_id
       AND replacement.occurred_at = reversal.occurred_at
       AND replacement.claim_id = reversal.claim_id
    WHERE reversal.id IS NULL OR replacement.id IS NULL OR replacement.kind <> 'rerate'
       OR {" OR ".join(f"replacement.{name} <> -reversal.{name}" for name in TOKEN_CLASSES)}
       OR (to_jsonb(reversal.entry) - ARRAY[{OF_ITS_PRICE}])
          <> (to_jsonb(replacement.entry) - ARRAY[{OF_ITS_PRICE}])
    ORDER BY 1
"""
"""The reversal is held against what it takes back by the audit `mirrored`."""

ONCE: Final = """
    SELECT format('usage entry %s of %s was corrected by %s entries of the kind %s', corrects_id,
                  occurred_at, count(*), kind)
    FROM ledger_usage_entry
    WHERE corrects_id IS NOT NULL
    GROUP BY corrects_id, occurred_at, kind
    HAVING count(*) > 1
    ORDER BY corrects_id
"""
CLAIMS: Final = f"""
    WITH named AS (
        SELECT named.journal_entry_id, named.claim_id, rerating.*
        FROM ledger_rerating_entry named
        JOIN ledger_rerating_claim claim ON claim.id = named.claim_id
        JOIN ledger_rerating rerating ON rerating.id = claim.rerating_id
    ), booked AS (
        SELECT claim_id, sum(rows) AS rows, sum(beyond) AS beyond
        FROM (
            SELECT named.claim_id, count(*) AS rows,
                   count(*) FILTER (WHERE
                       entry.occurred_at < named.starts_at OR entry.occurred_at >= named.ends_at
                       OR entry.provider_id <> named.provider_id
                       OR entry.consumer_id <> named.consumer_id
                       OR entry.deployment_id <> named.deployment_id) AS beyond
            FROM ledger_usage_entry entry
            JOIN named ON named.journal_entry_id = entry.journal_entry_id
            GROUP BY named.claim_id
            UNION ALL
            SELECT named.claim_id, sum(away.rows), 0
            FROM {AWAY_USAGE} away
            JOIN named ON named.journal_entry_id = away.journal_entry_id
            GROUP BY named.claim_id
        ) at_hand_or_away
        GROUP BY claim_id
    )
    SELECT format('claim %s of re-rating %s took back %s usage entries, and booked %s',
                  claim.number, claim.rerating_id, claim.taken_back, COALESCE(booked.rows, 0))
    FROM ledger_rerating_claim claim
    FULL JOIN booked ON booked.claim_id = claim.id
    WHERE COALESCE(booked.rows, 0) IS DISTINCT FROM 2 * claim.taken_back OR booked.beyond > 0
"""
"""Each entry that is taken back stands for two rows: its reversal and its replacement."""

RUNS: Final = """
    WITH placed AS (
        SELECT claim.*, row_number() OVER run AS place,
               lag(until_at) OVER run AS before_at, lag(until_id) OVER run AS before_id
        FROM ledger_rerating_claim claim
        WINDOW run AS (PARTITION BY rerating_id ORDER BY number)
    ), last AS (
        SELECT DISTINCT ON (rerating_id) rerating_id, until_at, until_id
        FROM ledger_rerating_claim
        ORDER BY rerating_id, number DESC
    )
    SELECT format('claim %s of re-rating %s does not follow the one before', number, rerating_id)
    FROM placed
    WHERE number <> place OR (until_at, until_id) <= (before_at, before_id)
    UNION ALL
    SELECT format('re-rating %s is %s, and its claims end at %s', COALESCE(run.id, rerating_id),
                  run.state, last.until_at)
    FROM ledger_rerating run
    FULL JOIN last ON last.rerating_id = run.id
    WHERE run.id IS NULL
       OR (last.until_at IS NOT NULL AND run.begun_at IS NULL)
       OR ((last.until_at, last.until_id) IS NOT DISTINCT FROM (run.ends_at, 0::bigint))
          <> (run.state = 'applied')
    UNION ALL
    SELECT format('re-rating %s was approved by who asked for it, or before', id)
    FROM ledger_rerating
    WHERE approved_by_id = asked_by_id OR approved_at < asked_at OR begun_at < approved_at
    UNION ALL
    SELECT format('re-rating %s names the revision %s of the catalogue, which was not its latest',
                  run.id, named.revision)
    FROM ledger_rerating run
    CROSS JOIN LATERAL (
        VALUES (run.revision, run.asked_at), (run.applied_revision, run.begun_at)
    ) AS named (revision, at)
    WHERE named.revision IS NOT NULL
      AND NOT EXISTS (SELECT FROM ledger_publication WHERE id = named.revision)
"""
PROPOSED: Final = """
    SELECT id, preview::text, digest, starts_at, ends_at, provider_id, consumer_id, deployment_id
    FROM ledger_rerating
    ORDER BY id
"""
SHOWN: Final = {*APPROVED, "standing", "renamed", "entries"}


def _proposed() -> Iterator[str]:
    """Hold what each run was proposed for against the digest that was approved."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(PROPOSED)
        for id_, preview, digested, *scope in cursor.fetchall():
            shown: dict[str, Any] = json.loads(preview)
            if digest(shown, scope=Scope(*scope).written) != bytes(digested):
                yield f"re-rating {id_} is not what was proposed"
            if shown.keys() != SHOWN or shown["entries"] != sum(
                line["entries"] for line in shown["lines"]
            ):
                yield f"re-rating {id_} shows something else than its lines"


AUDITS: Final[tuple[Audit, ...]] = (
    audit("rerated", "A re-rating books in place what it takes back", PAIRS, in_one_pass=True),
    audit("corrected-once", "A usage entry is taken back once", ONCE),
    audit("rerating-claims", "Claims of re-ratings booked what they say", CLAIMS, in_one_pass=True),
    audit("rerating-runs", "Re-ratings went their way, part by part", RUNS),
    Audit("rerating-proposed", "Re-ratings are what was proposed", _proposed),
)
