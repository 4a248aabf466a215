"""Attacks on corrections, and on the usage entries that they booked."""

from typing import Final

from tests.ledger.audit.attacks import attack

REVERSAL: Final = "kind = 'reversal' AND event_id = 'holiday'"
REPLACEMENT: Final = (
    "id = (SELECT replacement_entry_id FROM ledger_correction WHERE event_id = 'bare-3')"
)
WITHOUT_ENTRIES: Final = (
    "reversed_entry_id = NULL, reversal_entry_id = NULL, replacement_entry_id = NULL"
)


def correction(change: str, where: str) -> str:
    """Return a statement that changes corrections."""
    return f"UPDATE ledger_correction SET {change} WHERE {where}"


def entry(change: str, where: str) -> str:
    """Return a statement that changes usage entries."""
    return f"UPDATE ledger_usage_entry SET {change} WHERE {where}"


def minted(name: str, *, of: str, change: str) -> tuple[str, ...]:
    """Return statements that add a usage entry like another one."""
    return (
        f"""CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS
            SELECT * FROM ledger_usage_entry WHERE {of}""",
        f"UPDATE {name} SET {change}",
        f"INSERT INTO ledger_usage_entry SELECT * FROM {name}",
    )


ENTRIES: Final = (
    attack(
        "a reversal of fewer tokens",
        entry("input = input + 1", REVERSAL),
        seen_by="amounts usage-postings rollups mirrored standing",
    ),
    attack(
        "a reversal of less money",
        entry("margin = margin + 1", REVERSAL),
        seen_by="amounts usage-postings rollups mirrored standing",
    ),
    attack(
        "a reversal of another status",
        entry("status = 'complete'", REVERSAL),
        seen_by="mirrored",
    ),
    attack(
        "a reversal with attributes of its own",
        entry("""attributes = '{"a": 1}'""", REVERSAL),
        seen_by="mirrored",
    ),
    attack(
        "a reversal that says that something else was written",
        entry("""written = '{"consumer": "sk-1"}'""", REVERSAL),
        seen_by="mirrored",
    ),
    attack(
        "a reversal of another entry",
        entry(
            "corrects_id = (SELECT id FROM ledger_usage_entry WHERE event_id = 'bare')", REVERSAL
        ),
        seen_by="mirrored correction-entries",
    ),
    attack(
        "a reversal of a reversal",
        entry(
            "corrects_id = (SELECT reversal_entry_id FROM ledger_correction"
            " WHERE event_id = 'holiday')",
            "kind = 'reversal' AND event_id = 'estimate'",
        ),
        seen_by="mirrored correction-entries",
    ),
    attack(
        "a second reversal",
        "DROP INDEX ledger_usage_entry_corrected_once",
        *minted("second", of=REVERSAL, change="id = id + 1000000"),
        seen_by="usage-postings rollups correction-entries standing corrected-once",
    ),
    attack(
        "a reversal that nobody asked for",
        *minted(
            "unasked",
            of="event_id = 'late-2'",
            change="id = id + 1000000, kind = 'reversal', corrects_id = id, input = -input,"
            " cache_read = -cache_read, output = -output",
        ),
        seen_by="amounts usage-postings rollups mirrored correction-entries",
    ),
    attack(
        "a reversal deleted",
        f"DELETE FROM ledger_usage_entry WHERE {REVERSAL}",
        seen_by="usage-postings rollups correction-entries standing",
    ),
    attack(
        "a replacement of other counts than were stated",
        entry("output = output + 1", REPLACEMENT),
        seen_by="amounts usage-postings rollups bodies",
    ),
    attack(
        "a replacement of another status than was stated",
        entry("status = 'complete'", REPLACEMENT),
        seen_by="bodies",
    ),
    attack(
        "a replacement of another entry",
        entry("corrects_id = corrects_id + 1", REPLACEMENT),
        seen_by="correction-entries",
    ),
    attack(
        "a replacement deleted",
        f"DELETE FROM ledger_usage_entry WHERE {REPLACEMENT}",
        seen_by="usage-postings rollups correction-entries standing",
    ),
)
CORRECTIONS: Final = (
    *(
        attack(name, correction(change, "event_id = 'bare-3'"), seen_by=seen_by)
        for name, change, seen_by in (
            ("a correction's reason", "reason = 'another'", "asked"),
            ("what an amendment stated", "status = 'failed'", "asked bodies"),
            ("attributes that were stated", """attributes = '{"n": 2.5}'""", "asked bodies"),
            ("counts that were stated", "counts = '{1,0,0,0,0,0,0,0,0}'", "asked bodies"),
            ("the event of a correction", "event_id = 'bare'", "asked"),
            ("the source of a correction", "source = 'urn:other'", "asked"),
            ("the number of a correction", "number = 2", "correction-order"),
            (
                "the key of a correction",
                "key = (SELECT key FROM ledger_correction WHERE event_id = 'holiday'), number = 9",
                "asked corrected-events correction-order",
            ),
            (
                "the batch of a correction",
                "batch_id = (SELECT max(batch_id) FROM ledger_correction)",
                "corrected-events correction-entries correction-order bodies",
            ),
            ("the row of a correction", "row = 7", "correction-entries correction-order"),
            (
                "the time of a correction's event",
                "occurred_at = occurred_at + '1 second'::interval",
                "correction-entries correction-order",
            ),
            (
                "a correction refused that was applied",
                f"state = 'refused', outcome = 'no', {WITHOUT_ENTRIES}",
                "bodies correction-entries",
            ),
        )
    ),
    attack(
        "a source's own words",
        correction("""said = '{"a": 1}'""", "event_id = 'peak-2' AND number = 1"),
        seen_by="asked",
    ),
    attack(
        "the row of a correction that waits",
        correction("row = 0", "event_id = 'flat'"),
        seen_by="bodies",
    ),
    attack(
        "the time of a correction of an event that is archived",
        correction("occurred_at = occurred_at + '1 second'::interval", "event_id = 'late-august'"),
        seen_by="bodies",
    ),
    attack(
        "a correction deleted",
        "DELETE FROM ledger_correction WHERE event_id = 'bare-3'",
        seen_by="bodies correction-entries",
    ),
    attack(
        "the first of two corrections deleted",
        "DELETE FROM ledger_correction WHERE event_id = 'peak-2' AND number = 1",
        seen_by="bodies correction-entries correction-order",
    ),
    attack(
        "a void that was never asked for",
        """INSERT INTO ledger_correction (provider_id, key, source, event_id, number, act, reason,
               content_hash, requested_by_user_id, recorded_at, state, attempts, next_attempt_at,
               lack, missing, detail, judged_by_publication, batch_id, row, occurred_at, decided_at,
               outcome)
           SELECT provider_id, key, source, event_id, 9, act, reason, content_hash,
               requested_by_user_id, recorded_at, state, attempts, next_attempt_at, lack, missing,
               detail, judged_by_publication, batch_id, row, occurred_at, decided_at, outcome
           FROM ledger_correction WHERE event_id = 'figure-2'""",
        seen_by="batches correction-order",
    ),
    attack(
        "a void of what was never entered, deleted",
        "DELETE FROM ledger_correction WHERE event_id = 'figure-2'",
        seen_by="batches bodies",
    ),
    attack(
        "a correction that waits before one that was applied",
        correction(
            f"state = 'waiting', decided_at = NULL, {WITHOUT_ENTRIES}",
            "event_id = 'peak-2' AND number = 1",
        ),
        seen_by="bodies correction-entries correction-order",
    ),
    attack(
        "what an event supersedes",
        correction("event_id = 'bare'", "final_event_id = 'figure'"),
        seen_by="asked bodies",
    ),
    attack(
        "what superseded an event",
        correction("final_event_id = 'another'", "final_event_id = 'figure'"),
        seen_by="asked",
    ),
    attack(
        "a superseding event of another row",
        correction("final_row = 77", "final_event_id = 'figure'"),
        seen_by="bodies",
    ),
    attack(
        "a superseding that was refused, deleted",
        "DELETE FROM ledger_correction WHERE final_event_id = 'figure-2'",
        seen_by="bodies",
    ),
)
