-- What the database itself refuses of a settlement, for the owner too.

-- Rows that are only ever added. ledger_refuse_change names the trigger as the constraint.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['statement_line', 'approval', 'settled_entry'] LOOP
        EXECUTE format(
            'CREATE TRIGGER settlement_%1$s_append_only BEFORE UPDATE OR DELETE OR TRUNCATE '
            'ON settlement_%1$s FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['settlement', 'position', 'netting'] LOOP
        EXECUTE format(
            'CREATE TRIGGER settlement_%1$s_append_only BEFORE DELETE OR TRUNCATE '
            'ON settlement_%1$s FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()', name);
    END LOOP;
END $$;

-- A settlement goes from calculated to approved or void, once; nothing else of it changes.
CREATE FUNCTION settlement_settlement_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'calculated'
       OR to_jsonb(NEW) - 'state' IS DISTINCT FROM to_jsonb(OLD) - 'state'
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'restrict_violation',
            CONSTRAINT = 'settlement_settlement_fixed_append_only',
            TABLE = 'settlement_settlement',
            MESSAGE = format('settlement %s is %s: calculate again instead of changing it',
                             OLD.id, OLD.state);
    END IF;
    IF NEW.state = 'approved'
       AND NOT EXISTS (SELECT FROM settlement_approval WHERE settlement_id = NEW.id)
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'restrict_violation',
            CONSTRAINT = 'settlement_settlement_approval_given',
            TABLE = 'settlement_settlement',
            MESSAGE = format('settlement %s has no approval', OLD.id);
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER settlement_settlement_fixed_append_only BEFORE UPDATE ON settlement_settlement
    FOR EACH ROW EXECUTE FUNCTION settlement_settlement_check();

-- It begins as calculated; who wants it approved has to approve it.
CREATE FUNCTION settlement_settlement_begin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> 'calculated' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'restrict_violation',
            CONSTRAINT = 'settlement_settlement_begins_calculated',
            TABLE = 'settlement_settlement',
            MESSAGE = format('a settlement begins as calculated, not as %s', NEW.state);
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER settlement_settlement_begins_calculated BEFORE INSERT ON settlement_settlement
    FOR EACH ROW EXECUTE FUNCTION settlement_settlement_begin();

-- Four eyes, on the very figures that were calculated.
CREATE FUNCTION settlement_approval_check() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    settlement record;
BEGIN
    SELECT state, made_by_id, input_hash INTO settlement
    FROM settlement_settlement
    WHERE id = NEW.settlement_id;
    IF settlement.made_by_id = NEW.checker_id THEN
        RAISE EXCEPTION USING
            ERRCODE = 'restrict_violation',
            CONSTRAINT = 'settlement_approval_checker_differs',
            TABLE = 'settlement_approval',
            MESSAGE = format('settlement %s was made by the same person', NEW.settlement_id);
    END IF;
    IF settlement.input_hash <> NEW.input_hash THEN
        RAISE EXCEPTION USING
            ERRCODE = 'restrict_violation',
            CONSTRAINT = 'settlement_approval_hash_calculated',
            TABLE = 'settlement_approval',
            MESSAGE = format('settlement %s was calculated with another hash', NEW.settlement_id);
    END IF;
    IF settlement.state <> 'calculated' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'restrict_violation',
            CONSTRAINT = 'settlement_approval_state_calculated',
            TABLE = 'settlement_approval',
            MESSAGE = format('settlement %s is %s', NEW.settlement_id, settlement.state);
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER settlement_approval_check BEFORE INSERT ON settlement_approval
    FOR EACH ROW EXECUTE FUNCTION settlement_approval_check();

-- Positions and nettings name their journal entry once, while the settlement is being approved.
CREATE FUNCTION settlement_part_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.journal_entry_id IS NOT NULL
       OR to_jsonb(NEW) - 'journal_entry_id' IS DISTINCT FROM to_jsonb(OLD) - 'journal_entry_id'
       OR NOT EXISTS (SELECT FROM settlement_settlement
                      WHERE id = OLD.settlement_id AND state = 'calculated')
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'restrict_violation',
            CONSTRAINT = TG_NAME,
            TABLE = TG_TABLE_NAME,
            MESSAGE = format('%s %s of settlement %s is calculated: its figures never change',
                             TG_TABLE_NAME, OLD.id, OLD.settlement_id);
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER settlement_position_fixed_append_only BEFORE UPDATE ON settlement_position
    FOR EACH ROW EXECUTE FUNCTION settlement_part_check();
CREATE TRIGGER settlement_netting_fixed_append_only BEFORE UPDATE ON settlement_netting
    FOR EACH ROW EXECUTE FUNCTION settlement_part_check();

-- Nothing is added to a settlement that is approved or void.
CREATE FUNCTION settlement_part_addition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM (SELECT DISTINCT settlement_id FROM inserted) added
        JOIN settlement_settlement settlement ON settlement.id = added.settlement_id
        WHERE settlement.state <> 'calculated'
    ) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'restrict_violation',
            CONSTRAINT = TG_NAME,
            TABLE = TG_TABLE_NAME,
            MESSAGE = 'the settlement is approved or void: nothing is added to it';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION settlement_line_addition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM (SELECT DISTINCT position_id FROM inserted) added
        JOIN settlement_position position ON position.id = added.position_id
        JOIN settlement_settlement settlement ON settlement.id = position.settlement_id
        WHERE settlement.state <> 'calculated'
    ) THEN
        RAISE EXCEPTION USING
            ERRCODE = 'restrict_violation',
            CONSTRAINT = TG_NAME,
            TABLE = TG_TABLE_NAME,
            MESSAGE = 'the settlement is approved or void: nothing is added to it';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER settlement_position_added_append_only AFTER INSERT ON settlement_position
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION settlement_part_addition();
CREATE TRIGGER settlement_netting_added_append_only AFTER INSERT ON settlement_netting
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION settlement_part_addition();
CREATE TRIGGER settlement_statement_line_added_append_only AFTER INSERT ON settlement_statement_line
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION settlement_line_addition();
CREATE TRIGGER settlement_settled_entry_added_append_only AFTER INSERT ON settlement_settled_entry
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION settlement_line_addition();

ALTER TABLE settlement_position ADD CONSTRAINT settlement_position_residue_below_a_unit CHECK (
    abs(consumer_residue) <= 0.5 AND abs(provider_residue) <= 0.5 AND abs(rounding) <= 1
);
