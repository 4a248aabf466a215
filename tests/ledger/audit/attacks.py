"""What somebody with a superuser's hands may do to the tables, and which audits must notice.

The statements change the books of `books.keep`. Each names all the audits that see it: one more
or one less is a change in what the audits prove.
"""

from dataclasses import dataclass
from typing import Final

LATE: Final = "(SELECT id FROM ledger_usage_entry WHERE event_id = 'late')"
OF_LATE: Final = "(SELECT journal_entry_id FROM ledger_usage_entry WHERE event_id = 'late')"
MANUAL: Final = "(SELECT max(id) FROM ledger_journal_entry WHERE kind = 'manual')"
RECEIVABLE: Final = "(SELECT id FROM ledger_account WHERE code = 'consumer:acme:receivable:CNY')"
PAYABLE: Final = (
    "(SELECT id FROM ledger_account WHERE code = 'provider:westcloud:payable:margin:CNY')"
)


@dataclass(frozen=True, slots=True)
class Attack:
    """Statements that change tables behind the program's back, and the audits that see it."""

    name: str
    statements: tuple[str, ...]
    seen_by: frozenset[str]


def attack(name: str, *statements: str, seen_by: str) -> Attack:
    """Return an attack; `seen_by` names the audits, apart by spaces."""
    return Attack(name, statements, frozenset(seen_by.split()))


