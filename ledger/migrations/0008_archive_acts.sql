-- How a month leaves the usage journal and comes back. A month is held by whoever writes into it,
-- and held alone by whoever archives or restores it; the lock goes with its transaction or session,
-- so nothing is left behind by a process that is killed.

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'archived_month', 'archived_usage', 'archived_batch', 'restored_month'
    ] LOOP
        EXECUTE format(
            'CREATE TRIGGER ledger_%1$s_append_only BEFORE UPDATE OR DELETE OR TRUNCATE '
            'ON ledger_%1$s FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()', name);
    END LOOP;
END $$;

CREATE FUNCTION ledger_refuse_archive(rule text, message text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'restrict_violation',
        CONSTRAINT = rule,
        TABLE = 'ledger_archived_month',
        MESSAGE = message;
END $$;

-- The two numbers of a month's advisory lock.
CREATE FUNCTION ledger_usage_month_lock(month date, OUT class integer, OUT number integer)
LANGUAGE sql IMMUTABLE AS $$
    SELECT hashtext('ledger_usage_month'), to_char(month, 'YYYYMM')::integer
$$;

-- The table of a month by its name, attached or not; null if there is none.
CREATE FUNCTION ledger_usage_table(month date) RETURNS regclass LANGUAGE sql STABLE AS $$
    SELECT to_regclass('ledger_usage_entry_' || to_char(month, 'YYYYMM'))
$$;

CREATE FUNCTION ledger_usage_attached(month date) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM pg_inherits
        WHERE inhparent = 'ledger_usage_entry'::regclass AND inhrelid = ledger_usage_table(month))
$$;

-- The archive in which the month lies; null if it is in the hot tables, or was never used.
CREATE FUNCTION ledger_archive_of(of_month date) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT max(archive.id)
    FROM ledger_archived_month archive
    WHERE archive.month = of_month
      AND NOT EXISTS (SELECT FROM ledger_restored_month restored
                      WHERE restored.archive_id = archive.id)
$$;

-- Hold months until commit, so that none of them is archived meanwhile; say how each stands:
-- `present`, `missing`, or `archived`, which is also one that somebody is about to archive.
-- Never waits.
CREATE FUNCTION ledger_hold_usage_months(months date[])
RETURNS TABLE (month date, state text) LANGUAGE plpgsql AS $$
DECLARE
    held date[];
BEGIN
    SELECT COALESCE(array_agg(wanted.month), '{}') INTO held
    FROM unnest(months) AS wanted (month)
    CROSS JOIN LATERAL ledger_usage_month_lock(wanted.month) AS lock
    WHERE pg_try_advisory_xact_lock_shared(lock.class, lock.number);
    -- A second statement: what it sees is younger than the locks.
    RETURN QUERY
    SELECT wanted.month,
           CASE WHEN wanted.month <> ALL (held) THEN 'archived'
                WHEN ledger_archive_of(wanted.month) IS NOT NULL THEN 'archived'
                WHEN ledger_usage_attached(wanted.month) THEN 'present'
                ELSE 'missing' END
    FROM unnest(months) AS wanted (month);
END $$;

CREATE FUNCTION ledger_usage_measures() RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY['input', 'cache_read', 'cache_write_5m', 'cache_write_1h', 'output', 'reasoning',
                 'audio_input', 'audio_output', 'image_input', 'gpu_nanoseconds',
                 'energy_microjoules', 'co2_location_nanograms', 'co2_market_nanograms', 'compute',
                 'energy', 'green', 'scarcity', 'margin', 'fee_provider', 'fee_consumer']
$$;

CREATE FUNCTION ledger_first_bytes(text_ text) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT ('x' || encode(substring(sha256(convert_to(text_, 'UTF8')) FROM 1 FOR 8), 'hex'))
           ::bit(64)::bigint
$$;

-- What a table of usage entries holds, as text by name: `rows`; of each column of numbers its sum,
-- of an instant's the sum of its microseconds since 1970, of a text's that of its bytes; and
-- `digest`, the sum over all rows of the first eight bytes of SHA-256 over the row: numbers as
-- they are written, texts behind their length and a colon, a minus sign for null, apart by bars.
CREATE FUNCTION ledger_usage_facts(relation regclass, columns text[]) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    names text;
    sums text;
    line text;
    facts jsonb;
