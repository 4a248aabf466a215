ALTER TABLE ledger_usage_entry DROP COLUMN written;
ALTER TABLE ledger_source_name
    DROP CONSTRAINT ledger_source_name_deployment_own,
    DROP CONSTRAINT ledger_source_name_length,
    DROP CONSTRAINT ledger_source_name_valid_from_quarter_hour;
ALTER TABLE ledger_deployment DROP CONSTRAINT ledger_deployment_provider_id_uniq;
DROP TRIGGER ledger_source_name_append_only ON ledger_source_name;
