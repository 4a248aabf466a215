ALTER TABLE ledger_manifest
    DROP CONSTRAINT ledger_manifest_sequences_ordered,
    DROP CONSTRAINT ledger_manifest_counts_not_negative,
    DROP CONSTRAINT ledger_manifest_revision_positive,
    DROP CONSTRAINT ledger_manifest_window_span,
    DROP CONSTRAINT ledger_manifest_window_quarter_hours;
DROP TRIGGER ledger_manifest_append_only ON ledger_manifest;
