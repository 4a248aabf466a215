-- A month that is archived stays so: its table is no partition and its file is where it was put.
DROP FUNCTION ledger_restore_usage_month(date, text, text, timestamptz);
DROP FUNCTION ledger_archive_usage_month(date, text, text, text[], jsonb, boolean, text, timestamptz);
DROP FUNCTION ledger_check_archived_usage(bigint, date, bigint);
DROP FUNCTION ledger_sum_archived_usage(bigint, date);
DROP FUNCTION ledger_check_archivable(date, timestamptz);
DROP FUNCTION ledger_lock_usage_journal();
DROP FUNCTION ledger_rollup_digest(date);
DROP FUNCTION ledger_usage_facts(regclass, text[]);
DROP FUNCTION ledger_first_bytes(text);
DROP FUNCTION ledger_usage_measures();
DROP FUNCTION ledger_hold_usage_months(date[]);

CREATE OR REPLACE FUNCTION ledger_add_usage_month(month date) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    partition_name text := 'ledger_usage_entry_' || to_char(month, 'YYYYMM');
BEGIN
    IF extract(day FROM month) <> 1 THEN
        RAISE EXCEPTION '% is not the first day of a month', month;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('ledger_add_usage_month'));
    IF to_regclass(partition_name) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE ledger_usage_entry INCLUDING ALL)', partition_name);
    EXECUTE format(
        'CREATE TRIGGER ledger_usage_entry_append_only_truncate BEFORE TRUNCATE ON %I '
        'FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()', partition_name);
    EXECUTE format(
        'ALTER TABLE ledger_usage_entry ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        partition_name,
        month::timestamp AT TIME ZONE 'UTC',
        (month + interval '1 month')::timestamp AT TIME ZONE 'UTC');
    RETURN true;
END $$;

DROP FUNCTION ledger_attach_usage_table(date);
DROP FUNCTION ledger_make_usage_table(date);
DROP FUNCTION ledger_archive_of(date);
DROP FUNCTION ledger_usage_attached(date);
DROP FUNCTION ledger_usage_table(date);
DROP FUNCTION ledger_usage_month_lock(date);
DROP FUNCTION ledger_refuse_archive(text, text);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'archived_month', 'archived_usage', 'archived_batch', 'restored_month'
    ] LOOP
        EXECUTE format('DROP TRIGGER ledger_%1$s_append_only ON ledger_%1$s', name);
    END LOOP;
END $$;
