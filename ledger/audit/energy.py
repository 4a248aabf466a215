"""Audits of the energy books: readings, bills, and that booked + variance = metered."""

from typing import Final

from ledger.audit.findings import Audit
from ledger.audit.queries import audit

READINGS: Final = """
    SELECT format('readings of site %s, %s from %s to %s: %s revisions, the last is %s',
                  site_id, kind, starts_at, ends_at, count(*), max(revision))
    FROM ledger_meter_reading
    GROUP BY site_id, kind, starts_at, ends_at
    HAVING count(*) <> max(revision) OR min(revision) <> 1
        OR max(previous_revision) IS DISTINCT FROM NULLIF(max(revision) - 1, 0)
    UNION ALL
    SELECT format('reading %s of site %s, %s from %s begins before %s, when another ends',
                  id, site_id, kind, starts_at, before)
    FROM (SELECT id, site_id, kind, starts_at,
                 max(ends_at) OVER (PARTITION BY site_id, kind ORDER BY starts_at, ends_at
                                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
          FROM ledger_meter_reading
          WHERE revision = 1) reading
    WHERE starts_at < before
    UNION ALL
    SELECT format('reading %s is of site %s, which there is not', reading.id, reading.site_id)
    FROM ledger_meter_reading reading
    WHERE NOT EXISTS (SELECT FROM ledger_site site WHERE site.id = reading.site_id)
"""

METERED: Final = """
    WITH month AS (
        SELECT true_up.*, site.code,
               true_up.starts_on::timestamp AT TIME ZONE site.time_zone AS begins,
               (true_up.starts_on + '1 month'::interval) AT TIME ZONE site.time_zone AS ends
        FROM ledger_energy_true_up true_up
        LEFT JOIN ledger_site site ON site.id = true_up.site_id
    ), counted AS (
        SELECT month.id AS true_up_id, kinds.kind, sum(standing.quantity) AS quantity,
               COALESCE(sum(standing.ends_at - standing.starts_at), '0'::interval) AS covered
        FROM month
        CROSS JOIN unnest(ARRAY['facility', 'it', 'gpu_busy', 'gpu_available']) AS kinds (kind)
        LEFT JOIN LATERAL (
            SELECT DISTINCT ON (reading.starts_at, reading.ends_at)
                   reading.quantity, reading.starts_at, reading.ends_at
            FROM ledger_meter_reading reading
            WHERE reading.site_id = month.site_id AND reading.kind = kinds.kind
              AND reading.starts_at >= month.begins AND reading.ends_at <= month.ends
              AND reading.id <= month.last_reading_id
            ORDER BY reading.starts_at, reading.ends_at, reading.revision DESC
        ) standing ON true
        GROUP BY month.id, kinds.kind
    ), said AS (
        SELECT month.id, said.kind, said.quantity
        FROM month
        CROSS JOIN LATERAL (VALUES ('facility', month.facility_kwh), ('it', month.it_kwh),
                                   ('gpu_busy', month.gpu_busy_hours),
                                   ('gpu_available', month.gpu_available_hours))
            AS said (kind, quantity)
    )
    SELECT format('true-up %s of site %s: it says %s of %s, its readings %s',
                  month.id, month.code, said.quantity, said.kind, counted.quantity)
    FROM said
    JOIN month USING (id)
    JOIN counted ON counted.true_up_id = said.id AND counted.kind = said.kind
    WHERE said.quantity IS DISTINCT FROM
          CASE WHEN counted.covered = month.ends - month.begins THEN counted.quantity END
    UNION ALL
    SELECT format('true-up %s names reading %s, which is not of its month', month.id,
                  month.last_reading_id)
    FROM month
    WHERE NOT EXISTS (
        SELECT FROM ledger_meter_reading reading
        WHERE reading.id = month.last_reading_id AND reading.site_id = month.site_id
          AND reading.starts_at >= month.begins AND reading.ends_at <= month.ends
    )
    UNION ALL
    SELECT format('true-up %s names bill %s, which is not of its month', month.id,
                  month.last_bill_id)
    FROM month
    WHERE month.last_bill_id <> 0 AND NOT EXISTS (
        SELECT FROM ledger_energy_bill bill
        WHERE bill.id = month.last_bill_id AND bill.site_id = month.site_id
          AND bill.starts_on >= month.starts_on
          AND bill.ends_on <= month.starts_on + '1 month'::interval
    )
    UNION ALL
    SELECT format('month %s of site %s has %s true-ups, and the last is run %s',
                  starts_on, site_id, count(*), max(run))
    FROM ledger_energy_true_up
    GROUP BY site_id, starts_on
    HAVING count(*) <> max(run)
"""
"""What a true-up says was metered is what the readings up to its last one say."""

