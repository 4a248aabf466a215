-- The register of identities: narrow, for ever, never partitioned by time.
CREATE TABLE ledger_event_key (
    provider_id bigint NOT NULL,
    key uuid NOT NULL,
    body_hash uuid NOT NULL,
    batch_id bigint NOT NULL,
    CONSTRAINT ledger_event_key_provider_key_uniq PRIMARY KEY (provider_id, key)
);

-- The usage journal. No foreign keys: they would triple the cost of a row, and `audit` proves
-- the references instead. Ids come from the sequence before a claim is written.
CREATE SEQUENCE ledger_usage_entry_id_seq CACHE 1;

CREATE TABLE ledger_usage_entry (
    id bigint NOT NULL,
    occurred_at timestamptz NOT NULL,
    batch_id bigint NOT NULL,
    row integer NOT NULL,
    source_id bigint NOT NULL,
    provider_id bigint NOT NULL,
    consumer_id bigint NOT NULL,
    deployment_id bigint NOT NULL,
    agreement_version_id bigint NOT NULL,
    price_rate_id bigint NOT NULL,
    journal_entry_id bigint NOT NULL,
    context_from_tokens bigint NOT NULL,
    corrects_id bigint,
    input bigint NOT NULL,
    cache_read bigint NOT NULL,
    cache_write_5m bigint NOT NULL,
    cache_write_1h bigint NOT NULL,
    output bigint NOT NULL,
    reasoning bigint NOT NULL,
    audio_input bigint NOT NULL,
    audio_output bigint NOT NULL,
    image_input bigint NOT NULL,
    gpu_nanoseconds bigint NOT NULL,
    energy_microjoules bigint NOT NULL,
    co2_location_nanograms bigint NOT NULL,
    co2_market_nanograms bigint NOT NULL,
    compute bigint NOT NULL,
    energy bigint NOT NULL,
    green bigint NOT NULL,
    scarcity bigint NOT NULL,
    margin bigint NOT NULL,
    fee_provider bigint NOT NULL,
    fee_consumer bigint NOT NULL,
    kind text NOT NULL,
    status text NOT NULL,
    project text NOT NULL,
    event_id text NOT NULL,
    attributes jsonb,
    CONSTRAINT ledger_usage_entry_occurred_at_id_uniq PRIMARY KEY (occurred_at, id),
    CONSTRAINT ledger_usage_entry_kind_known CHECK (kind IN ('usage', 'reversal', 'rerate')),
    CONSTRAINT ledger_usage_entry_corrects_named CHECK ((kind = 'usage') = (corrects_id IS NULL)),
    CONSTRAINT ledger_usage_entry_counts_not_negative CHECK (
        kind = 'reversal'
        OR LEAST(input, cache_read, cache_write_5m, cache_write_1h, output, reasoning,
                 audio_input, audio_output, image_input) >= 0
    )
) PARTITION BY RANGE (occurred_at);

CREATE INDEX ledger_usage_entry_occurred_at_brin ON ledger_usage_entry USING brin (occurred_at);
CREATE INDEX ledger_usage_entry_id_brin ON ledger_usage_entry USING brin (id);
CREATE INDEX ledger_usage_entry_batch_brin ON ledger_usage_entry USING brin (batch_id);
CREATE INDEX ledger_usage_entry_entry_brin ON ledger_usage_entry USING brin (journal_entry_id);

-- Add the partition of the month that begins at `month`, unless it is there.
-- CREATE TABLE and ATTACH take no lock that stops readers or writers of the parent.
CREATE FUNCTION ledger_add_usage_month(month date) RETURNS boolean LANGUAGE plpgsql AS $$
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
