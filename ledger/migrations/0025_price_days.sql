-- A later publication corrects a day by a row of its own.
CREATE TRIGGER ledger_price_day_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
    ON ledger_price_day FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();

ALTER TABLE ledger_price_day
    ADD CONSTRAINT ledger_price_day_revision_positive CHECK (revision > 0),
    ADD CONSTRAINT ledger_price_day_prices_listed
        CHECK (jsonb_typeof(prices) = 'array' AND jsonb_array_length(prices) > 0);
