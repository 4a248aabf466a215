-- What meters counted, what utilities billed, and what was posted of it, is never edited.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'meter_reading', 'energy_bill', 'energy_true_up', 'energy_variance', 'energy_share'
    ] LOOP
        EXECUTE format(
            'CREATE TRIGGER ledger_%1$s_append_only BEFORE UPDATE OR DELETE OR TRUNCATE '
            'ON ledger_%1$s FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()', name);
    END LOOP;
END $$;

-- A further revision is of an interval that is there: its key names the revision before.
ALTER TABLE ledger_meter_reading
    ADD COLUMN previous_revision integer GENERATED ALWAYS AS (NULLIF(revision - 1, 0)) STORED;

ALTER TABLE ledger_meter_reading
    ADD CONSTRAINT ledger_meter_reading_kind_known CHECK (
        kind IN ('facility', 'it', 'gpu_busy', 'gpu_available')
    ),
    ADD CONSTRAINT ledger_meter_reading_interval_quarter_hours CHECK (
        mod((extract(epoch FROM starts_at) * 1000000)::bigint, 900000000) = 0
        AND mod((extract(epoch FROM ends_at) * 1000000)::bigint, 900000000) = 0
    ),
    ADD CONSTRAINT ledger_meter_reading_interval_span CHECK (
        starts_at < ends_at AND ends_at - starts_at <= '32 days'::interval
        AND starts_at >= '2000-01-01 00:00:00+00'
    ),
    ADD CONSTRAINT ledger_meter_reading_revision_positive CHECK (revision > 0),
    ADD CONSTRAINT ledger_meter_reading_quantity_not_negative CHECK (
        quantity >= 0 AND quantity <> 'NaN'
    ),
    ADD CONSTRAINT ledger_meter_reading_grade_known CHECK (grade IN ('O', 'M', 'P', 'D', 'I')),
    ADD CONSTRAINT ledger_meter_reading_revision_follows
        FOREIGN KEY (site_id, kind, starts_at, ends_at, previous_revision)
        REFERENCES ledger_meter_reading (site_id, kind, starts_at, ends_at, revision),
    -- No two intervals of a meter share a quarter hour. Slots are numbered apart for each meter,
    -- since a range of whole numbers needs no extension.
    ADD CONSTRAINT ledger_meter_reading_interval_apart EXCLUDE USING gist (
        int8range(
            (site_id * 4 + CASE kind WHEN 'facility' THEN 0 WHEN 'it' THEN 1
                                     WHEN 'gpu_busy' THEN 2 ELSE 3 END) * 8589934592
                + (extract(epoch FROM starts_at - '1970-01-01 00:00:00+00'::timestamptz) / 900)::bigint,
            (site_id * 4 + CASE kind WHEN 'facility' THEN 0 WHEN 'it' THEN 1
                                     WHEN 'gpu_busy' THEN 2 ELSE 3 END) * 8589934592
                + (extract(epoch FROM ends_at - '1970-01-01 00:00:00+00'::timestamptz) / 900)::bigint
        ) WITH &&
    ) WHERE (revision = 1);

ALTER TABLE ledger_energy_bill
    ADD CONSTRAINT ledger_energy_bill_period_in_month CHECK (
        starts_on < ends_on
        AND date_trunc('month', starts_on::timestamp) = date_trunc('month', ends_on - '1 day'::interval)
    ),
    ADD CONSTRAINT ledger_energy_bill_amount_nonzero CHECK (amount <> 0 AND amount <> 'NaN'),
    ADD CONSTRAINT ledger_energy_bill_kwh_number CHECK (kwh <> 'NaN');

ALTER TABLE ledger_energy_true_up
    ADD CONSTRAINT ledger_energy_true_up_run_positive CHECK (run > 0),
    ADD CONSTRAINT ledger_energy_true_up_month_first CHECK (extract(day FROM starts_on) = 1);

ALTER TABLE ledger_energy_variance
    ADD CONSTRAINT ledger_energy_variance_part_known CHECK (
        part IN ('pue', 'idle', 'efficiency', 'usage', 'price')
        AND (part <> 'price' OR commodity <> 'J')
    ),
    ADD CONSTRAINT ledger_energy_variance_amount_nonzero CHECK (amount <> 0 AND amount <> 'NaN');
