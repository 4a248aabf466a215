-- A payload is dropped when nothing is rated from it any more.
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
