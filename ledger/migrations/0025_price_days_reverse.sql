ALTER TABLE ledger_price_day
    DROP CONSTRAINT ledger_price_day_prices_listed,
    DROP CONSTRAINT ledger_price_day_revision_positive;
DROP TRIGGER ledger_price_day_append_only ON ledger_price_day;
