"""Attacks on coverage: what arrived is made to look like more, like less, or like in time."""

from typing import Final

from ledger.tokens import TOKEN_CLASSES
from tests.ledger.audit.attacks import attack


def flat(change: str) -> str:
    """Return a statement that changes the coverage of three events, one of them set aside."""
    return f"UPDATE ledger_coverage SET {change} WHERE numbered = 3"


COVERAGE: Final = (
    attack("an event that never came counted", flat("events = events + 1"), seen_by="coverage"),
    attack("a lost event's tokens added", flat("output = output + 500"), seen_by="coverage"),
    attack(
        "a lost event's number filled in",
        flat("sequences = '{[7,10)}'"),
        seen_by="coverage",
    ),
    attack(
        "a number that came twice said to have come once",
        flat("repeated_sequences = NULL, numbered = 2"),
        seen_by="coverage",
    ),
    attack(
        "a late batch made timely",
        flat("received_at = slot_starts_at"),
        seen_by="coverage",
    ),
    attack(
        "events moved to the next quarter hour",
        flat("slot_starts_at = slot_starts_at + '15 minutes'::interval"),
        seen_by="coverage",
    ),
    attack("events moved to another source", flat("source_id = 0"), seen_by="coverage"),
    attack("counts called unbelievable", flat("findings = 1"), seen_by="coverage"),
    attack(
        "coverage deleted",
        "DELETE FROM ledger_coverage WHERE numbered = 3",
        seen_by="coverage",
    ),
    attack(
        "coverage of a batch whose payload was dropped",
        """UPDATE ledger_coverage SET input = input + 1 WHERE batch_id =
               (SELECT batch_id FROM ledger_usage_entry WHERE event_id = 'bare')""",
        seen_by="coverage",
    ),
    attack(
        "coverage of a batch that never was",
        f"""INSERT INTO ledger_coverage (batch_id, source_id, slot_starts_at, received_at, events,
                findings, numbered, {", ".join(TOKEN_CLASSES)})
            SELECT 0, source_id, slot_starts_at, received_at, events, 0, 0,
                {", ".join(TOKEN_CLASSES)}
            FROM ledger_coverage LIMIT 1""",
        seen_by="coverage-batches",
    ),
    attack(
        "a batch's coverage deleted, and the batch marked as older than coverage",
        """DELETE FROM ledger_coverage WHERE batch_id =
               (SELECT max(id) FROM ledger_usage_batch)""",
        """UPDATE ledger_usage_batch SET covered = false
           WHERE id = (SELECT max(id) FROM ledger_usage_batch)""",
        seen_by="coverage-batches",
    ),
    attack(
        "a statement of a window taken back",
        "DELETE FROM ledger_manifest WHERE revision = 1",
        seen_by="manifests",
    ),
    attack(
        "an older statement of a window made the newest",
        "UPDATE ledger_manifest SET revision = 5 WHERE revision = 1",
        seen_by="manifests",
    ),
    attack(
        "a statement made to say what another said",
        "UPDATE ledger_manifest SET events = 3",
        seen_by="manifests",
    ),
    attack(
        "a statement moved to a source that is not there",
        "UPDATE ledger_manifest SET source_id = 0 WHERE revision = 2",
        seen_by="manifests foreign-keys",
    ),
    attack(
        "a batch with coverage marked as one without",
        """UPDATE ledger_usage_batch SET covered = false
           WHERE id = (SELECT min(id) FROM ledger_usage_batch)""",
        seen_by="coverage",
    ),
)
