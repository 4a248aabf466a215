DROP INDEX ledger_usage_entry_corrected_once;
DROP TRIGGER ledger_rerating_entry_append_only ON ledger_rerating_entry;
DROP TRIGGER ledger_rerating_claim_append_only ON ledger_rerating_claim;
DROP TRIGGER ledger_rerating_claim_run_applying ON ledger_rerating_claim;
DROP FUNCTION ledger_rerating_claim_check();
DROP TRIGGER ledger_rerating_begins_proposed ON ledger_rerating;
DROP FUNCTION ledger_rerating_begins();
DROP TRIGGER ledger_rerating_append_only ON ledger_rerating;
DROP TRIGGER ledger_rerating_content_fixed ON ledger_rerating;
DROP FUNCTION ledger_rerating_check();
ALTER TABLE ledger_rerating_claim
    DROP CONSTRAINT ledger_rerating_claim_counts_not_negative,
    DROP CONSTRAINT ledger_rerating_claim_number_positive;
ALTER TABLE ledger_rerating
    DROP CONSTRAINT ledger_rerating_outcome_of_ended,
    DROP CONSTRAINT ledger_rerating_state_dated,
    DROP CONSTRAINT ledger_rerating_begun_whole,
    DROP CONSTRAINT ledger_rerating_approved_whole,
    DROP CONSTRAINT ledger_rerating_approved_by_another,
    DROP CONSTRAINT ledger_rerating_state_known,
    DROP CONSTRAINT ledger_rerating_digest_length,
    DROP CONSTRAINT ledger_rerating_reason_given,
    DROP CONSTRAINT ledger_rerating_span_forward;
