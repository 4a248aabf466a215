"""Attacks on what is kept of archived months: their record, their sums, their table, their hours.

August is archived, and its table stands by itself; September was archived and is back.
"""

from typing import Final

from tests.ledger.audit.attacks import attack

AUGUST: Final = "ledger_usage_entry_202608"

ARCHIVES: Final = (
    attack(
        "the sums of an archived month",
        "UPDATE ledger_archived_month SET margin = margin + 1 WHERE month = '2026-08-01'",
        seen_by="archives archive-copies",
    ),
    attack(
        "the sums of a journal entry, of usage that is archived",
        "UPDATE ledger_archived_usage SET margin = margin + 1, compute = compute - 1"
        " WHERE rows = 3",
        seen_by="archives archive-copies usage-postings settlement-usage",
    ),
    attack(
        "the sums of two journal entries, of usage that is archived, in step",
        """UPDATE ledger_archived_usage SET gpu_nanoseconds = gpu_nanoseconds + 1
           WHERE rows = 3""",
        """UPDATE ledger_archived_usage SET gpu_nanoseconds = gpu_nanoseconds - 1
           WHERE journal_entry_id = (SELECT max(journal_entry_id) FROM ledger_archived_usage
                                     WHERE archive_id IN (SELECT archive_id
                                                          FROM ledger_archived_usage
                                                          WHERE rows = 3))""",
        seen_by="archives archive-copies",
    ),
    attack(
        "archived usage that belongs to nobody",
        "DELETE FROM ledger_archived_usage WHERE rows = 3",
        seen_by="archives archive-copies usage-postings settlement-usage",
    ),
    attack(
        "archived usage of another journal entry",
        """UPDATE ledger_archived_usage SET journal_entry_id =
               (SELECT max(id) FROM ledger_journal_entry WHERE kind = 'usage')
           WHERE rows = 3""",
        seen_by="archive-copies usage-postings settlement-usage",
    ),
    attack(
        "archived usage of a journal entry that is not of usage",
        """UPDATE ledger_archived_usage SET journal_entry_id =
               (SELECT min(id) FROM ledger_journal_entry WHERE kind = 'manual')
           WHERE rows = 3""",
        seen_by="archives archive-copies usage-postings",
    ),
    attack(
        "an archived event forgotten",
        """UPDATE ledger_archived_batch SET events = events - 1,
               batch_rows = batch_rows - int4multirange(int4range(1, 2))
           WHERE events = 5""",
        seen_by="batches bodies",
    ),
    attack(
        "an archived event taken for another",
        """UPDATE ledger_archived_batch SET
               batch_rows = batch_rows - int4multirange(int4range(1, 2))
                            + int4multirange(int4range(7, 8))
           WHERE events = 5""",
        seen_by="bodies",
    ),
    attack(
        "a row of a batch that is in an archive and in the journal",
        """UPDATE ledger_archived_batch SET events = events + 1,
               batch_rows = batch_rows + int4multirange(int4range(5, 6))
           WHERE events = 5""",
        seen_by="batches bodies",
    ),
    attack(
        "an archived month's hour",
        """UPDATE ledger_usage_rollup SET events = events + 1
           WHERE hour = (SELECT min(hour) FROM ledger_usage_rollup)""",
        seen_by="archives",
    ),
    attack(
        "tokens moved between two hours of an archived month",
        """UPDATE ledger_usage_rollup SET hour = hour + '1 hour'::interval
           WHERE hour = (SELECT min(hour) FROM ledger_usage_rollup)""",
        seen_by="archives",
    ),
    attack(
        "an archived month attached again behind the books' back",
        f"""ALTER TABLE ledger_usage_entry ATTACH PARTITION {AUGUST}
            FOR VALUES FROM ('2026-08-01 00:00+00') TO ('2026-09-01 00:00+00')""",
        seen_by="archives usage-postings rollups batches bodies settlement-usage"
        " correction-entries",
    ),
    attack(
        "an archive said to be restored",
        """INSERT INTO ledger_restored_month (archive_id, origin, restored_at, restored_by)
           SELECT id, 'table', now(), 'nobody' FROM ledger_archived_month
           WHERE month = '2026-08-01'""",
        seen_by="usage-postings rollups batches bodies settlement-usage"
        " correction-entries correction-order",
    ),
    attack(
        "an archive's restoring forgotten",
        "DELETE FROM ledger_restored_month",
        seen_by="archives usage-postings rollups batches bodies settlement-usage"
        " correction-entries",
    ),
    attack(
        "an archived usage entry, in the table that stands by itself",
        f"UPDATE {AUGUST} SET event_id = 'another' WHERE event_id = 'august-1'",
        seen_by="archive-copies",
    ),
    attack(
        "two archived usage entries, so that their sums stay",
        f"""UPDATE {AUGUST} SET output = output + CASE event_id WHEN 'august-1' THEN 1 ELSE -1 END
            WHERE event_id IN ('august-1', 'august-2')""",
        seen_by="archive-copies",
    ),
    attack(
        "an archived usage entry deleted",
        f"DELETE FROM {AUGUST} WHERE event_id = 'august-1'",
        seen_by="archive-copies",
    ),
    attack(
        "the name of an archive's file",
        "UPDATE ledger_archived_month SET file_name = 'usage-2026-08-000000000000.parquet'"
        " WHERE month = '2026-08-01'",
        seen_by="archives",
    ),
    attack(
        "the hash of an archive's file",
        "UPDATE ledger_archived_month SET sha256 = left(sha256, 63) || CASE right(sha256, 1)"
        " WHEN '0' THEN '1' ELSE '0' END WHERE month = '2026-08-01'",
        seen_by="archive-copies",
    ),
)
