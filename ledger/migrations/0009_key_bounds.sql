-- Counted at every request of a limited key: nothing of it is written to the log, and a row finds
-- room beside itself for its next version.
ALTER TABLE ledger_request_allowance SET UNLOGGED;
ALTER TABLE ledger_request_allowance SET (fillfactor = 20);
