-- What is known of accelerators, sites and grids only grows, and begins on a quarter hour.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['hardware_version', 'site_wue', 'water_factor'] LOOP
        EXECUTE format(
            'CREATE TRIGGER ledger_%1$s_append_only BEFORE UPDATE OR DELETE OR TRUNCATE '
            'ON ledger_%1$s FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()', name);
        EXECUTE format(
            'ALTER TABLE ledger_%1$s ADD CONSTRAINT ledger_%1$s_valid_from_quarter_hour '
            'CHECK (mod((extract(epoch FROM valid_from) * 1000000)::bigint, 900000000) = 0)', name);
    END LOOP;
END $$;

ALTER TABLE ledger_site_wue
    ADD CONSTRAINT ledger_site_wue_not_negative CHECK (litres_per_kwh >= 0);
ALTER TABLE ledger_water_factor
    ADD CONSTRAINT ledger_water_factor_not_negative CHECK (litres_per_kwh >= 0);
