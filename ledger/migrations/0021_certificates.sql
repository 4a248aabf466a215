-- Lots, runs and what they claimed only grow.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'certificate_lot', 'certificate_run', 'certificate_cancellation', 'certificate_match'
    ] LOOP
        EXECUTE format(
            'CREATE TRIGGER ledger_%1$s_append_only BEFORE UPDATE OR DELETE OR TRUNCATE '
            'ON ledger_%1$s FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()', name);
    END LOOP;
END $$;

ALTER TABLE ledger_certificate_match
    ADD CONSTRAINT ledger_certificate_match_slot_quarter_hour CHECK (
        mod((extract(epoch FROM slot_starts_at) * 1000000)::bigint, 900000000) = 0
    );
ALTER TABLE ledger_certificate_run
    ADD CONSTRAINT ledger_certificate_run_run_positive CHECK (run > 0),
    ADD CONSTRAINT ledger_certificate_run_month_first CHECK (extract(day FROM starts_on) = 1);

-- Of a lot's counters only what is cancelled changes, and it only grows: a cancellation is for ever.
CREATE FUNCTION ledger_certificate_stock_check() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    same ledger_certificate_stock := NEW;
BEGIN
    same.cancelled_watt_hours := OLD.cancelled_watt_hours;
    IF same IS DISTINCT FROM OLD OR NEW.cancelled_watt_hours < OLD.cancelled_watt_hours THEN
        RAISE EXCEPTION USING
            ERRCODE = 'restrict_violation',
            CONSTRAINT = 'ledger_certificate_stock_only_cancels',
            TABLE = 'ledger_certificate_stock',
            MESSAGE = format('of the stock of lot %s only more can be cancelled', OLD.lot_id);
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER ledger_certificate_stock_only_cancels BEFORE UPDATE ON ledger_certificate_stock
    FOR EACH ROW EXECUTE FUNCTION ledger_certificate_stock_check();
CREATE TRIGGER ledger_certificate_stock_append_only BEFORE DELETE OR TRUNCATE
    ON ledger_certificate_stock FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
