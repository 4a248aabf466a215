"""Audits of true-ups: each follows from its sums and terms, is posted, and counts what was used."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from django.db import connection

from ledger.audit.findings import Audit
from ledger.audit.queries import audit
from ledger.periods import starts_at
from ledger.rating.archive.records import AWAY_USAGE
from ledger.tokens import TOKEN_CLASSES
from settlement.clearing import true_ups
from settlement.clearing.entries import TRUE_UP_AMOUNTS

ROWS: Final = f"""
    SELECT true_up.id, true_up.inputs, true_up.working, true_up.digest, true_up.through_entry,
           agreement.code, agreement.time_zone, agreement.id, agreement.provider_id,
           agreement.consumer_id, period.starts_on, period.ends_on, true_up.currency,
           true_up.agreement_version_id, version.agreement_id, version.volume_terms,
           version.fee_rate, version.fee_consumer_share,
           {", ".join(f"true_up.{name}" for name in TRUE_UP_AMOUNTS)}
    FROM settlement_true_up true_up
    JOIN ledger_agreement agreement ON agreement.id = true_up.agreement_id
    JOIN ledger_period period ON period.id = true_up.period_id
    LEFT JOIN ledger_agreement_version version ON version.id = true_up.agreement_version_id
    ORDER BY true_up.id
"""
SUMMED: Final = (*TOKEN_CLASSES, true_ups.CHARGED)
PRICE: Final = "{0}.compute + {0}.energy + {0}.green + {0}.scarcity + {0}.margin"
COUNTED: Final = f"""
    WITH wanted AS (
        SELECT * FROM unnest(%(ids)s::bigint[], %(agreements)s::bigint[], %(providers)s::bigint[],
                             %(consumers)s::bigint[], %(currencies)s::text[],
                             %(starts)s::timestamptz[], %(ends)s::timestamptz[],
                             %(through)s::bigint[])
             AS wanted (id, agreement_id, provider_id, consumer_id, currency, starts_at, ends_at,
                        through_entry)
    ), kept AS (
        SELECT wanted.id, {", ".join(f"sum(rollup.{name}) AS {name}" for name in TOKEN_CLASSES)},
               sum({PRICE.format("rollup")}) AS charged
        FROM wanted
        JOIN ledger_usage_rollup rollup
            ON rollup.hour >= wanted.starts_at AND rollup.hour < wanted.ends_at
           AND rollup.provider_id = wanted.provider_id
           AND rollup.consumer_id = wanted.consumer_id AND rollup.currency = wanted.currency
        GROUP BY wanted.id
    ), newer AS (
        SELECT wanted.id AS wanted_id, entry.id AS entry_id
        FROM wanted
        JOIN ledger_journal_entry entry
            ON entry.agreement_id = wanted.agreement_id AND entry.id > wanted.through_entry
           AND entry.kind = 'usage'
    ), later AS (
        SELECT wanted.id, {", ".join(f"sum(usage.{name}) AS {name}" for name in TOKEN_CLASSES)},
               sum({PRICE.format("usage")}) AS charged
        FROM newer
        JOIN wanted ON wanted.id = newer.wanted_id
        JOIN ledger_usage_entry usage ON usage.journal_entry_id = newer.entry_id
        JOIN ledger_price_rate rate ON rate.id = usage.price_rate_id
        WHERE usage.occurred_at >= wanted.starts_at AND usage.occurred_at < wanted.ends_at
          AND rate.currency = wanted.currency
        GROUP BY wanted.id
    )
    SELECT wanted.id,
           EXISTS (SELECT FROM newer JOIN {AWAY_USAGE} usage
                       ON usage.journal_entry_id = newer.entry_id
                   WHERE newer.wanted_id = wanted.id),
           {", ".join(f"COALESCE(kept.{name}, 0) - COALESCE(later.{name}, 0)" for name in SUMMED)}
    FROM wanted
    LEFT JOIN kept USING (id)
    LEFT JOIN later USING (id)
    ORDER BY wanted.id
