"""Audits of settlements: each is one statement whose rows are what is wrong."""

from typing import Final

from ledger.audit.findings import Audit
from ledger.audit.queries import audit
from ledger.quantities import MINOR_UNIT_DIGITS
from ledger.rating.archive.records import AWAY_USAGE
from ledger.rating.postings import PRICE_COMPONENTS
from ledger.tokens import TOKEN_CLASSES

MINOR_UNITS: Final = ", ".join(
    f"('{currency}', 1e-{digits}::numeric)" for currency, digits in MINOR_UNIT_DIGITS.items()
)

MONEY: Final = (*PRICE_COMPONENTS, "fee_consumer", "fee_provider")
SUMMED: Final = (
    *("discloses_cost", "events", "tokens", "energy_joules"),
    *("co2_location_grams", "co2_market_grams"),
    *MONEY,
)
WHOLE: Final = {
    "tokens": " + ".join(f"usage.{name}" for name in TOKEN_CLASSES),
    "microjoules": "usage.energy_microjoules",
    "co2_location": "usage.co2_location_nanograms",
    "co2_market": "usage.co2_market_nanograms",
    **{name: f"usage.{name}" for name in MONEY},
}
"""What is summed of usage, in whole sub-units."""

LINES: Final = """
    SELECT format('position %s: its lines do not sum to its price and fees', position.id)
    FROM settlement_position position
    LEFT JOIN settlement_statement_line line ON line.position_id = position.id
    GROUP BY position.id
    HAVING (COALESCE(sum(line.compute + line.energy + line.green + line.scarcity + line.margin), 0),
            COALESCE(sum(line.fee_consumer), 0), COALESCE(sum(line.fee_provider), 0))
           IS DISTINCT FROM (position.price, position.fee_consumer, position.fee_provider)
    ORDER BY position.id
"""
POSTINGS: Final = """
    WITH posted AS (
        SELECT posting.entry_id, account.commodity,
               COALESCE(sum(posting.amount) FILTER (
                   WHERE account.purpose = 'due' AND starts_with(account.code, 'consumer:')), 0)
                   AS consumer_due,
               COALESCE(-sum(posting.amount) FILTER (
                   WHERE account.purpose = 'due' AND starts_with(account.code, 'provider:')), 0)
                   AS provider_due,
               COALESCE(-sum(posting.amount) FILTER (
                   WHERE account.purpose = 'fees' AND account.component = 'settled'), 0) AS fee,
               COALESCE(-sum(posting.amount) FILTER (WHERE account.purpose = 'rounding'), 0)
                   AS rounding
        FROM ledger_posting posting
        JOIN ledger_account account ON account.id = posting.account_id
        WHERE posting.entry_id IN (SELECT journal_entry_id FROM settlement_position)
        GROUP BY posting.entry_id, account.commodity
    )
    SELECT format('position %s: its journal entry %s posts other amounts',
                  position.id, position.journal_entry_id)
    FROM settlement_position position
    JOIN settlement_settlement settlement ON settlement.id = position.settlement_id
    LEFT JOIN posted
        ON posted.entry_id = position.journal_entry_id AND posted.commodity = settlement.currency
    WHERE settlement.state = 'approved'
      AND (COALESCE(posted.consumer_due, 0), COALESCE(posted.provider_due, 0),
           COALESCE(posted.fee, 0), COALESCE(posted.rounding, 0))
          IS DISTINCT FROM (position.consumer_due, position.provider_due,
                            position.platform_fee, position.rounding)
    ORDER BY position.id
"""
SETTLED_ONCE: Final = """
    SELECT format('position %s took in %s entries, and %s are marked',
                  position.id, position.entries, count(settled.id))
    FROM settlement_position position
    JOIN settlement_settlement settlement ON settlement.id = position.settlement_id
    LEFT JOIN settlement_settled_entry settled ON settled.position_id = position.id
    GROUP BY position.id, settlement.state
    HAVING count(settled.id)
           <> CASE settlement.state WHEN 'approved' THEN position.entries ELSE 0 END
    ORDER BY position.id
"""
APPROVALS: Final = """
    SELECT format('settlement %s is %s, made by %s, approved by %s',
                  settlement.id, settlement.state, settlement.made_by_id, approval.checker_id)
    FROM settlement_settlement settlement
    LEFT JOIN settlement_approval approval ON approval.settlement_id = settlement.id
    WHERE (settlement.state = 'approved') <> (approval.id IS NOT NULL)
       OR approval.checker_id = settlement.made_by_id
       OR approval.input_hash <> settlement.input_hash
    ORDER BY settlement.id
"""
MONTHS: Final = """
    SELECT format('position %s of agreement %s is of period %s, its settlement from %s to %s',
                  position.id, position.agreement_id, period.id,
                  settlement.starts_on, settlement.ends_on)
    FROM settlement_position position
    JOIN settlement_settlement settlement ON settlement.id = position.settlement_id
    JOIN ledger_period period ON period.id = position.period_id
    WHERE period.agreement_id <> position.agreement_id
       OR (period.starts_on, period.ends_on) <> (settlement.starts_on, settlement.ends_on)
       OR period.state <> 'closed'
    UNION ALL
    SELECT format('position %s in %s took in entry %s in %s: of another currency, agreement or '
                  'month', position.id, settlement.currency, entry.id, settled.currency)
    FROM settlement_settled_entry settled
    JOIN settlement_position position ON position.id = settled.position_id
    JOIN settlement_settlement settlement ON settlement.id = position.settlement_id
    JOIN ledger_journal_entry entry ON entry.id = settled.entry_id
    WHERE settled.currency <> settlement.currency
       OR entry.agreement_id IS DISTINCT FROM position.agreement_id
       OR entry.accounting_date >= settlement.ends_on
"""
SET_OFFS: Final = """
    SELECT format('set-off %s of %s: its journal entry %s posts another',
                  netting.id, netting.amount, netting.journal_entry_id)
    FROM settlement_netting netting
    JOIN settlement_settlement settlement ON settlement.id = netting.settlement_id
    WHERE settlement.state = 'approved'
      AND NOT EXISTS (
            SELECT
            FROM ledger_posting posting
            JOIN ledger_account account ON account.id = posting.account_id
            WHERE posting.entry_id = netting.journal_entry_id
            HAVING count(*) = CASE WHEN netting.party_a_id = netting.party_b_id THEN 2 ELSE 4 END
               AND bool_and(
                    account.purpose = 'due' AND account.commodity = settlement.currency
                    AND account.party_id IN (netting.party_a_id, netting.party_b_id)
                    AND posting.amount = CASE split_part(account.code, ':', 1)
                        WHEN 'provider' THEN netting.amount ELSE -netting.amount END))
    ORDER BY netting.id
"""
USAGE: Final = f"""
    WITH parts AS (
        SELECT settled.position_id, usage.deployment_id, entry.prior_period,
               bool_and(version.discloses_cost) AS discloses_cost,
               sum(CASE usage.kind WHEN 'reversal' THEN -1 ELSE 1 END) AS events,
               {", ".join(f"sum({sum_}) AS {name}" for name, sum_ in WHOLE.items())}
        FROM settlement_settled_entry settled
        JOIN ledger_journal_entry entry ON entry.id = settled.entry_id
        JOIN ledger_usage_entry usage ON usage.journal_entry_id = entry.id
        JOIN ledger_agreement_version version ON version.id = usage.agreement_version_id
        GROUP BY 1, 2, 3
        UNION ALL
        SELECT settled.position_id, usage.deployment_id, entry.prior_period,
               version.discloses_cost, usage.events,
               {", ".join(WHOLE.values())}
        FROM settlement_settled_entry settled
        JOIN ledger_journal_entry entry ON entry.id = settled.entry_id
        JOIN {AWAY_USAGE} usage ON usage.journal_entry_id = entry.id
        JOIN ledger_agreement_version version ON version.id = usage.agreement_version_id
    ), used AS (
        SELECT position_id, deployment_id, prior_period,
               bool_and(discloses_cost) AS discloses_cost, sum(events) AS events,
               sum(tokens) AS tokens, sum(microjoules) * 1e-6 AS energy_joules,
               sum(co2_location) * 1e-9 AS co2_location_grams,
               sum(co2_market) * 1e-9 AS co2_market_grams,
               {", ".join(f"sum({name}) * 1e-12 AS {name}" for name in MONEY)}
        FROM parts
        GROUP BY 1, 2, 3
    ), line AS (
        SELECT line.*
        FROM settlement_statement_line line
        JOIN settlement_position position ON position.id = line.position_id
        JOIN settlement_settlement settlement ON settlement.id = position.settlement_id
        WHERE settlement.state = 'approved' AND line.deployment_id IS NOT NULL
    )
    SELECT format('position %s: its line of deployment %s is not the sum of its usage entries',
                  position_id, deployment_id)
    FROM used
    FULL JOIN line USING (position_id, deployment_id, prior_period)
    WHERE ({", ".join(f"used.{name}" for name in SUMMED)})
          IS DISTINCT FROM ({", ".join(f"line.{name}" for name in SUMMED)})
    UNION ALL
    SELECT format('position %s: its line of no deployment sums no corrections', line.position_id)
    FROM settlement_statement_line line
    JOIN settlement_position position ON position.id = line.position_id
    JOIN settlement_settlement settlement ON settlement.id = position.settlement_id
    WHERE settlement.state = 'approved' AND line.deployment_id IS NULL
      AND (line.events <> 0 OR line.discloses_cost OR NOT EXISTS (
            SELECT
            FROM settlement_settled_entry settled
            JOIN ledger_journal_entry entry ON entry.id = settled.entry_id
            WHERE settled.position_id = line.position_id
              AND entry.kind <> 'usage'
              AND (entry.kind = 'true_up') = (line.kind = 'true_up')
              AND entry.prior_period = line.prior_period))
"""
TRUE_UP_LINES: Final = """
    WITH posted AS (
        SELECT settled.position_id, entry.prior_period,
               -sum(posting.amount) FILTER (WHERE account.component <> 'fee') AS price,
               COALESCE(sum(posting.amount) FILTER (WHERE account.component = 'fee'), 0)
                   AS fee_provider
        FROM settlement_settled_entry settled
        JOIN ledger_journal_entry entry ON entry.id = settled.entry_id AND entry.kind = 'true_up'
        JOIN ledger_posting posting ON posting.entry_id = entry.id
        JOIN ledger_account account
            ON account.id = posting.account_id AND account.purpose = 'payable'
           AND account.commodity = settled.currency
        GROUP BY 1, 2
    ), line AS (
        SELECT line.position_id, line.prior_period, line.margin AS price, line.fee_provider
        FROM settlement_statement_line line
        JOIN settlement_position position ON position.id = line.position_id
        JOIN settlement_settlement settlement ON settlement.id = position.settlement_id
        WHERE settlement.state = 'approved' AND line.kind = 'true_up'
    )
    SELECT format('position %s: its line of true-ups is not the sum of their entries', position_id)
    FROM posted
    FULL JOIN line USING (position_id, prior_period)
    WHERE (posted.price, posted.fee_provider) IS DISTINCT FROM (line.price, line.fee_provider)
"""
IN_KIND: Final = """
    WITH posted AS (
        SELECT settled.position_id,
               COALESCE(sum(posting.amount) FILTER (WHERE account.purpose = 'tokens'), 0)
                   AS tokens,
               COALESCE(sum(posting.amount) FILTER (WHERE account.purpose = 'energy'), 0)
                   AS energy_joules,
               COALESCE(sum(posting.amount) FILTER (WHERE account.purpose = 'co2_location'), 0)
                   AS co2_location_grams,
               COALESCE(sum(posting.amount) FILTER (WHERE account.purpose = 'co2_market'), 0)
                   AS co2_market_grams
        FROM settlement_settled_entry settled
        JOIN ledger_posting posting ON posting.entry_id = settled.entry_id
        JOIN ledger_account account
            ON account.id = posting.account_id AND starts_with(account.code, 'consumer:')
        GROUP BY settled.position_id
    ), line AS (
        SELECT position_id, sum(tokens) AS tokens, sum(energy_joules) AS energy_joules,
               sum(co2_location_grams) AS co2_location_grams,
               sum(co2_market_grams) AS co2_market_grams
        FROM settlement_statement_line
        GROUP BY position_id
    )
    SELECT format('position %s: its lines do not sum to the tokens, joules and grams posted',
                  line.position_id)
    FROM line
    JOIN posted USING (position_id)
    WHERE (line.tokens, line.energy_joules, line.co2_location_grams, line.co2_market_grams)
          <> (posted.tokens, posted.energy_joules, posted.co2_location_grams,
              posted.co2_market_grams)
    ORDER BY line.position_id
"""
RESIDUES: Final = f"""
    WITH minor_unit (currency, amount) AS (VALUES {MINOR_UNITS}),
    latest AS (
        SELECT DISTINCT ON (position.agreement_id, settlement.currency)
               position.agreement_id, settlement.currency, position.id AS position_id,
               position.consumer_residue, position.provider_residue
        FROM settlement_position position
        JOIN settlement_settlement settlement ON settlement.id = position.settlement_id
        JOIN settlement_approval approval ON approval.settlement_id = settlement.id
        ORDER BY position.agreement_id, settlement.currency, approval.id DESC
    ), settled AS (
        SELECT settled.entry_id, settled.currency FROM settlement_settled_entry settled
        UNION
        SELECT position.journal_entry_id, settlement.currency
        FROM settlement_position position
        JOIN settlement_settlement settlement ON settlement.id = position.settlement_id
        WHERE position.journal_entry_id IS NOT NULL
    ), stands AS (
        SELECT entry.agreement_id, settled.currency,
               COALESCE(sum(posting.amount) FILTER (WHERE account.purpose = 'receivable'), 0)
                   AS receivable,
               COALESCE(-sum(posting.amount) FILTER (WHERE account.purpose = 'payable'), 0)
                   AS payable
        FROM settled
        JOIN ledger_journal_entry entry ON entry.id = settled.entry_id
        JOIN ledger_posting posting ON posting.entry_id = entry.id
        JOIN ledger_account account
            ON account.id = posting.account_id AND account.commodity = settled.currency
        GROUP BY entry.agreement_id, settled.currency
    )
    SELECT format('position %s left %s and %s; the accounts keep %s and %s of what was settled',
                  latest.position_id, latest.consumer_residue, latest.provider_residue,
                  stands.receivable, stands.payable)
    FROM latest
    LEFT JOIN stands USING (agreement_id, currency)
    LEFT JOIN minor_unit USING (currency)
    WHERE COALESCE(stands.receivable, 0) <> latest.consumer_residue
       OR COALESCE(stands.payable, 0) <> latest.provider_residue
       OR (abs(latest.consumer_residue) <= minor_unit.amount / 2
           AND abs(latest.provider_residue) <= minor_unit.amount / 2) IS NOT TRUE
    ORDER BY latest.position_id
"""

AUDITS: Final[tuple[Audit, ...]] = (
    audit("settlement-lines", "Lines sum to their position", LINES),
    audit("settlement-usage", "Lines of deployments sum usage entries", USAGE),
    audit("settlement-true-ups", "Lines of true-ups sum their entries", TRUE_UP_LINES),
    audit("settlement-in-kind", "Lines sum tokens, joules, grams posted", IN_KIND),
    audit("settlement-months", "Positions are of their settlement's month", MONTHS),
    audit("set-offs", "Entries post what set-offs say", SET_OFFS),
    audit("settlement-postings", "Entries post what positions say", POSTINGS),
    audit("settled-once", "Entries of a position are marked as settled", SETTLED_ONCE),
    audit("approvals", "Another person approved the calculated hash", APPROVALS),
    audit("residues", "What stays on accounts is at most half a minor unit", RESIDUES),
)
"""Beside those of the ledger; `ledger.audit.run(AUDITS)` runs them."""
