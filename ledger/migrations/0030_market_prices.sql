-- What others asked on a day is a fact: another snapshot adds to it.
CREATE TRIGGER ledger_market_price_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
    ON ledger_market_price FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