"""
"""What the rollup holds of each period, less what was booked after the true-up."""

POSTED: Final = f"""
    WITH stated AS (
        SELECT true_up.id, true_up.journal_entry_id, true_up.currency, true_up.agreement_id,
               true_up.booked_period_id, true_up.period_id,
               {
    ", ".join(
        f"true_up.{name} - COALESCE(lag(true_up.{name}) OVER before, 0) AS {name}"
        for name in TRUE_UP_AMOUNTS
    )
}
        FROM settlement_true_up true_up
        WINDOW before AS (PARTITION BY true_up.period_id, true_up.currency ORDER BY true_up.id)
    ), posted AS (
        SELECT posting.entry_id, account.commodity AS currency,
               {
    ", ".join(
        f"-COALESCE(sum(posting.amount) FILTER (WHERE account.purpose = 'payable'"
        f" AND account.component = '{name}'), 0) AS {name}"
        for name in ("volume", "discount", "commitment")
    )
},
               COALESCE(sum(posting.amount) FILTER (WHERE account.purpose = 'receivable'), 0)
               + COALESCE(sum(posting.amount) FILTER (WHERE account.purpose = 'payable'
                                                        AND account.component <> 'fee'), 0)
                   AS fee_consumer,
               COALESCE(sum(posting.amount) FILTER (WHERE account.purpose = 'payable'
                                                      AND account.component = 'fee'), 0)
                   AS fee_provider
        FROM ledger_journal_entry entry
        JOIN ledger_posting posting ON posting.entry_id = entry.id
        JOIN ledger_account account ON account.id = posting.account_id
        WHERE entry.kind = 'true_up'
        GROUP BY posting.entry_id, account.commodity
    )
    SELECT format('true-up %s is not what entry %s posts', stated.id, stated.journal_entry_id)
    FROM stated
    LEFT JOIN posted
        ON posted.entry_id = stated.journal_entry_id AND posted.currency = stated.currency
    WHERE {" OR ".join(f"stated.{name} <> COALESCE(posted.{name}, 0)" for name in TRUE_UP_AMOUNTS)}
    UNION ALL
    SELECT format('entry %s is of kind true_up, and no true-up of its agreement and period '
                  'names it', entry.id)
    FROM ledger_journal_entry entry
    WHERE entry.kind = 'true_up' AND NOT EXISTS (
        SELECT FROM stated
        WHERE stated.journal_entry_id = entry.id AND stated.agreement_id = entry.agreement_id
          AND stated.booked_period_id = entry.period_id
          AND entry.prior_period = (stated.period_id <> stated.booked_period_id))
    UNION ALL
    SELECT format('true-up %s is booked in period %s, of another agreement or still open',
                  true_up.id, booked.id)
    FROM settlement_true_up true_up
    JOIN ledger_period booked ON booked.id = true_up.booked_period_id
    JOIN ledger_period period ON period.id = true_up.period_id
    WHERE booked.agreement_id <> true_up.agreement_id
       OR period.agreement_id <> true_up.agreement_id
       OR booked.state <> 'closed' OR period.starts_on > booked.starts_on
    UNION ALL
    SELECT format('true-up %s counts usage through entry %s, which is none of its agreement',
                  true_up.id, true_up.through_entry)
    FROM settlement_true_up true_up
    WHERE true_up.through_entry <> 0 AND NOT EXISTS (
        SELECT FROM ledger_journal_entry entry
        WHERE entry.id = true_up.through_entry AND entry.kind = 'usage'
          AND entry.agreement_id = true_up.agreement_id)
"""


def _followed() -> Iterator[str]:
    """Name true-ups that do not follow from their sums and terms, or whose terms are others."""
    for row in _rows(ROWS, {}):
        id_, inputs, working, digest = row[0], _json(row[1]), _json(row[2]), row[3]
        amounts = dict(zip(TRUE_UP_AMOUNTS, row[18:], strict=True))
        result = true_ups.result_of(inputs)
        if true_ups.amounts_of(result) != amounts or result.working != working:
            yield f"true-up {id_} does not follow from its sums and terms"
        if digest != true_ups.digest(inputs=inputs, amounts=amounts, working=working):
            yield f"true-up {id_} is not what its digest was made of"
        if not _names(inputs, row):
            yield f"true-up {id_} was made from terms or a period that it does not name"


def _names(inputs: dict[str, Any], row: tuple[Any, ...]) -> bool:
    code, agreement_id, starts_on, ends_on, currency = row[5], row[7], row[10], row[11], row[12]
    version_id, version_of, terms, fee_rate, share = row[13:18]
    named = (inputs["agreement"], inputs["from"], inputs["to"], inputs["currency"])
    if named != (code, f"{starts_on}", f"{ends_on}", currency):
        return False
    if version_id is None:
        return inputs["agreement_version"] is None and inputs["volume_terms"] is None
    return (
        version_of == agreement_id
        and inputs["agreement_version"] == version_id
        and inputs["volume_terms"] == _json(terms)
        and (Decimal(inputs["fee_rate"]), Decimal(inputs["fee_consumer_share"]))
        == (fee_rate, share)
    )


def _counted() -> Iterator[str]:
    """Name true-ups whose sums are not those of the usage that was booked by then.

    Where usage that was booked later is in an archive by now, nobody can tell it apart.
    """
    rows = _rows(ROWS, {})
    stated = {row[0]: _json(row[1]) for row in rows}
    wanted = {
        "ids": [row[0] for row in rows],
        "agreements": [row[7] for row in rows],
        "providers": [row[8] for row in rows],
        "consumers": [row[9] for row in rows],
        "currencies": [row[12] for row in rows],
        "starts": [starts_at(row[10], time_zone=row[6]) for row in rows],
        "ends": [starts_at(row[11], time_zone=row[6]) for row in rows],
        "through": [row[4] for row in rows],
    }
    for id_, is_away, *sums in _rows(COUNTED, wanted) if rows else ():
        inputs = stated[id_]
        said = [*(int(inputs["tokens"][name]) for name in TOKEN_CLASSES), int(inputs["charged"])]
        if not is_away and said != [int(one) for one in sums]:
            yield f"true-up {id_} counts other usage than was booked by then"


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _rows(sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


AUDITS: Final[tuple[Audit, ...]] = (
    Audit("true-ups", "True-ups follow from their sums and terms", _followed),
    audit("true-up-postings", "Entries post what true-ups say", POSTED),
    Audit("true-up-sums", "True-ups count the usage that was booked", _counted),
)
