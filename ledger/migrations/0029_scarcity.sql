-- Policies and loads are as other catalogue versions: never edited, and on a quarter hour.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['scarcity_policy', 'deployment_load'] LOOP
        EXECUTE format(
            'CREATE TRIGGER ledger_%1$s_append_only BEFORE UPDATE OR DELETE OR TRUNCATE '
            'ON ledger_%1$s FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()', name);
        EXECUTE format(
            'ALTER TABLE ledger_%1$s ADD CONSTRAINT ledger_%1$s_valid_from_quarter_hour '
            'CHECK (mod((extract(epoch FROM valid_from) * 1000000)::bigint, 900000000) = 0)', name);
    END LOOP;
END $$;
