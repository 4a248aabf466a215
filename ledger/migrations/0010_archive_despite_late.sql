-- Refuse to archive a month that is not ready for it. Events that met it being archived are set
-- aside for want of it, and stay so until it is restored.
CREATE OR REPLACE FUNCTION ledger_check_archivable(of_month date, at timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    starts_at timestamptz := of_month::timestamp AT TIME ZONE 'UTC';
    ends_at timestamptz := (of_month + interval '1 month')::timestamp AT TIME ZONE 'UTC';
    name text := to_char(of_month, 'YYYY-MM');
    aside bigint;
BEGIN
    IF extract(day FROM of_month) <> 1 OR at < ends_at THEN
        PERFORM ledger_refuse_archive('ledger_archived_month_month_over',
            format('%s is not over before %s', name, ends_at));
    END IF;
    IF ledger_archive_of(of_month) IS NOT NULL THEN
        PERFORM ledger_refuse_archive('ledger_archived_month_month_once',
            format('%s is archived already', name));
    END IF;
    IF NOT ledger_usage_attached(of_month) THEN
        PERFORM ledger_refuse_archive('ledger_archived_month_month_present',
            format('the usage journal has no partition of %s', name));
    END IF;
    SELECT count(*) INTO aside
    FROM ledger_set_aside
    WHERE occurred_at >= starts_at AND occurred_at < ends_at AND reason <> 'month_archived';
    IF aside > 0 THEN
        PERFORM ledger_refuse_archive('ledger_archived_month_nothing_aside',
            format('%s events of %s are set aside', aside, name));
    END IF;
END $$;
