ALTER TABLE settlement_statement_line DROP COLUMN kind;
