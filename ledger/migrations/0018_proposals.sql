-- A proposal is decided once, and what was proposed stays as it was.
CREATE FUNCTION ledger_proposal_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'open'
       OR (NEW.id, NEW.document, NEW.document_sha256, NEW.note, NEW.changes, NEW.changes_sha256,
           NEW.effects, NEW.proposed_at, NEW.proposed_by_id)
           IS DISTINCT FROM
          (OLD.id, OLD.document, OLD.document_sha256, OLD.note, OLD.changes, OLD.changes_sha256,
           OLD.effects, OLD.proposed_at, OLD.proposed_by_id)
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'restrict_violation',
            CONSTRAINT = 'ledger_proposal_content_fixed',
            TABLE = 'ledger_proposal',
            MESSAGE = format('proposal %s is %s: what was proposed stays, and is decided once',
                             OLD.id, OLD.state);
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER ledger_proposal_content_fixed BEFORE UPDATE ON ledger_proposal
    FOR EACH ROW EXECUTE FUNCTION ledger_proposal_check();
CREATE TRIGGER ledger_proposal_append_only BEFORE DELETE OR TRUNCATE ON ledger_proposal
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