BEGIN
    SELECT string_agg(format('%L', one.name), ', ' ORDER BY one.place),
           string_agg(format('COALESCE(sum(%s), 0)::text', one.number), ', ' ORDER BY one.place),
           string_agg(one.text_, ' || ''|'' || ' ORDER BY one.place)
    INTO names, sums, line
    FROM (
        SELECT wanted.name, wanted.place,
               CASE kind.typname
                   WHEN 'timestamptz' THEN
                       format('(extract(epoch FROM %I) * 1000000)::bigint', wanted.name)
                   WHEN 'int8' THEN format('%I', wanted.name)
                   WHEN 'int4' THEN format('%I', wanted.name)
                   ELSE format('octet_length(%I::text)', wanted.name) END AS number,
               CASE kind.typname
                   WHEN 'timestamptz' THEN
                       format('COALESCE((extract(epoch FROM %I) * 1000000)::bigint::text, ''-'')',
                              wanted.name)
                   WHEN 'int8' THEN format('COALESCE(%I::text, ''-'')', wanted.name)
                   WHEN 'int4' THEN format('COALESCE(%I::text, ''-'')', wanted.name)
                   ELSE format('COALESCE(octet_length(%1$I::text) || '':'' || %1$I::text, ''-'')',
                               wanted.name) END AS text_
        FROM unnest(columns) WITH ORDINALITY AS wanted (name, place)
        JOIN pg_attribute attribute
            ON attribute.attrelid = relation AND attribute.attname = wanted.name
           AND NOT attribute.attisdropped
        JOIN pg_type kind ON kind.oid = attribute.atttypid
    ) one;
    EXECUTE format(
        'SELECT jsonb_object(ARRAY[''rows'', ''digest'', %s], '
        'ARRAY[count(*)::text, COALESCE(sum(ledger_first_bytes(%s)), 0)::text, %s]) FROM ONLY %s',
        names, line, sums, relation)
    INTO facts;
    RETURN facts;
END $$;

-- The same kind of digest over the rollup of a month's hours.
CREATE FUNCTION ledger_rollup_digest(month date) RETURNS numeric LANGUAGE sql STABLE AS $$
    SELECT COALESCE(sum(ledger_first_bytes(concat_ws('|',
               (extract(epoch FROM hour) * 1000000)::bigint, consumer_id, provider_id,
               octet_length(project) || ':' || project, deployment_id, currency, events,
               input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, audio_input,
               audio_output, image_input, gpu_nanoseconds, energy_microjoules,
               co2_location_nanograms, co2_market_nanograms, compute, energy, green, scarcity,
               margin, fee_provider, fee_consumer))), 0)
    FROM ledger_usage_rollup
    WHERE hour >= month::timestamp AT TIME ZONE 'UTC'
      AND hour < (month + interval '1 month')::timestamp AT TIME ZONE 'UTC'
$$;

-- Stop everybody else at the usage journal, for a moment. Whoever waits for a table makes others
-- wait behind it, so this never waits long for those who read: it lets go and tries again.
CREATE FUNCTION ledger_lock_usage_journal() RETURNS void LANGUAGE plpgsql
SET lock_timeout = '2s' AS $$
BEGIN
    FOR attempt IN 1..30 LOOP
        BEGIN
            LOCK TABLE ledger_usage_entry IN ACCESS EXCLUSIVE MODE;
            RETURN;
        EXCEPTION WHEN lock_not_available THEN
            PERFORM pg_sleep(0.5);
        END;
    END LOOP;
    RAISE EXCEPTION USING
        ERRCODE = 'lock_not_available',
        MESSAGE = 'the usage journal is being read by something that takes more than a minute';
END $$;

-- Refuse to archive a month that is not ready for it.
CREATE FUNCTION ledger_check_archivable(of_month date, at timestamptz) RETURNS void
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
    WHERE occurred_at >= starts_at AND occurred_at < ends_at;
    IF aside > 0 THEN
        PERFORM ledger_refuse_archive('ledger_archived_month_nothing_aside',
            format('%s events of %s are set aside', aside, name));
    END IF;
END $$;