IDENTITY: Final = """
    WITH parts AS (
        SELECT true_up_id, commodity, sum(amount) AS amount
        FROM ledger_energy_variance
        GROUP BY true_up_id, commodity
    ), shares AS (
        SELECT true_up_id, commodity, sum(booked) AS booked, sum(variance) AS variance
        FROM ledger_energy_share
        GROUP BY true_up_id, commodity
    )
    SELECT format('true-up %s: booked %s J and a variance of %s J are not %s kWh',
                  true_up.id, shares.booked, parts.amount, true_up.facility_kwh)
    FROM ledger_energy_true_up true_up
    LEFT JOIN parts ON parts.true_up_id = true_up.id AND parts.commodity = 'J'
    LEFT JOIN shares ON shares.true_up_id = true_up.id AND shares.commodity = 'J'
    WHERE COALESCE(shares.booked, 0) + COALESCE(parts.amount, 0)
          <> true_up.facility_kwh * 3600000
    UNION ALL
    SELECT format('true-up %s: its parts come to %s %s, the providers'' shares to %s',
                  COALESCE(parts.true_up_id, shares.true_up_id), COALESCE(parts.amount, 0),
                  COALESCE(parts.commodity, shares.commodity), COALESCE(shares.variance, 0))
    FROM parts
    FULL JOIN shares USING (true_up_id, commodity)
    WHERE COALESCE(parts.amount, 0) <> COALESCE(shares.variance, 0)
    UNION ALL
    SELECT format('true-up %s is not there, and has %s', true_up_id, what)
    FROM (SELECT true_up_id, 'parts' AS what FROM ledger_energy_variance
          UNION SELECT true_up_id, 'shares' FROM ledger_energy_share) of
    WHERE NOT EXISTS (SELECT FROM ledger_energy_true_up true_up WHERE true_up.id = of.true_up_id)
"""

POSTED: Final = """
    WITH wanted AS (
        SELECT true_up.id, true_up.site_id, true_up.starts_on, true_up.run,
               format('site:%s:energy_variance:%s:%s', site.code, part.part, part.commodity)
                   AS code, part.amount
        FROM ledger_energy_true_up true_up
        JOIN ledger_site site ON site.id = true_up.site_id
        JOIN ledger_energy_variance part ON part.true_up_id = true_up.id
        UNION ALL
        SELECT true_up.id, true_up.site_id, true_up.starts_on, true_up.run,
               CASE share.commodity
                   WHEN 'J' THEN format('provider:%s:energy:%s:J', provider.code, site.code)
                   ELSE format('provider:%s:energy_cost_applied:%s', provider.code,
                               share.commodity)
               END, -share.variance
        FROM ledger_energy_true_up true_up
        JOIN ledger_site site ON site.id = true_up.site_id
        JOIN ledger_energy_share share ON share.true_up_id = true_up.id
        LEFT JOIN ledger_party provider ON provider.id = share.provider_id
    ), posted AS (
        SELECT true_up.id, account.code, sum(posting.amount) AS amount
        FROM ledger_energy_true_up true_up
        JOIN ledger_energy_true_up earlier
            ON earlier.site_id = true_up.site_id AND earlier.starts_on = true_up.starts_on
           AND earlier.run <= true_up.run
        JOIN ledger_posting posting ON posting.entry_id = earlier.journal_entry_id
        JOIN ledger_account account ON account.id = posting.account_id
        GROUP BY true_up.id, account.code
    )
    SELECT format('true-up %s comes to %s on %s, and posted %s',
                  id, COALESCE(wanted.amount, 0), code, COALESCE(posted.amount, 0))
    FROM wanted
    FULL JOIN posted USING (id, code)
    WHERE COALESCE(wanted.amount, 0) <> COALESCE(posted.amount, 0)
    UNION ALL
    SELECT format('bill %s of site %s: its journal entry %s posts another', bill.id, bill.site_id,
                  bill.journal_entry_id)
    FROM ledger_energy_bill bill
    LEFT JOIN ledger_site site ON site.id = bill.site_id
    LEFT JOIN ledger_party provider ON provider.id = bill.provider_id
    WHERE (SELECT count(*)
           FROM ledger_posting posting
           JOIN ledger_account account ON account.id = posting.account_id
           JOIN ledger_journal_entry entry ON entry.id = posting.entry_id
           WHERE posting.entry_id = bill.journal_entry_id AND entry.kind = 'energy'
             AND entry.reference = format('energy-bill:%s:%s', site.code, bill.document)
             AND entry.accounting_date = bill.ends_on - 1
             AND (account.code, posting.amount) IN (
                 (format('site:%s:energy_cost:%s', site.code, bill.currency), bill.amount),
                 (format('provider:%s:energy_billed:%s', provider.code, bill.currency),
                  -bill.amount))) <> 2
    UNION ALL
    SELECT format('journal entry %s of kind energy is of no true-up and no bill', entry.id)
    FROM ledger_journal_entry entry
    WHERE entry.kind = 'energy'
      AND NOT EXISTS (SELECT FROM ledger_energy_true_up true_up
                      WHERE true_up.journal_entry_id = entry.id)
      AND NOT EXISTS (SELECT FROM ledger_energy_bill bill
                      WHERE bill.journal_entry_id = entry.id)
"""

AUDITS: Final[tuple[Audit, ...]] = (
    audit("meter-readings", "Readings follow one another and never overlap", READINGS),
    audit("energy-metered", "True-ups say what their readings say", METERED),
    audit("energy-identity", "Booked joules and variance are what was metered", IDENTITY),
    audit("energy-posted", "True-ups and bills are posted, once, as they say", POSTED),
)
