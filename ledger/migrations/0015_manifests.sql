-- A manifest is what a source said: a newer one takes its place, and both are kept.
CREATE TRIGGER ledger_manifest_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
    ON ledger_manifest FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();

ALTER TABLE ledger_manifest
    ADD CONSTRAINT ledger_manifest_window_quarter_hours CHECK (
        mod((extract(epoch FROM starts_at) * 1000000)::bigint, 900000000) = 0
        AND mod((extract(epoch FROM ends_at) * 1000000)::bigint, 900000000) = 0
    ),
    ADD CONSTRAINT ledger_manifest_window_span CHECK (
        starts_at < ends_at AND ends_at - starts_at <= '31 days'::interval
    ),
    ADD CONSTRAINT ledger_manifest_revision_positive CHECK (revision > 0),
    ADD CONSTRAINT ledger_manifest_counts_not_negative CHECK (
        LEAST(events, input, cache_read, cache_write_5m, cache_write_1h, output, reasoning,
              audio_input, audio_output, image_input, first_sequence) >= 0
    ),
    ADD CONSTRAINT ledger_manifest_sequences_ordered CHECK (
        (first_sequence IS NULL) = (last_sequence IS NULL) AND first_sequence <= last_sequence
    );