-- Record the sums of a month's partition under the id of an archive that is to be recorded.
CREATE FUNCTION ledger_sum_archived_usage(archive bigint, of_month date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    relation regclass := ledger_usage_table(of_month);
    measures text := array_to_string(ledger_usage_measures(), ', ');
    sums text := (SELECT string_agg(format('sum(entry.%1$I) AS %1$I', one), ', ')
                  FROM unnest(ledger_usage_measures()) AS one);
    signed text := 'sum(CASE entry.kind WHEN ''reversal'' THEN -1 ELSE 1 END)';
    fault text;
BEGIN
    EXECUTE format(
        'INSERT INTO ledger_archived_usage (archive_id, journal_entry_id, consumer_id, provider_id,'
        ' deployment_id, agreement_version_id, currency, rows, events, %s)'
        ' SELECT $1, entry.journal_entry_id, entry.consumer_id, entry.provider_id,'
        ' entry.deployment_id, entry.agreement_version_id, price_rate.currency, count(*), %s, %s'
        ' FROM ONLY %s entry JOIN ledger_price_rate price_rate ON price_rate.id = entry.price_rate_id'
        ' GROUP BY 2, 3, 4, 5, 6, 7', measures, signed, sums, relation)
    USING archive;
    -- Rows of a batch stand side by side, so first each run of them and then the runs.
    EXECUTE format(
        'INSERT INTO ledger_archived_batch (archive_id, batch_id, events, batch_rows)'
        ' SELECT $1, run.batch_id, sum(run.events), range_agg(int4range(run.first, run.last + 1))'
        ' FROM (SELECT one.batch_id, min(one.row) AS first, max(one.row) AS last,'
        '              count(*) AS events'
        '       FROM (SELECT entry.batch_id, entry.row, entry.row - row_number() OVER'
        '                        (PARTITION BY entry.batch_id ORDER BY entry.row) AS run'
        '             FROM ONLY %s entry WHERE entry.kind = ''usage'') one'
        '       GROUP BY one.batch_id, one.run) run'
        ' GROUP BY run.batch_id', relation)
    USING archive;
    -- Hour by hour while the hours are here; afterwards only their sums are.
    EXECUTE format(
        'SELECT format(''%%s, consumer %%s, deployment %%s'', hour, consumer_id, deployment_id)'
        ' FROM (SELECT date_trunc(''hour'', entry.occurred_at, ''UTC'') AS hour, entry.consumer_id,'
        '              entry.provider_id, entry.project, entry.deployment_id, price_rate.currency,'
        '              %1$s AS events, %2$s'
        '       FROM ONLY %3$s entry'
        '       JOIN ledger_price_rate price_rate ON price_rate.id = entry.price_rate_id'
        '       GROUP BY 1, 2, 3, 4, 5, 6) summed'
        ' FULL JOIN (SELECT * FROM ledger_usage_rollup WHERE hour >= $1 AND hour < $2) rollup'
        ' USING (hour, consumer_id, provider_id, project, deployment_id, currency)'
        ' WHERE (summed.events, %4$s) IS DISTINCT FROM (rollup.events, %5$s)'
        ' LIMIT 1',
        signed, sums, relation,
        (SELECT string_agg(format('summed.%I', one), ', ')
         FROM unnest(ledger_usage_measures()) AS one),
        (SELECT string_agg(format('rollup.%I', one), ', ')
         FROM unnest(ledger_usage_measures()) AS one))
    INTO fault
    USING of_month::timestamp AT TIME ZONE 'UTC',
          (of_month + interval '1 month')::timestamp AT TIME ZONE 'UTC';
    IF fault IS NOT NULL THEN
        PERFORM ledger_refuse_archive('ledger_archived_month_rollup_equal',
            format('the rollup of %s is not the sum of its usage entries', fault));
    END IF;
END $$;

-- Refuse sums that do not hold the whole month, or that stand in periods which still move.
CREATE FUNCTION ledger_check_archived_usage(archive bigint, of_month date, rows bigint)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text := to_char(of_month, 'YYYY-MM');
    summed numeric;
    fault record;
BEGIN
    SELECT sum(usage.rows) INTO summed
    FROM ledger_archived_usage usage
    WHERE usage.archive_id = archive;
    IF summed IS DISTINCT FROM rows THEN
        PERFORM ledger_refuse_archive('ledger_archived_month_rows_named',
            format('%s of the %s usage entries of %s name a rate that is there',
                   COALESCE(summed, 0), rows, name));
    END IF;
    SELECT batch.batch_id INTO fault
    FROM ledger_archived_batch batch
    WHERE batch.archive_id = archive
      AND batch.events <> (SELECT sum(upper(run) - lower(run)) FROM unnest(batch.batch_rows) AS run)
    LIMIT 1;
    IF FOUND THEN
        PERFORM ledger_refuse_archive('ledger_archived_month_rows_once',
            format('an event of batch %s is entered twice', fault.batch_id));
    END IF;
    SELECT agreement.code, to_char(period.starts_on, 'YYYY-MM') AS month INTO fault
    FROM ledger_archived_usage usage
    JOIN ledger_journal_entry entry ON entry.id = usage.journal_entry_id
    LEFT JOIN ledger_period period ON period.id = entry.period_id
    LEFT JOIN ledger_agreement agreement ON agreement.id = entry.agreement_id
    WHERE usage.archive_id = archive AND period.state IS DISTINCT FROM 'closed'
    ORDER BY agreement.code, period.starts_on
    LIMIT 1;
    IF FOUND THEN
        PERFORM ledger_refuse_archive('ledger_archived_month_periods_closed',
            format('usage of %s is booked in %s of agreement %s, which is open',
                   name, fault.month, fault.code));
    END IF;
END $$;

-- Archive a month of which a file was written: prove that the file holds what the partition does,
-- record it with its sums, and take the partition off. Returns the archive's id.
-- `file_facts` are those of the file, read back, under the names that ledger_usage_facts gives.
CREATE FUNCTION ledger_archive_usage_month(
    of_month date, named text, with_sha256 text, file_columns text[], file_facts jsonb,
    dropped boolean, by_whom text, at timestamptz
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    lock record := ledger_usage_month_lock(of_month);
    relation regclass := ledger_usage_table(of_month);
    name text := to_char(of_month, 'YYYY-MM');
    archive bigint := nextval(pg_get_serial_sequence('ledger_archived_month', 'id'));
    facts jsonb;
    fault record;
BEGIN
    PERFORM pg_advisory_xact_lock(lock.class, lock.number);
    PERFORM ledger_check_archivable(of_month, at);
    -- Nobody writes into the month from here on, whether they hold the month or not.
    EXECUTE format('LOCK TABLE ONLY %s IN SHARE MODE', relation);
    IF file_columns IS DISTINCT FROM (
        SELECT array_agg(attname::text ORDER BY attnum) FROM pg_attribute
        WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped
    ) THEN
        PERFORM ledger_refuse_archive('ledger_archived_month_columns_equal',
            format('the file %s has other columns than the usage journal', named));
    END IF;
    facts := ledger_usage_facts(relation, file_columns);
    SELECT fact.key, fact.value, file_facts ->> fact.key AS in_file INTO fault
    FROM jsonb_each_text(facts) AS fact
    WHERE fact.value IS DISTINCT FROM file_facts ->> fact.key
    ORDER BY fact.key <> 'rows', fact.key = 'digest', fact.key
    LIMIT 1;
    IF FOUND THEN
        PERFORM ledger_refuse_archive('ledger_archived_month_facts_equal',
            format('the file %s is not what %s holds: %s is %s in the file and %s in the journal',
                   named, name, fault.key, fault.in_file, fault.value));
    END IF;
    PERFORM ledger_sum_archived_usage(archive, of_month);
    PERFORM ledger_check_archived_usage(archive, of_month, (facts ->> 'rows')::bigint);
    EXECUTE format(
        'INSERT INTO ledger_archived_month (id, month, columns, file_name, sha256, digest,'
        ' rollup_digest, archived_at, archived_by, rows, events, %s)'
        ' SELECT $1, $2, $3, $4, $5, ($6 ->> ''digest'')::numeric, ledger_rollup_digest($2), $7, $8,'
        ' ($6 ->> ''rows'')::bigint, (SELECT sum(events) FROM ledger_archived_usage'
        '                             WHERE archive_id = $1), %s',
        array_to_string(ledger_usage_measures(), ', '),
        (SELECT string_agg(format('($6 ->> %L)::numeric', one), ', ')
         FROM unnest(ledger_usage_measures()) AS one))
    USING archive, of_month, file_columns, named, with_sha256, facts, at, by_whom;
    PERFORM ledger_lock_usage_journal();
    EXECUTE format('ALTER TABLE ledger_usage_entry DETACH PARTITION %s', relation);
    IF dropped THEN
        EXECUTE format('DROP TABLE %s', relation);
    ELSE
        -- The triggers of the parent go with it; one of the table's own takes their place.
        EXECUTE format(
            'CREATE TRIGGER ledger_usage_entry_archived_append_only '
            'BEFORE INSERT OR UPDATE OR DELETE ON %s '
            'FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()', relation);
    END IF;
    RETURN archive;
END $$;

-- Make a month's table, by itself; it is filled or attached by the caller.
CREATE FUNCTION ledger_make_usage_table(month date) RETURNS regclass LANGUAGE plpgsql AS $$
DECLARE
    table_name text := 'ledger_usage_entry_' || to_char(month, 'YYYYMM');
BEGIN
    EXECUTE format('CREATE TABLE %I (LIKE ledger_usage_entry INCLUDING ALL)', table_name);
    EXECUTE format(
        'CREATE TRIGGER ledger_usage_entry_append_only_truncate BEFORE TRUNCATE ON %I '
        'FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()', table_name);
    RETURN table_name::regclass;
END $$;

CREATE FUNCTION ledger_attach_usage_table(month date) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'ALTER TABLE ledger_usage_entry ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)',
        ledger_usage_table(month),
        month::timestamp AT TIME ZONE 'UTC',
        (month + interval '1 month')::timestamp AT TIME ZONE 'UTC');
END $$;

-- Add the partition of the month that begins at `month`, unless it is there.
-- CREATE TABLE and ATTACH take no lock that stops readers or writers of the parent.
CREATE OR REPLACE FUNCTION ledger_add_usage_month(month date) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    IF extract(day FROM month) <> 1 THEN
        RAISE EXCEPTION '% is not the first day of a month', month;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('ledger_add_usage_month'));
    IF ledger_archive_of(month) IS NOT NULL THEN
        PERFORM ledger_refuse_archive('ledger_archived_month_stays_away',
            format('%s is archived: restore it, no second partition is made of it',
                   to_char(month, 'YYYY-MM')));
    END IF;
    IF ledger_usage_table(month) IS NOT NULL THEN
        RETURN false;
    END IF;
    PERFORM ledger_make_usage_table(month);
    PERFORM ledger_attach_usage_table(month);
    RETURN true;
