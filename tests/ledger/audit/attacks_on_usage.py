"""Attacks on usage entries, rollups, batches, the register, and on what is set aside."""

from typing import Final

from tests.ledger.audit.attacks import attack, late

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
        seen_by="batches correction-entries",
    ),
    attack(
        "a rollup's sum",
        "UPDATE ledger_usage_rollup SET margin = margin + 1",
        seen_by="rollups archives true-up-sums",
    ),
    attack(
        "a rollup deleted",
        "DELETE FROM ledger_usage_rollup",
        seen_by="rollups archives true-up-sums",
    ),
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
        seen_by="bodies coverage",
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
        seen_by="amounts usage-postings rollups bodies settlement-usage coverage",
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
        seen_by="bodies coverage",
    ),
    attack(
        "a batch sent back to the queue",
        "UPDATE ledger_usage_batch SET state = 'pending', rated_at = NULL"
        " WHERE payload IS NOT NULL",
        seen_by="batches",
    ),
    attack(
        "a batch's size",
        "UPDATE ledger_usage_batch SET events = events + 1",
        seen_by="batches coverage",
    ),
    attack(
        "a batch deleted",
        """DELETE FROM ledger_usage_batch
            WHERE id = (SELECT batch_id FROM ledger_usage_entry WHERE event_id = 'late')""",
        seen_by="references batches coverage-batches",
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
        "a set-aside event's source",
        "INSERT INTO ledger_source (provider_id, uri, accepts_from, first_seen_at)"
        " SELECT provider_id, 'another', accepts_from, first_seen_at FROM ledger_source",
        """UPDATE ledger_set_aside
           SET source_id = (SELECT id FROM ledger_source WHERE uri = 'another')""",
        seen_by="bodies",
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
