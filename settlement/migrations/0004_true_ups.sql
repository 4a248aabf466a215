-- A true-up is what was known at a close: a later one is a row of its own.
CREATE TRIGGER settlement_true_up_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
    ON settlement_true_up FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
