"""Audits of the usage journal: against its rates, the general journal, the rollup, the queue."""

from typing import Final

from ledger.audit.findings import Audit
from ledger.audit.queries import audit
from ledger.pricing.slots import COMPONENTS, MONEY, PHYSICAL
from ledger.rating.archive.records import AWAY, AWAY_BATCHES, AWAY_USAGE
from ledger.tokens import TOKEN_CLASSES

ALL_TOKENS: Final = " + ".join(f"entry.{name}::numeric" for name in TOKEN_CLASSES)
OF_ENTRIES: Final = ("journal_entry_id", "consumer_id", "provider_id", "deployment_id")
AT_HAND_AND_AWAY: Final = f"""
    SELECT {", ".join(f"entry.{name}" for name in OF_ENTRIES)}, price_rate.currency,
           sum({ALL_TOKENS}) AS tokens,
           {", ".join(f"sum(entry.{name}) AS {name}" for name in COMPONENTS)}
    FROM ledger_usage_entry entry
    JOIN ledger_price_rate price_rate ON price_rate.id = entry.price_rate_id
    GROUP BY 1, 2, 3, 4, 5
    UNION ALL
    SELECT {", ".join(f"entry.{name}" for name in OF_ENTRIES)}, entry.currency,
           {ALL_TOKENS}, {", ".join(f"entry.{name}" for name in COMPONENTS)}
    FROM {AWAY_USAGE} entry
"""
"""Sums of usage entries by what they have in common, wherever the entries are."""


def _product(rate: str) -> str:
    """Return SQL for tokens × rate summed over the classes, in numeric so that nothing wraps."""
    return " + ".join(
        f"entry.{name}::numeric * COALESCE({rate}[{position}], 0)"
        for position, name in enumerate(TOKEN_CLASSES, start=1)
    )


def _differs(component: str) -> str:
    table = "slot_rate" if component in PHYSICAL else "price_rate"
    return f"entry.{component} <> {_product(f'{table}.{component}')}"


AMOUNTS_FOLLOW_RATES: Final = f"""
    SELECT format('usage entry %s of %s: an amount is not tokens × the rate %s that it names',
                  entry.id, entry.occurred_at, entry.price_rate_id)
    FROM ledger_usage_entry entry
    JOIN ledger_price_rate price_rate ON price_rate.id = entry.price_rate_id
    JOIN ledger_slot_rate slot_rate ON slot_rate.id = price_rate.slot_rate_id
    WHERE {" OR ".join(_differs(component) for component in COMPONENTS)}
       OR {
    " OR ".join(
        f"(entry.{name} <> 0 AND price_rate.price[{position}] IS NULL)"
        for position, name in enumerate(TOKEN_CLASSES, start=1)
    )
}
    ORDER BY entry.id
"""
REFERENCES: Final = """
    SELECT format('usage entry %s of %s names rows that are not there or do not belong together',
                  entry.id, entry.occurred_at)
    FROM ledger_usage_entry entry
    LEFT JOIN ledger_usage_batch batch
        ON batch.id = entry.batch_id AND batch.provider_id = entry.provider_id
    LEFT JOIN ledger_source source
        ON source.id = entry.source_id AND source.provider_id = entry.provider_id
    LEFT JOIN ledger_deployment deployment
        ON deployment.id = entry.deployment_id AND deployment.provider_id = entry.provider_id
    LEFT JOIN ledger_agreement_version version ON version.id = entry.agreement_version_id
    LEFT JOIN ledger_agreement agreement
        ON agreement.id = version.agreement_id
       AND agreement.provider_id = entry.provider_id
       AND agreement.consumer_id = entry.consumer_id
    LEFT JOIN ledger_price_rate price_rate
        ON price_rate.id = entry.price_rate_id
       AND price_rate.agreement_version_id = entry.agreement_version_id
    LEFT JOIN ledger_slot_rate slot_rate
        ON slot_rate.id = price_rate.slot_rate_id
       AND slot_rate.deployment_id = entry.deployment_id
    LEFT JOIN ledger_journal_entry journal_entry
        ON journal_entry.id = entry.journal_entry_id
       AND journal_entry.agreement_id = agreement.id
    WHERE batch.id IS NULL OR source.id IS NULL OR deployment.id IS NULL
       OR agreement.id IS NULL OR slot_rate.id IS NULL OR journal_entry.id IS NULL
    ORDER BY entry.id
"""
IDS: Final = """
    SELECT format('usage entry id %s stands for %s entries', id, count(*))
    FROM ledger_usage_entry
    GROUP BY id
    HAVING count(*) > 1
    ORDER BY id
"""
"""The primary key holds the instant as well: by itself it would let one id stand twice."""

