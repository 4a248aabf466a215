"""Audits of certificates: nothing is claimed twice, and what is claimed is matched and posted."""

from typing import Final

from ledger.audit.findings import Audit
from ledger.audit.queries import audit

STOCK: Final = """
    WITH cancelled AS (
        SELECT lot_id, sum(watt_hours) AS watt_hours
        FROM ledger_certificate_cancellation
        GROUP BY lot_id
    )
    SELECT format('lot %s has %s Wh, was received with %s and is cancelled for %s; runs cancelled'
                  ' %s', COALESCE(lot.code, stock.lot_id::text, cancelled.lot_id::text),
                  lot.watt_hours, stock.received_watt_hours, stock.cancelled_watt_hours,
                  COALESCE(cancelled.watt_hours, 0))
    FROM ledger_certificate_stock stock
    FULL JOIN cancelled USING (lot_id)
    LEFT JOIN ledger_certificate_lot lot ON lot.id = lot_id
    WHERE stock.received_watt_hours IS DISTINCT FROM lot.watt_hours
       OR stock.cancelled_watt_hours IS DISTINCT FROM COALESCE(cancelled.watt_hours, 0)
       OR stock.cancelled_watt_hours NOT BETWEEN 0 AND stock.received_watt_hours
"""
"""The counters are what runs cancelled, and within what the lot has."""

MATCHES: Final = """
    WITH matched AS (
        SELECT run_id, lot_id, sum(watt_hours) AS watt_hours
        FROM ledger_certificate_match
        GROUP BY run_id, lot_id
    )
    SELECT format('run %s cancelled %s Wh of lot %s, and its quarter hours took %s',
                  run_id, COALESCE(cancelled.watt_hours, 0), lot_id,
                  COALESCE(matched.watt_hours, 0))
    FROM ledger_certificate_cancellation cancelled
    FULL JOIN matched USING (run_id, lot_id)
    WHERE cancelled.watt_hours IS DISTINCT FROM matched.watt_hours
    UNION ALL
    SELECT format('run %s of site %s in %s matched lot %s at %s, which it may not serve',
                  run.id, site.code, run.starts_on, lot.code, match.slot_starts_at)
    FROM ledger_certificate_match match
    JOIN ledger_certificate_run run ON run.id = match.run_id
    JOIN ledger_site site ON site.id = run.site_id
    LEFT JOIN ledger_certificate_lot lot ON lot.id = match.lot_id
    WHERE lot.id IS NULL
       OR lot.provider_id <> run.provider_id
       OR split_part(lot.zone, '-', 1) <> split_part(site.grid_zone, '-', 1)
       OR match.slot_starts_at < run.starts_on::timestamp AT TIME ZONE site.time_zone
       OR match.slot_starts_at
          >= (run.starts_on + '1 month'::interval) AT TIME ZONE site.time_zone
       OR CASE lot.kind
              WHEN 'GEC' THEN extract(year FROM match.slot_starts_at AT TIME ZONE site.time_zone)
                              <> lot.vintage
              ELSE match.slot_starts_at < lot.produced_from
                   OR match.slot_starts_at + '15 minutes'::interval > lot.produced_to
          END
    UNION ALL
    SELECT format('month %s of site %s and provider %s has %s runs, and the last is run %s',
                  starts_on, site_id, provider_id, count(*), max(run))
    FROM ledger_certificate_run
    GROUP BY site_id, provider_id, starts_on
    HAVING count(*) <> max(run)
    UNION ALL
    SELECT format('run %s is of a site or provider that there is not', run.id)
    FROM ledger_certificate_run run
    WHERE NOT EXISTS (SELECT FROM ledger_site site WHERE site.id = run.site_id)
       OR NOT EXISTS (SELECT FROM ledger_party party WHERE party.id = run.provider_id)
    UNION ALL
    SELECT format('run %s is not there, and has matches', match.run_id)
    FROM (SELECT run_id FROM ledger_certificate_match
          UNION SELECT run_id FROM ledger_certificate_cancellation) match
    WHERE NOT EXISTS (SELECT FROM ledger_certificate_run run WHERE run.id = match.run_id)
    UNION ALL
    SELECT format('run %s booked %s uJ as green, of %s', id, green_microjoules,
                  consumed_microjoules)
    FROM ledger_certificate_run
    WHERE green_microjoules > consumed_microjoules
"""

POSTED: Final = """
    WITH wanted AS (
        SELECT run.journal_entry_id AS entry_id,
               format('site:%s:certificates_cancelled:%s:GEC', site.code, provider.code) AS code,
               sum(cancelled.watt_hours) AS amount
        FROM ledger_certificate_run run
        JOIN ledger_site site ON site.id = run.site_id
        JOIN ledger_party provider ON provider.id = run.provider_id
        JOIN ledger_certificate_cancellation cancelled ON cancelled.run_id = run.id
        GROUP BY run.id, site.code, provider.code
        UNION ALL
        SELECT run.journal_entry_id,
               format('provider:%s:certificates:%s:GEC', provider.code, lot.code),
               -cancelled.watt_hours
        FROM ledger_certificate_run run
        JOIN ledger_party provider ON provider.id = run.provider_id
        JOIN ledger_certificate_cancellation cancelled ON cancelled.run_id = run.id
        LEFT JOIN ledger_certificate_lot lot ON lot.id = cancelled.lot_id
        UNION ALL
        SELECT run.journal_entry_id, format(side.code, site.code, provider.code),
               side.sign * (run.unmatched_grams - COALESCE(before.unmatched_grams, 0))
        FROM ledger_certificate_run run
        JOIN ledger_site site ON site.id = run.site_id
        JOIN ledger_party provider ON provider.id = run.provider_id
        LEFT JOIN ledger_certificate_run before
            ON (before.site_id, before.provider_id, before.starts_on, before.run + 1)
             = (run.site_id, run.provider_id, run.starts_on, run.run)
        CROSS JOIN (VALUES ('site:%1$s:co2_unmatched:%2$s:CO2E_M', 1),
                           ('provider:%2$s:co2_market:CO2E_M', -1)) AS side (code, sign)
        UNION ALL
        SELECT stock.journal_entry_id,
               COALESCE(format('provider:%s:certificates:%s:GEC', provider.code, lot.code), '?'),
               stock.received_watt_hours
        FROM ledger_certificate_stock stock
        LEFT JOIN ledger_certificate_lot lot ON lot.id = stock.lot_id
        LEFT JOIN ledger_party provider ON provider.id = lot.provider_id
        UNION ALL
        SELECT journal_entry_id, 'platform:registry:GEC', -received_watt_hours
        FROM ledger_certificate_stock
    ), posted AS (
        SELECT posting.entry_id, account.code, posting.amount
        FROM ledger_journal_entry entry
        JOIN ledger_posting posting ON posting.entry_id = entry.id
        JOIN ledger_account account ON account.id = posting.account_id
        WHERE entry.kind = 'certificate'
    )
    SELECT format('certificates come to %s on %s, and entry %s posts %s', wanted.amount, code,
                  COALESCE(entry_id::text, '(none)'), COALESCE(posted.amount, 0))
    FROM (SELECT * FROM wanted WHERE amount <> 0) wanted
    FULL JOIN posted USING (entry_id, code)
    WHERE wanted.amount IS DISTINCT FROM posted.amount
"""

AUDITS: Final[tuple[Audit, ...]] = (
    audit("certificate-stock", "Lots are claimed as runs say, and never beyond", STOCK),
    audit("certificate-matches", "What is cancelled is matched, where it may be", MATCHES),
    audit("certificate-postings", "Certificates are posted as they say", POSTED),
)
