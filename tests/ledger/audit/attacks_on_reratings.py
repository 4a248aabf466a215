"""Attacks on re-ratings, and on the usage entries that they booked."""

from typing import Final

from tests.ledger.audit.attacks import attack
from tests.ledger.audit.attacks_on_corrections import entry, minted

BOOKED: Final = "journal_entry_id IN (SELECT journal_entry_id FROM ledger_rerating_entry)"
REVERSAL: Final = f"kind = 'reversal' AND event_id = 'warm' AND {BOOKED}"
REPLACEMENT: Final = f"kind = 'rerate' AND event_id = 'warm' AND {BOOKED}"
OF_AN_AMENDED: Final = f"kind = 'rerate' AND event_id = 'warm-2' AND {BOOKED}"


def run(change: str) -> str:
    """Return a statement that changes the run."""
    return f"UPDATE ledger_rerating SET {change}"


RERATINGS: Final = (
    attack(
        "a re-rated entry of other tokens",
        entry("input = input + 1", OF_AN_AMENDED),
        seen_by="amounts usage-postings rollups bodies rerated true-up-sums",
    ),
    attack(
        "a re-rated entry of another status",
        entry("status = 'partial'", OF_AN_AMENDED),
        seen_by="bodies rerated",
    ),
    attack(
        "a re-rated entry of another project",
        entry("project = 'chat-2'", OF_AN_AMENDED),
        seen_by="bodies rerated rollups",
    ),
    attack(
        "a re-rated entry that replaces another one",
        entry("corrects_id = corrects_id - 1", OF_AN_AMENDED),
        seen_by="rerated standing bodies",
    ),
    attack(
        "a re-rated entry deleted",
        f"DELETE FROM ledger_usage_entry WHERE {OF_AN_AMENDED}",
        seen_by="usage-postings rollups rerated rerating-claims standing true-up-sums",
    ),
    attack(
        "a reversal by a re-rating deleted",
        f"DELETE FROM ledger_usage_entry WHERE {REVERSAL}",
        seen_by="usage-postings rollups rerated rerating-claims standing",
    ),
    attack(
        "a re-rated entry made twice",
        "DROP INDEX ledger_usage_entry_corrected_once",
        *minted("twice", of=OF_AN_AMENDED, change="id = id + 1000000"),
        seen_by="usage-postings rollups rerating-claims corrected-once standing true-up-sums",
    ),
    attack(
        "that a re-rating booked an entry, forgotten",
        "DELETE FROM ledger_rerating_entry",
        seen_by="correction-entries correction-order rerating-claims standing bodies",
    ),
    attack(
        "usage passed off as re-rated",
        "INSERT INTO ledger_rerating_entry (journal_entry_id, claim_id)"
        " SELECT journal_entry_id, (SELECT id FROM ledger_rerating_claim)"
        " FROM ledger_usage_entry WHERE event_id = 'late'",
        seen_by="rerated rerating-claims",
    ),
    attack(
        "a claim that took back more",
        "UPDATE ledger_rerating_claim SET taken_back = taken_back + 1",
        seen_by="rerating-claims",
    ),
    attack(
        "a claim of another number",
        "UPDATE ledger_rerating_claim SET number = 2",
        seen_by="rerating-runs",
    ),
    attack(
        "a claim that ends elsewhere",
        "UPDATE ledger_rerating_claim SET until_id = 1",
        seen_by="rerating-runs",
    ),
    attack(
        "a run of another scope",
        run("ends_at = ends_at + '1 hour'::interval"),
        seen_by="rerating-runs rerating-proposed",
    ),
    attack(
        "a run of somebody else's usage",
        run("provider_id = provider_id + 1"),
        seen_by="rerating-claims rerating-proposed",
    ),
    attack(
        "what a run was approved for",
        run("preview = jsonb_set(preview, '{lines,0,after,price}', '\"1\"')"),
        seen_by="rerating-proposed",
    ),
    attack(
        "what a run shows",
        run("preview = preview || '{\"entries\": 7}'"),
        seen_by="rerating-proposed",
    ),
    attack(
        "a run approved by who asked for it",
        "SET CONSTRAINTS ALL IMMEDIATE",
        "ALTER TABLE ledger_rerating DROP CONSTRAINT ledger_rerating_approved_by_another",
        run("approved_by_id = asked_by_id"),
        seen_by="rerating-runs",
    ),
    attack(
        "a run that is not done",
        run("state = 'applying', ended_at = NULL"),
        seen_by="rerating-runs",
    ),
)