END $$;

-- Attach a month's table again, which stood by itself or was filled from its file, after proving
-- that it holds what was archived. What waits for it is tried again at once.
CREATE FUNCTION ledger_restore_usage_month(
    of_month date, from_origin text, by_whom text, at timestamptz
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    lock record := ledger_usage_month_lock(of_month);
    relation regclass := ledger_usage_table(of_month);
    name text := to_char(of_month, 'YYYY-MM');
    archived ledger_archived_month;
    facts jsonb;
    fault record;
BEGIN
    PERFORM pg_advisory_xact_lock(lock.class, lock.number);
    SELECT * INTO archived FROM ledger_archived_month WHERE id = ledger_archive_of(of_month);
    IF archived.id IS NULL THEN
        PERFORM ledger_refuse_archive('ledger_archived_month_is_away',
            format('%s is not archived', name));
    END IF;
    EXECUTE format('LOCK TABLE ONLY %s IN SHARE MODE', relation);
    facts := ledger_usage_facts(relation, archived.columns);
    SELECT fact.key, fact.value, facts ->> fact.key AS in_table INTO fault
    FROM jsonb_each_text(to_jsonb(archived)) AS fact
    WHERE fact.key = ANY (ledger_usage_measures() || ARRAY['rows', 'digest'])
      AND fact.value IS DISTINCT FROM facts ->> fact.key
    ORDER BY fact.key <> 'rows', fact.key = 'digest', fact.key
    LIMIT 1;
    IF FOUND THEN
        PERFORM ledger_refuse_archive('ledger_archived_month_facts_kept',
            format('the %s of %s is not what was archived: %s was %s and is %s',
                   from_origin, name, fault.key, fault.value, fault.in_table));
    END IF;
    EXECUTE format('DROP TRIGGER IF EXISTS ledger_usage_entry_archived_append_only ON %s', relation);
    PERFORM ledger_attach_usage_table(of_month);
    INSERT INTO ledger_restored_month (archive_id, origin, restored_at, restored_by)
    VALUES (archived.id, from_origin, at, by_whom);
    UPDATE ledger_set_aside
    SET retry_at = at
    WHERE reason = 'month_archived' AND missing = 'month:' || name AND retry_at > at;
    RETURN archived.id;
END $$;
