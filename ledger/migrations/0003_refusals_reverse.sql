DROP TRIGGER ledger_period_append_only ON ledger_period;
DROP TRIGGER ledger_period_state_forward ON ledger_period;
DROP FUNCTION ledger_period_check();
DROP TRIGGER ledger_usage_batch_append_only ON ledger_usage_batch;
DROP TRIGGER ledger_usage_batch_content_fixed ON ledger_usage_batch;
DROP FUNCTION ledger_usage_batch_check();
DROP TRIGGER ledger_journal_entry_check ON ledger_journal_entry;
DROP FUNCTION ledger_journal_entry_check();
DROP TRIGGER ledger_posting_check ON ledger_posting;
DROP FUNCTION ledger_posting_check();
ALTER TABLE ledger_journal_entry DROP COLUMN xact;
ALTER TABLE ledger_posting
    DROP CONSTRAINT ledger_posting_amount_number,
    DROP CONSTRAINT ledger_posting_amount_nonzero;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'site_pue', 'site_tariff', 'tariff_version', 'green_supply', 'carbon_factor',
        'gpu_hour_price', 'fx_rate', 'serving_profile', 'deployment_terms', 'rate_card_version',
        'agreement_version'
    ] LOOP
        EXECUTE format(
            'ALTER TABLE ledger_%1$s DROP CONSTRAINT ledger_%1$s_valid_from_quarter_hour', name);
    END LOOP;
END $$;

-- Every trigger that still calls it goes with the function, on partitions too.
DROP FUNCTION ledger_refuse_change() CASCADE;
