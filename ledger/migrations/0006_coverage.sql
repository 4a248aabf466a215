-- What arrived, by batch, source and quarter hour of occurrence. Written beside the batch, never
-- changed; the audit `coverage` recomputes every row from its batch.
CREATE TABLE ledger_coverage (
    batch_id bigint NOT NULL,
    source_id bigint NOT NULL,
    slot_starts_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    events integer NOT NULL,
    findings integer NOT NULL,
    numbered integer NOT NULL,
    input bigint NOT NULL,
    cache_read bigint NOT NULL,
    cache_write_5m bigint NOT NULL,
    cache_write_1h bigint NOT NULL,
    output bigint NOT NULL,
    reasoning bigint NOT NULL,
    audio_input bigint NOT NULL,
    audio_output bigint NOT NULL,
    image_input bigint NOT NULL,
    sequences int8multirange,
    repeated_sequences int8multirange,
    -- The bounds are in the index, so that whoever looks for a number reads few multiranges.
    first_sequence bigint GENERATED ALWAYS AS (lower(sequences)) STORED,
    last_sequence bigint GENERATED ALWAYS AS (upper(sequences) - 1) STORED,
    CONSTRAINT ledger_coverage_batch_source_slot_uniq
        PRIMARY KEY (batch_id, source_id, slot_starts_at),
    CONSTRAINT ledger_coverage_slot_starts_at_quarter_hour CHECK (
        mod((extract(epoch FROM slot_starts_at) * 1000000)::bigint, 900000000) = 0
    ),
    CONSTRAINT ledger_coverage_events_positive CHECK (events > 0),
    CONSTRAINT ledger_coverage_findings_among_events CHECK (findings BETWEEN 0 AND events),
    CONSTRAINT ledger_coverage_numbered_among_events CHECK (numbered BETWEEN 0 AND events),
    CONSTRAINT ledger_coverage_sequences_of_numbered CHECK (
        (numbered > 0) = (sequences IS NOT NULL AND NOT isempty(sequences))
        AND (repeated_sequences IS NULL OR repeated_sequences <@ sequences)
    ),
    -- A count is at most 10^9, so that no sum here or over a million rows wraps.
    CONSTRAINT ledger_coverage_tokens_bounded CHECK (
        LEAST(input, cache_read, cache_write_5m, cache_write_1h, output, reasoning,
              audio_input, audio_output, image_input) >= 0
        AND GREATEST(input, cache_read, cache_write_5m, cache_write_1h, output, reasoning,
                     audio_input, audio_output, image_input) <= events * 1000000000::bigint
    )
);

CREATE INDEX ledger_coverage_source_slot ON ledger_coverage (source_id, slot_starts_at);
CREATE INDEX ledger_coverage_source_sequence
    ON ledger_coverage (source_id, last_sequence, first_sequence)
    WHERE first_sequence IS NOT NULL;

CREATE TRIGGER ledger_coverage_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
    ON ledger_coverage FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();

-- Batches that are here already were recorded without coverage; from now on each has some.
ALTER TABLE ledger_usage_batch ADD COLUMN covered boolean NOT NULL DEFAULT false;
ALTER TABLE ledger_usage_batch ALTER COLUMN covered SET DEFAULT true;
CREATE INDEX ledger_usage_batch_not_covered ON ledger_usage_batch (provider_id, received_at)
    WHERE NOT covered;

CREATE TRIGGER ledger_usage_batch_covered_append_only BEFORE UPDATE OF covered
    ON ledger_usage_batch FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