ACCOUNTING_DATES: Final = """
    WITH booked AS (
        SELECT entry.id, entry.occurred_at, journal_entry.accounting_date,
               journal_entry.prior_period, journal_entry.agreement_id, period.starts_on,
               (entry.occurred_at AT TIME ZONE agreement.time_zone)::date AS day
        FROM ledger_usage_entry entry
        JOIN ledger_journal_entry journal_entry ON journal_entry.id = entry.journal_entry_id
        JOIN ledger_agreement agreement ON agreement.id = journal_entry.agreement_id
        LEFT JOIN ledger_period period ON period.id = journal_entry.period_id
    )
    SELECT format('usage entry %s of %s is booked on %s%s', booked.id, booked.occurred_at,
                  booked.accounting_date, CASE WHEN booked.prior_period THEN ' as late' END)
    FROM booked
    WHERE booked.starts_on IS NULL
       OR (NOT booked.prior_period AND booked.day <> booked.accounting_date)
       OR (booked.prior_period
           AND (booked.accounting_date <> booked.starts_on
                OR booked.day >= booked.starts_on
                OR NOT EXISTS (
                    SELECT FROM ledger_period own
                    WHERE own.agreement_id = booked.agreement_id
                      AND own.starts_on <= booked.day AND booked.day < own.ends_on
                      AND own.state = 'closed')))
    ORDER BY booked.id
"""
USAGE_EQUALS_POSTINGS: Final = f"""
    WITH sums AS (
        SELECT entry.journal_entry_id AS entry_id, entry.consumer_id, entry.provider_id,
               site.code AS site, entry.currency, sum(entry.tokens) AS tokens,
               {", ".join(f"sum(entry.{name}) AS {name}" for name in COMPONENTS)}
        FROM ({AT_HAND_AND_AWAY}) entry
        JOIN ledger_deployment deployment ON deployment.id = entry.deployment_id
        JOIN ledger_site site ON site.id = deployment.site_id
        GROUP BY 1, 2, 3, 4, 5
    ), expected AS (
        SELECT sums.entry_id, line.owner, line.party_id, line.purpose, line.component,
               line.commodity, sum(line.amount) AS amount
        FROM sums CROSS JOIN LATERAL (VALUES
            ('consumer', consumer_id, 'receivable', '', currency,
             (compute + energy + green + scarcity + margin + fee_consumer) * 1e-12),
            ('provider', provider_id, 'payable', 'compute', currency, -compute * 1e-12),
            ('provider', provider_id, 'payable', 'energy', currency, -energy * 1e-12),
            ('provider', provider_id, 'payable', 'green', currency, -green * 1e-12),
            ('provider', provider_id, 'payable', 'scarcity', currency, -scarcity * 1e-12),
            ('provider', provider_id, 'payable', 'margin', currency, -margin * 1e-12),
            ('provider', provider_id, 'payable', 'fee', currency, fee_provider * 1e-12),
            ('platform', NULL, 'fees', '', currency, -(fee_provider + fee_consumer) * 1e-12),
            ('consumer', consumer_id, 'tokens', '', 'TOK', tokens),
            ('provider', provider_id, 'tokens', '', 'TOK', -tokens),
            ('consumer', consumer_id, 'energy', '', 'J', energy_microjoules * 1e-6),
            ('provider', provider_id, 'energy', site, 'J', -energy_microjoules * 1e-6),
            ('consumer', consumer_id, 'co2_location', '', 'CO2E_L', co2_location_nanograms * 1e-9),
            ('provider', provider_id, 'co2_location', '', 'CO2E_L', -co2_location_nanograms * 1e-9),
            ('consumer', consumer_id, 'co2_market', '', 'CO2E_M', co2_market_nanograms * 1e-9),
            ('provider', provider_id, 'co2_market', '', 'CO2E_M', -co2_market_nanograms * 1e-9)
        ) AS line (owner, party_id, purpose, component, commodity, amount)
        GROUP BY 1, 2, 3, 4, 5, 6
        HAVING sum(line.amount) <> 0
    ), posted AS (
        SELECT posting.entry_id, split_part(account.code, ':', 1) AS owner, account.party_id,
               account.purpose, account.component, account.commodity, posting.amount
        FROM ledger_posting posting
        JOIN ledger_account account ON account.id = posting.account_id
        JOIN ledger_journal_entry entry ON entry.id = posting.entry_id
        WHERE entry.kind = 'usage'
    )
    SELECT format('journal entry %s posts %s on %s, its usage entries sum to %s',
                  COALESCE(posted.entry_id, expected.entry_id), posted.amount,
                  concat_ws(':', COALESCE(posted.owner, expected.owner),
                            COALESCE(posted.purpose, expected.purpose),
                            NULLIF(COALESCE(posted.component, expected.component), ''),
                            COALESCE(posted.commodity, expected.commodity)),
                  expected.amount)
    FROM posted
    FULL JOIN expected
        ON expected.entry_id = posted.entry_id
       AND (expected.owner, expected.purpose, expected.component, expected.commodity)
           = (posted.owner, posted.purpose, posted.component, posted.commodity)
       AND COALESCE(expected.party_id, 0) = COALESCE(posted.party_id, 0)
    WHERE posted.amount IS DISTINCT FROM expected.amount
    ORDER BY 1
"""
ROLLUPS: Final = f"""
    WITH summed AS (
        SELECT date_trunc('hour', entry.occurred_at, 'UTC') AS hour, entry.consumer_id,
               entry.provider_id, entry.project, entry.deployment_id, price_rate.currency,
               sum(CASE entry.kind WHEN 'usage' THEN 1 WHEN 'reversal' THEN -1 ELSE 1 END)
                   AS events,
               {", ".join(f"sum(entry.{name}) AS {name}" for name in (*TOKEN_CLASSES, *COMPONENTS))}
        FROM ledger_usage_entry entry
        JOIN ledger_price_rate price_rate ON price_rate.id = entry.price_rate_id
        GROUP BY 1, 2, 3, 4, 5, 6
    )
    SELECT format('rollup of %s, consumer %s, deployment %s, project %s is not the sum of its '
                  'usage entries', hour, consumer_id, deployment_id, project)
    FROM summed
    FULL JOIN (
        SELECT rollup.* FROM ledger_usage_rollup rollup
        WHERE NOT EXISTS (
            SELECT FROM ledger_archived_month archive
            WHERE archive.month = date_trunc('month', rollup.hour AT TIME ZONE 'UTC')
              AND {AWAY.format(archive="archive.id")})
    ) rollup USING (hour, consumer_id, provider_id, project, deployment_id, currency)
    WHERE ({", ".join(f"summed.{name}" for name in ("events", *TOKEN_CLASSES, *COMPONENTS))})
          IS DISTINCT FROM
          ({", ".join(f"rollup.{name}" for name in ("events", *TOKEN_CLASSES, *COMPONENTS))})
    ORDER BY 1
"""
"""Of months that are in archives the audit `archives` speaks."""

