-- What a correction may be. Each refusal carries the name under which ledger/constraints.py knows it.
ALTER TABLE ledger_correction
    ADD CONSTRAINT ledger_correction_act_known CHECK (act IN ('void', 'amend', 'supersede')),
    ADD CONSTRAINT ledger_correction_state_known
        CHECK (state IN ('waiting', 'applied', 'refused')),
    ADD CONSTRAINT ledger_correction_number_positive CHECK (number > 0),
    ADD CONSTRAINT ledger_correction_reason_given CHECK (reason <> ''),
    ADD CONSTRAINT ledger_correction_amendment_stated CHECK (
        (act = 'amend')
        = (num_nonnulls(consumer, project, deployment, status, counts, attributes) > 0)
    ),
    ADD CONSTRAINT ledger_correction_counts_complete CHECK (
        counts IS NULL OR (cardinality(counts) = 9 AND 0 <= ALL (counts))
    ),
    ADD CONSTRAINT ledger_correction_said_of_counts CHECK (said IS NULL OR counts IS NOT NULL),
    ADD CONSTRAINT ledger_correction_final_named CHECK (
        num_nonnulls(final_event_id, final_batch_id, final_row)
        = CASE act WHEN 'supersede' THEN 3 ELSE 0 END
    ),
    ADD CONSTRAINT ledger_correction_requested_by_one CHECK (
        num_nonnulls(requested_by_key_id, requested_by_user_id)
        = CASE act WHEN 'supersede' THEN 0 ELSE 1 END
    ),
    ADD CONSTRAINT ledger_correction_decided_once CHECK (
        (state = 'waiting') = (decided_at IS NULL)
    ),
    ADD CONSTRAINT ledger_correction_refused_with_outcome CHECK (
        (state = 'refused') = (outcome <> '')
    ),
    ADD CONSTRAINT ledger_correction_applied_to_event CHECK (
        state <> 'applied' OR num_nonnulls(batch_id, row, occurred_at) = 3
    ),
    ADD CONSTRAINT ledger_correction_entries_of_applied CHECK (
        CASE state
            WHEN 'applied' THEN (reversed_entry_id IS NULL) = (reversal_entry_id IS NULL)
                                AND (act = 'amend') = (replacement_entry_id IS NOT NULL)
            ELSE num_nonnulls(reversed_entry_id, reversal_entry_id, replacement_entry_id) = 0
        END
    );

-- What was asked is never edited. What became of it is written while it waits, and then stands.
CREATE FUNCTION ledger_correction_check() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    same ledger_correction := NEW;
BEGIN
    same.state := OLD.state;
    same.attempts := OLD.attempts;
    same.next_attempt_at := OLD.next_attempt_at;
    same.lack := OLD.lack;
    same.missing := OLD.missing;
    same.detail := OLD.detail;
    same.judged_by_publication := OLD.judged_by_publication;
    same.decided_at := OLD.decided_at;
    same.outcome := OLD.outcome;
    same.reversed_entry_id := OLD.reversed_entry_id;
    same.reversal_entry_id := OLD.reversal_entry_id;
    same.replacement_entry_id := OLD.replacement_entry_id;
    -- Where the event is gets known once.
    IF OLD.batch_id IS NULL THEN
        same.batch_id := NULL;
    END IF;
    IF OLD.row IS NULL THEN
        same.row := NULL;
    END IF;
    IF OLD.occurred_at IS NULL THEN
        same.occurred_at := NULL;
    END IF;
    IF OLD.state <> 'waiting' OR same IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION USING
            ERRCODE = 'restrict_violation',
            CONSTRAINT = 'ledger_correction_content_fixed',
            TABLE = 'ledger_correction',
            MESSAGE = format('correction %s is recorded and %s: record another one instead of '
                             'changing it', OLD.id, OLD.state);
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER ledger_correction_content_fixed BEFORE UPDATE ON ledger_correction
    FOR EACH ROW EXECUTE FUNCTION ledger_correction_check();
CREATE TRIGGER ledger_correction_append_only BEFORE DELETE OR TRUNCATE ON ledger_correction
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();

-- An event that was amended before it was entered stands as it was posted in the payload alone.
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
        OR EXISTS (
            SELECT FROM ledger_correction correction
            WHERE correction.batch_id = OLD.id AND correction.state = 'applied'
              AND correction.act = 'amend' AND correction.reversed_entry_id IS NULL)
    ) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'restrict_violation',
            CONSTRAINT = 'ledger_usage_batch_payload_needed',
            TABLE = 'ledger_usage_batch',
            MESSAGE = format('batch %s is still rated from its payload, or held against it', OLD.id);
    END IF;
    RETURN NEW;
END $$;
