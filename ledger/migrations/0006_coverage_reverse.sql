DROP TRIGGER ledger_usage_batch_covered_append_only ON ledger_usage_batch;
DROP INDEX ledger_usage_batch_not_covered;
ALTER TABLE ledger_usage_batch DROP COLUMN covered;
DROP TABLE ledger_coverage;
