ALTER TABLE settlement_position DROP CONSTRAINT settlement_position_residue_below_a_unit;
DROP TRIGGER settlement_settled_entry_added_append_only ON settlement_settled_entry;
DROP TRIGGER settlement_statement_line_added_append_only ON settlement_statement_line;
DROP TRIGGER settlement_netting_added_append_only ON settlement_netting;
DROP TRIGGER settlement_position_added_append_only ON settlement_position;
DROP FUNCTION settlement_line_addition();
DROP FUNCTION settlement_part_addition();
DROP TRIGGER settlement_netting_fixed_append_only ON settlement_netting;
DROP TRIGGER settlement_position_fixed_append_only ON settlement_position;
DROP FUNCTION settlement_part_check();
DROP TRIGGER settlement_approval_check ON settlement_approval;
DROP FUNCTION settlement_approval_check();
DROP TRIGGER settlement_settlement_begins_calculated ON settlement_settlement;
DROP FUNCTION settlement_settlement_begin();
DROP TRIGGER settlement_settlement_fixed_append_only ON settlement_settlement;
DROP FUNCTION settlement_settlement_check();

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'settlement', 'position', 'netting', 'statement_line', 'approval', 'settled_entry'
    ] LOOP
        EXECUTE format('DROP TRIGGER settlement_%1$s_append_only ON settlement_%1$s', name);
    END LOOP;
END $$;
