CREATE OR REPLACE FUNCTION ledger_usage_batch_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.provider_id, NEW.received_at, NEW.events)
           IS DISTINCT FROM (OLD.id, OLD.provider_id, OLD.received_at, OLD.events)
       OR (NEW.payload IS NOT NULL AND NEW.payload IS DISTINCT FROM OLD.payload)
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'restrict_violation',
            CONSTRAINT = 'ledger_usage_batch_content_fixed',
            TABLE = 'ledger_usage_batch',
            MESSAGE = format('batch %s is recorded: its content is never changed', OLD.id);
    END IF;
    IF NEW.payload IS NULL AND OLD.payload IS NOT NULL AND (
        OLD.state <> 'rated'
        OR EXISTS (SELECT FROM ledger_set_aside aside WHERE aside.batch_id = OLD.id)
    ) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'restrict_violation',
            CONSTRAINT = 'ledger_usage_batch_payload_needed',
            TABLE = 'ledger_usage_batch',
            MESSAGE = format('batch %s is still rated from its payload', OLD.id);
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER ledger_correction_append_only ON ledger_correction;
DROP TRIGGER ledger_correction_content_fixed ON ledger_correction;
DROP FUNCTION ledger_correction_check();
ALTER TABLE ledger_correction
    DROP CONSTRAINT ledger_correction_entries_of_applied,
    DROP CONSTRAINT ledger_correction_applied_to_event,
    DROP CONSTRAINT ledger_correction_refused_with_outcome,
    DROP CONSTRAINT ledger_correction_decided_once,
    DROP CONSTRAINT ledger_correction_requested_by_one,
    DROP CONSTRAINT ledger_correction_final_named,
    DROP CONSTRAINT ledger_correction_said_of_counts,
    DROP CONSTRAINT ledger_correction_counts_complete,
    DROP CONSTRAINT ledger_correction_amendment_stated,
    DROP CONSTRAINT ledger_correction_reason_given,
    DROP CONSTRAINT ledger_correction_number_positive,
    DROP CONSTRAINT ledger_correction_state_known,
    DROP CONSTRAINT ledger_correction_act_known;
