ALTER TABLE ledger_energy_variance
    DROP CONSTRAINT ledger_energy_variance_amount_nonzero,
    DROP CONSTRAINT ledger_energy_variance_part_known;
ALTER TABLE ledger_energy_true_up
    DROP CONSTRAINT ledger_energy_true_up_month_first,
    DROP CONSTRAINT ledger_energy_true_up_run_positive;
ALTER TABLE ledger_energy_bill
    DROP CONSTRAINT ledger_energy_bill_kwh_number,
    DROP CONSTRAINT ledger_energy_bill_amount_nonzero,
    DROP CONSTRAINT ledger_energy_bill_period_in_month;
ALTER TABLE ledger_meter_reading
    DROP CONSTRAINT ledger_meter_reading_interval_apart,
    DROP CONSTRAINT ledger_meter_reading_revision_follows,
    DROP CONSTRAINT ledger_meter_reading_grade_known,
    DROP CONSTRAINT ledger_meter_reading_quantity_not_negative,
    DROP CONSTRAINT ledger_meter_reading_revision_positive,
    DROP CONSTRAINT ledger_meter_reading_interval_span,
    DROP CONSTRAINT ledger_meter_reading_interval_quarter_hours,
    DROP CONSTRAINT ledger_meter_reading_kind_known,
    DROP COLUMN previous_revision;
DROP TRIGGER ledger_energy_share_append_only ON ledger_energy_share;
DROP TRIGGER ledger_energy_variance_append_only ON ledger_energy_variance;
DROP TRIGGER ledger_energy_true_up_append_only ON ledger_energy_true_up;
DROP TRIGGER ledger_energy_bill_append_only ON ledger_energy_bill;
DROP TRIGGER ledger_meter_reading_append_only ON ledger_meter_reading;
