-- What a line sums: usage, corrections, or (from now on) true-ups. Lines without a deployment were
-- corrections until today. The lines are append-only; this adds what they were all along.
ALTER TABLE settlement_statement_line ADD COLUMN kind text;
ALTER TABLE settlement_statement_line DISABLE TRIGGER settlement_statement_line_append_only;
UPDATE settlement_statement_line
SET kind = CASE WHEN deployment_id IS NULL THEN 'correction' ELSE 'usage' END;
ALTER TABLE settlement_statement_line ENABLE TRIGGER settlement_statement_line_append_only;
ALTER TABLE settlement_statement_line ALTER COLUMN kind SET NOT NULL;
