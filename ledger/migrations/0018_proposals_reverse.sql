DROP TRIGGER ledger_proposal_append_only ON ledger_proposal;
DROP TRIGGER ledger_proposal_content_fixed ON ledger_proposal;
DROP FUNCTION ledger_proposal_check();