BOOKS: Final = (
    attack(
        "a posting's last digit",
        f"""UPDATE ledger_posting SET amount = amount + 0.000000000001
            WHERE entry_id = {OF_LATE} AND account_id = {RECEIVABLE}""",
        seen_by="entries-balance balances usage-postings",
    ),
    attack(
        "two postings that cancel out, and their balances",
        f"""UPDATE ledger_posting SET amount = amount + 0.5
            WHERE entry_id = {OF_LATE} AND account_id = {RECEIVABLE}""",
        f"""UPDATE ledger_posting SET amount = amount - 0.5
            WHERE entry_id = {OF_LATE} AND account_id = {PAYABLE}""",
        f"""UPDATE ledger_balance SET debits = debits + 0.5
            WHERE accounting_date = '2026-11-01' AND account_id = {RECEIVABLE}""",
        f"""UPDATE ledger_balance SET credits = credits + 0.5
            WHERE accounting_date = '2026-11-01' AND account_id = {PAYABLE}""",
        seen_by="usage-postings",
    ),
    attack(
        "a posting deleted",
        f"DELETE FROM ledger_posting WHERE entry_id = {OF_LATE} AND account_id = {PAYABLE}",
        seen_by="entries-balance balances usage-postings",
    ),
    attack(
        "a posting moved to another account",
        f"""UPDATE ledger_posting SET account_id =
                (SELECT id FROM ledger_account WHERE code = 'consumer:globex:receivable:USD')
            WHERE entry_id = {OF_LATE} AND account_id = {RECEIVABLE}""",
        seen_by="entries-balance balances usage-postings",
    ),
    attack(
        "all postings of an entry deleted",
        f"DELETE FROM ledger_posting WHERE entry_id = {MANUAL}",
        """UPDATE ledger_balance SET debits = 0, credits = 0
            WHERE account_id IN (SELECT id FROM ledger_account WHERE commodity = 'USD')
              AND accounting_date = '2026-10-05'""",
        seen_by="entries-post balances residues",
    ),
    attack(
        "an entry added without postings",
        """INSERT INTO ledger_journal_entry
               (kind, accounting_date, prior_period, recorded_at, narrative)
           VALUES ('manual', '2026-10-05', false, now(), 'Nothing')""",
        seen_by="entries-post",
    ),
    attack(
        "an entry deleted and its postings left",
        f"DELETE FROM ledger_journal_entry WHERE id = {OF_LATE}",
        seen_by="foreign-keys balances references usage-postings",
    ),
    attack(
        "an account's commodity",
        f"""UPDATE ledger_account SET commodity = 'USD', component = 'premium',
                code = 'provider:westcloud:payable:premium:USD' WHERE id = {PAYABLE}""",
        seen_by="entries-balance trial-balance usage-postings",
    ),
    attack(
        "a balance's counter",
        f"""UPDATE ledger_balance SET debits = debits + 1
            WHERE account_id = {RECEIVABLE} AND accounting_date = '2026-10-05'""",
        seen_by="balances trial-balance",
    ),
    attack(
        "both counters of a balance",
        f"""UPDATE ledger_balance SET debits = debits + 1, credits = credits + 1
            WHERE account_id = {RECEIVABLE} AND accounting_date = '2026-10-05'""",
        seen_by="balances",
    ),
    attack(
        "a balance deleted",
        f"""DELETE FROM ledger_balance
            WHERE account_id = {RECEIVABLE} AND accounting_date = '2026-11-01'""",
        seen_by="balances trial-balance",
    ),
    attack(
        "money left in transit",
        """INSERT INTO ledger_account (code, purpose, component, commodity)
           VALUES ('platform:in_transit:stripe:CNY', 'in_transit', 'stripe', 'CNY')""",
        f"""UPDATE ledger_balance
            SET account_id = (SELECT id FROM ledger_account WHERE purpose = 'in_transit')
            WHERE account_id = {RECEIVABLE} AND accounting_date = '2026-11-01'""",
        seen_by="balances in-transit",
    ),
    attack(
        "an entry's accounting date",
        f"UPDATE ledger_journal_entry SET accounting_date = '2026-11-02' WHERE id = {OF_LATE}",
        seen_by="balances accounting-dates",
    ),
    attack(
        "an entry's accounting date, out of its period",
        f"UPDATE ledger_journal_entry SET accounting_date = '2026-12-02' WHERE id = {MANUAL}",
        seen_by="balances periods settlement-months",
    ),
    attack(
        "an entry called late that was not",
        """UPDATE ledger_journal_entry SET prior_period = true
           WHERE kind = 'usage' AND accounting_date = '2026-10-06'""",
        seen_by="accounting-dates settlement-usage",
    ),
    attack(
        "a period's span",
        "UPDATE ledger_period SET starts_on = '2026-10-06' WHERE starts_on = '2026-10-01'",
        seen_by="periods months accounting-dates settlement-months",
    ),
    attack(
        "a closed period opened again",
        """UPDATE ledger_period SET state = 'open', closed_at = NULL, closed_by_id = NULL
           WHERE starts_on = '2026-10-01'""",
        seen_by="accounting-dates settlement-months",
    ),
    attack(
        "an entry put into a month that was closed long before it",
        f"UPDATE ledger_journal_entry SET recorded_at = recorded_at + '1 year' WHERE id = {MANUAL}",
        seen_by="months",
    ),
    attack(
        "an entry's agreement",
        f"""UPDATE ledger_journal_entry SET agreement_id =
                (SELECT id FROM ledger_agreement WHERE code = 'westcloud-acme')
            WHERE id = {MANUAL}""",
        seen_by="periods residues settlement-months",
    ),
    attack(
        "a reversal turned into an entry of its own",
        "UPDATE ledger_journal_entry SET reverses_id = NULL WHERE kind = 'reversal'",
        seen_by="reversals",
    ),
    attack(
        "half of what was reversed",
        """UPDATE ledger_posting SET amount = amount / 2 WHERE entry_id IN
               (SELECT id FROM ledger_journal_entry WHERE kind = 'reversal')""",
        seen_by="balances reversals residues",
    ),
    attack(
        "an account handed to another party",
        f"""UPDATE ledger_account SET party_id =
                (SELECT id FROM ledger_party WHERE code = 'globex') WHERE id = {RECEIVABLE}""",
        seen_by="accounts usage-postings",
    ),
    attack(
        "two accounts' codes exchanged",
        f"UPDATE ledger_account SET code = 'x:CNY' WHERE id = {RECEIVABLE}",
        f"""UPDATE ledger_account SET code = 'consumer:acme:receivable:CNY' WHERE id = {PAYABLE}""",
        seen_by="accounts usage-postings",
    ),
)


