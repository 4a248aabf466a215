DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['scarcity_policy', 'deployment_load'] LOOP
        EXECUTE format('DROP TRIGGER ledger_%1$s_append_only ON ledger_%1$s', name);
        EXECUTE format(
            'ALTER TABLE ledger_%1$s DROP CONSTRAINT ledger_%1$s_valid_from_quarter_hour', name);
    END LOOP;
END $$;
