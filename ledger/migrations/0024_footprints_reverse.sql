ALTER TABLE ledger_water_factor DROP CONSTRAINT ledger_water_factor_not_negative;
ALTER TABLE ledger_site_wue DROP CONSTRAINT ledger_site_wue_not_negative;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['hardware_version', 'site_wue', 'water_factor'] LOOP
        EXECUTE format(
            'ALTER TABLE ledger_%1$s DROP CONSTRAINT ledger_%1$s_valid_from_quarter_hour', name);
        EXECUTE format('DROP TRIGGER ledger_%1$s_append_only ON ledger_%1$s', name);
    END LOOP;
END $$;