def late(change: str) -> str:
    """Return a statement that changes the usage entry of the late event."""
    return f"UPDATE ledger_usage_entry SET {change} WHERE event_id = 'late'"


USAGE: Final = (
    attack(
        "a usage entry's tokens",
        late("output = output + 1"),
        seen_by="amounts usage-postings rollups bodies",
    ),
    attack(
        "a usage entry's money by a pico-unit",
        late("margin = margin + 1"),
        seen_by="amounts usage-postings rollups",
    ),
    attack(
        "a usage entry's money moved between its components",
        late("margin = margin + 1, compute = compute - 1"),
        seen_by="amounts usage-postings rollups",
    ),
    attack(
        "a usage entry's fee",
        late("fee_consumer = fee_consumer - 1, fee_provider = fee_provider + 1"),
        seen_by="amounts usage-postings rollups",
    ),
    attack(
        "a usage entry's joules",
        late("energy_microjoules = energy_microjoules + 1"),
        seen_by="amounts usage-postings rollups",
    ),
    attack(
        "a usage entry's GPU time, which is posted nowhere",
        late("gpu_nanoseconds = gpu_nanoseconds + 1"),
        seen_by="amounts rollups",
    ),
    attack(
        "a dearer rate named by a usage entry",
        late(
            """price_rate_id = (SELECT price_rate_id FROM ledger_usage_entry
                                WHERE event_id = 'timeless')"""
        ),
        seen_by="amounts rates-in-force",
    ),
    attack(
        "another band's rate named by a usage entry",
        """UPDATE ledger_usage_entry SET price_rate_id =
               (SELECT price_rate_id FROM ledger_usage_entry WHERE event_id = 'long')
           WHERE event_id = 'flat'""",
        seen_by="amounts rates-in-force",
    ),
    attack(
        "the nearest band's profile taken away",
        """UPDATE ledger_serving_profile SET context_from_tokens = 9000
           WHERE context_from_tokens = 10000""",
        seen_by="rate-sources rates-in-force",
    ),
    attack(
        "a usage entry's tokens beyond what can be summed",
        late("input = 9223372036854775807"),
        seen_by="amounts usage-postings rollups bodies rates-in-force",
    ),
    attack(
        "a rate named by a usage entry that is not there",
        late("price_rate_id = 0"),
        seen_by="references usage-postings rollups",
    ),
    attack(
        "another agreement's rate named by a usage entry",
        late(
            """price_rate_id = (SELECT price_rate_id FROM ledger_usage_entry
                                WHERE event_id = 'dollars')"""
        ),
        seen_by="references amounts usage-postings rollups rates-in-force",
    ),
    attack(
        "another agreement's journal entry named by a usage entry",
        late(
            """journal_entry_id = (SELECT journal_entry_id FROM ledger_usage_entry
                                   WHERE event_id = 'dollars')"""
        ),
        seen_by="references usage-postings settlement-usage",
    ),
    attack(
        "a usage entry deleted",
        "DELETE FROM ledger_usage_entry WHERE event_id = 'late'",
        seen_by="usage-postings rollups batches bodies",
    ),
    attack(
        "a usage entry doubled",
        """CREATE TEMPORARY TABLE doubled ON COMMIT DROP AS
           SELECT * FROM ledger_usage_entry WHERE event_id = 'late'""",
        "UPDATE doubled SET id = id + 1000000",
        "INSERT INTO ledger_usage_entry SELECT * FROM doubled",
        seen_by="usage-postings rollups batches",
    ),
    attack(
        "a usage entry's time, within its quarter hour",
        late("occurred_at = occurred_at + '1 second'::interval"),
        seen_by="bodies",
    ),
    attack(
        "a usage entry's time, from peak to flat hours",
        late("occurred_at = occurred_at + '4 hours'::interval"),
        seen_by="rollups bodies rates-in-force",
    ),
    attack(
        "a usage entry's consumer",
        late("consumer_id = (SELECT id FROM ledger_party WHERE code = 'globex')"),
        seen_by="references usage-postings rollups bodies",
    ),
    attack(
        "a usage entry's project",
        late("project = 'another'"),
        seen_by="rollups bodies",
    ),
    attack(
        "a usage entry's deployment",
        late("deployment_id = 0"),
        seen_by="references usage-postings rollups bodies",
    ),
    attack("a usage entry's status", late("status = 'cancelled'"), seen_by="bodies"),
    attack(
        "a usage entry's attributes",
        """UPDATE ledger_usage_entry SET attributes = '{"key": "k2", "n": 1.5}'
           WHERE event_id = 'peak'""",
        seen_by="bodies",
    ),
    attack(
        "a usage entry's event",
        late("event_id = 'another'"),
        seen_by="register bodies",
    ),
    attack("a usage entry's source", late("source_id = 0"), seen_by="references bodies"),
    attack(
        "two usage entries under one id",
        late("id = (SELECT id FROM ledger_usage_entry WHERE event_id = 'flat')"),
        seen_by="entry-ids",
    ),
    attack("a usage entry's row", late("row = 7"), seen_by="bodies"),
    attack(
        "a usage entry's context band",
        late("context_from_tokens = 10000"),
        seen_by="rates-in-force",
    ),
    attack(
        "a usage entry passed off as a correction",
        late("kind = 'rerate', corrects_id = 1"),
        seen_by="batches bodies",
    ),
    attack(
        "a rollup's sum", "UPDATE ledger_usage_rollup SET margin = margin + 1", seen_by="rollups"
    ),
    attack("a rollup deleted", "DELETE FROM ledger_usage_rollup", seen_by="rollups"),
    attack(
        "an identity deleted from the register",
        """DELETE FROM ledger_event_key WHERE batch_id =
               (SELECT batch_id FROM ledger_usage_entry WHERE event_id = 'dollars')""",
        seen_by="register batches bodies",
    ),
    attack(
        "an identity's body",
        """UPDATE ledger_event_key SET body_hash = gen_random_uuid() WHERE batch_id =
               (SELECT batch_id FROM ledger_usage_entry WHERE event_id = 'dollars')""",
        seen_by="bodies",
    ),
    attack(
        "a batch's payload replaced by another's",
        """UPDATE ledger_usage_batch SET payload =
               (SELECT payload FROM ledger_usage_batch ORDER BY id LIMIT 1)
           WHERE id = (SELECT max(id) FROM ledger_usage_batch)""",
        seen_by="bodies",
    ),
    attack(
        "a batch's payload made unreadable",
        r"""UPDATE ledger_usage_batch SET payload = '\x00'
            WHERE id = (SELECT max(id) FROM ledger_usage_batch)""",
        seen_by="bodies",
    ),
    attack(
        "tokens of a batch whose payload was dropped",
        "UPDATE ledger_usage_entry SET input = input + 1 WHERE event_id = 'bare'",
        seen_by="amounts usage-postings rollups bodies settlement-usage",
    ),
    attack(
        "a payload dropped that is still needed",
        """UPDATE ledger_usage_batch SET payload = NULL
           WHERE id = (SELECT batch_id FROM ledger_set_aside)""",
        seen_by="bodies",
    ),
    attack(
        "a batch's receipt, which stands for a time",
        "UPDATE ledger_usage_batch SET received_at = received_at - '1 day'::interval",
        seen_by="bodies",
    ),
    attack(
        "a batch sent back to the queue",
        "UPDATE ledger_usage_batch SET state = 'pending', rated_at = NULL"
        " WHERE payload IS NOT NULL",
        seen_by="batches",
    ),
    attack(
        "a batch's size", "UPDATE ledger_usage_batch SET events = events + 1", seen_by="batches"
    ),
    attack(
        "a batch deleted",
        """DELETE FROM ledger_usage_batch
            WHERE id = (SELECT batch_id FROM ledger_usage_entry WHERE event_id = 'late')""",
        seen_by="references batches",
    ),
    attack("a set-aside event deleted", "DELETE FROM ledger_set_aside", seen_by="batches bodies"),
    attack(
        "a set-aside event of a row that is not there",
        "UPDATE ledger_set_aside SET row = 99",
        seen_by="bodies",
    ),
    attack(
        "a set-aside event of another batch",
        "UPDATE ledger_set_aside SET batch_id = 0",
        seen_by="foreign-keys batches bodies",
    ),
    attack(
        "a set-aside event's time",
        "UPDATE ledger_set_aside SET occurred_at = '2026-09-01T00:00:00Z'",
        seen_by="bodies",
    ),
    attack(
        "an event set aside that is entered",
        """INSERT INTO ledger_set_aside (batch_id, row, provider_id, event_id, occurred_at, reason,
                missing, since, attempts, retry_at, judged_by_publication)
            SELECT batch_id, row, provider_id, event_id, occurred_at, 'error', '', now(), 1, now(),
                1
            FROM ledger_usage_entry WHERE event_id = 'late'""",
        seen_by="batches bodies",
    ),
)
RATES: Final = (
    attack(
        "a slot rate's figure per token",
        "UPDATE ledger_slot_rate SET energy[1] = energy[1] + 1",
        seen_by="slot-rates",
    ),
    attack(
        "a slot rate's joules per token",
        "UPDATE ledger_slot_rate SET energy_microjoules[1] = energy_microjoules[1] + 1",
        seen_by="slot-rates amounts",
    ),
    attack(
        "a price rate's figure per token",
        "UPDATE ledger_price_rate SET price[1] = price[1] + 1, margin[1] = margin[1] + 1",
        seen_by="price-rates amounts",
    ),
    attack(
        "a price that is not the sum of its parts",
        "UPDATE ledger_price_rate SET price[1] = price[1] + 1",
        seen_by="price-rates price-parts",
    ),
    attack(
        "a price rate's inputs",
        """UPDATE ledger_price_rate
           SET inputs = jsonb_set(inputs, '{terms,fee_rate}', '"0.5"')""",
        seen_by="price-rates rate-sources",
    ),
    attack(
        "a slot rate's inputs",
        """UPDATE ledger_slot_rate SET inputs = jsonb_set(inputs, '{pue,pue}', '"1.3"')""",
        seen_by="slot-rates price-rates rate-sources",
    ),
    attack(
        "inputs emptied",
        "UPDATE ledger_slot_rate SET inputs = '{}'",
        seen_by="slot-rates price-rates rate-sources rates-in-force",
    ),
    attack(
        "a tariff's terms emptied",
        "UPDATE ledger_tariff_version SET terms = '{}'",
        seen_by="rate-sources rates-in-force",
    ),
    attack(
        "another slot rate beneath a price rate",
        """UPDATE ledger_price_rate SET slot_rate_id =
               (SELECT price_rate.slot_rate_id FROM ledger_usage_entry entry
                JOIN ledger_price_rate price_rate ON price_rate.id = entry.price_rate_id
                WHERE entry.event_id = 'flat')
           WHERE id = (SELECT price_rate_id FROM ledger_usage_entry WHERE event_id = 'late')""",
        seen_by="price-rates rates-in-force",
    ),
    attack(
        "a price rate's currency",
        "UPDATE ledger_price_rate SET currency = 'EUR'",
        seen_by="rate-sources usage-postings rollups",
    ),
    attack(
        "an agreement version's currency",
        "UPDATE ledger_agreement_version SET currency = 'EUR'",
        seen_by="rate-sources",
    ),
    attack(
        "an agreement version's fee",
        "UPDATE ledger_agreement_version SET fee_rate = fee_rate + 0.000000000001",
        seen_by="rate-sources",
    ),
    attack(
        "a rate card's margin",
        """UPDATE ledger_rate_card_version SET terms = jsonb_set(terms, '{margin}', '"0.3"')""",
        seen_by="rate-sources",
    ),
    attack(
        "a tariff's price",
        """UPDATE ledger_tariff_version
           SET terms = jsonb_set(terms, '{published,peak}', '"0.73"')""",
        seen_by="rate-sources rates-in-force",
    ),
    attack(
        "a tariff's peak hours",
        """UPDATE ledger_tariff_version
           SET terms = jsonb_set(terms, '{windows,1,spans,0,0}', '"10:45"')""",
        seen_by="rates-in-force",
    ),
    *(
        attack(name, f"UPDATE {table} SET {change}", seen_by="rate-sources")
        for name, table, change in (
            ("a site's PUE", "ledger_site_pue", "pue = 1.19"),
            ("a GPU-hour's price", "ledger_gpu_hour_price", "price = price + 1"),
            ("a deployment's utilisation", "ledger_deployment_terms", "utilisation = 0.6"),
            ("a site's green share", "ledger_green_supply", "share = 0.6"),
            ("a zone's carbon", "ledger_carbon_factor", "grams_per_kwh = 1"),
            ("an exchange rate", "ledger_fx_rate", "rate = 0.15"),
            ("a profile's boundary", "ledger_serving_profile", "boundary = 'gpu'"),
            ("a version's provenance", "ledger_site_pue", "provenance_id = NULL"),
            ("a deployment's currency", "ledger_deployment", "currency = 'EUR'"),
            ("a site's grid zone", "ledger_site", "grid_zone = 'CN-BJ'"),
        )
    ),
    attack("a version deleted", "DELETE FROM ledger_green_supply", seen_by="rate-sources"),
    attack(
        "a version begun after its usage",
        "UPDATE ledger_green_supply SET valid_from = '2026-10-18T00:00:00Z'",
        seen_by="rates-in-force",
    ),
    attack(
        "a version withdrawn",
        "UPDATE ledger_deployment_terms SET withdrawn = true",
        seen_by="rates-in-force",
    ),
    attack(
        "a holiday struck off",
        "UPDATE ledger_holiday_year SET days = '{}'",
        seen_by="rates-in-force",
    ),
    attack(
        "a site's tariff",
        """INSERT INTO ledger_tariff (code, name, currency, time_zone)
           VALUES ('another', 'Another', 'CNY', 'Asia/Shanghai')""",
        """UPDATE ledger_site_tariff
           SET tariff_id = (SELECT id FROM ledger_tariff WHERE code = 'another')""",
        seen_by="rates-in-force",
    ),
    attack(
        "an agreement's time zone",
        "UPDATE ledger_agreement SET time_zone = 'America/Los_Angeles'",
        seen_by="accounting-dates",
    ),
)
SETTLEMENT: Final = (
    attack(
        "a statement's line",
        "UPDATE settlement_statement_line SET margin = margin + 0.000000000001",
        seen_by="settlement-lines settlement-usage",
    ),
    attack(
        "a statement line's tokens",
        "UPDATE settlement_statement_line SET tokens = tokens + 1 WHERE deployment_id IS NOT NULL",
        seen_by="settlement-usage settlement-in-kind",
    ),
    attack(
        "what was set off",
        "UPDATE settlement_netting SET amount = amount + 0.01",
        seen_by="set-offs",
    ),
    attack(
        "what is due",
        """UPDATE ledger_posting SET amount = amount + 0.01 WHERE account_id IN
               (SELECT id FROM ledger_account WHERE code = 'consumer:acme:due:CNY')""",
        seen_by="settlement-postings entries-balance balances",
    ),
    attack(
        "the marks of what is settled",
        "DELETE FROM settlement_settled_entry",
        seen_by="settled-once settlement-usage residues",
    ),
    attack(
        "what was approved",
        "UPDATE settlement_approval SET input_hash = 'another'",
        seen_by="approvals",
    ),
    attack(
        "who approved",
        """UPDATE settlement_approval
           SET checker_id = (SELECT made_by_id FROM settlement_settlement LIMIT 1)""",
        seen_by="approvals",
    ),
    attack(
        "a residue",
        """UPDATE settlement_position SET consumer_residue = consumer_residue + 0.000000000001,
               price = price + 0.000000000001, fee_provider = fee_provider + 0.000000000001""",
        seen_by="settlement-lines residues",
    ),
)