BATCHES_COMPLETE: Final = f"""
    WITH registered AS (
        SELECT batch_id, count(*) AS events FROM ledger_event_key GROUP BY batch_id
    ), entered AS (
        SELECT batch_id, sum(events) AS events, sum(rows) AS rows
        FROM (
            SELECT batch_id, count(*) AS events, count(DISTINCT row) AS rows
            FROM ledger_usage_entry WHERE kind = 'usage' GROUP BY batch_id
            UNION ALL
            SELECT batch_id, events,
                   (SELECT sum(upper(run) - lower(run)) FROM unnest(batch_rows) AS run)
            FROM {AWAY_BATCHES} away
        ) at_hand_or_away
        GROUP BY batch_id
    ), aside AS (
        SELECT batch_id, count(*) AS events FROM ledger_set_aside GROUP BY batch_id
    ), voided AS (
        SELECT batch_id, count(*) AS events
        FROM ledger_correction
        WHERE state = 'applied' AND act <> 'amend' AND reversed_entry_id IS NULL
        GROUP BY batch_id
    )
    SELECT format('batch %s (%s): %s events, %s registered, %s entered once, %s set aside, '
                  '%s voided before', batch_id, batch.state, batch.events,
                  COALESCE(registered.events, 0), COALESCE(entered.rows, 0),
                  COALESCE(aside.events, 0), COALESCE(voided.events, 0))
    FROM (SELECT id AS batch_id, state, events FROM ledger_usage_batch) batch
    FULL JOIN registered USING (batch_id)
    FULL JOIN entered USING (batch_id)
    FULL JOIN aside USING (batch_id)
    FULL JOIN voided USING (batch_id)
    WHERE batch.events IS DISTINCT FROM registered.events
       OR COALESCE(entered.events, 0) <> COALESCE(entered.rows, 0)
       OR COALESCE(entered.events, 0) + COALESCE(aside.events, 0) + COALESCE(voided.events, 0)
          <> CASE batch.state WHEN 'rated' THEN batch.events ELSE 0 END
    ORDER BY batch_id
"""
COST_IS_PRICE: Final = f"""
    SELECT format('price rate %s: its parts do not sum to its price', price_rate.id)
    FROM ledger_price_rate price_rate
    WHERE {
    " OR ".join(
        f"price[{position}] <> "
        + " + ".join(f"{name}[{position}]" for name in MONEY if not name.startswith("fee"))
        for position in range(1, len(TOKEN_CLASSES) + 1)
    )
}
    ORDER BY price_rate.id
"""

AUDITS: Final[tuple[Audit, ...]] = (
    audit("amounts", "Amounts are tokens × the rates an entry names", AMOUNTS_FOLLOW_RATES),
    audit("references", "What a usage entry names is there", REFERENCES),
    audit("entry-ids", "A usage entry's id is its own", IDS),
    audit("accounting-dates", "Usage is booked on its day, or as late", ACCOUNTING_DATES),
    audit("usage-postings", "Usage entries sum to their postings", USAGE_EQUALS_POSTINGS),
    audit("rollups", "Rollups equal usage entries", ROLLUPS),
    audit("batches", "Each event is entered once, set aside or waiting", BATCHES_COMPLETE),
    audit("price-parts", "The parts of a price rate sum to its price", COST_IS_PRICE),
)
