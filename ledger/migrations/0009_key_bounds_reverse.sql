ALTER TABLE ledger_request_allowance RESET (fillfactor);
ALTER TABLE ledger_request_allowance SET LOGGED;
