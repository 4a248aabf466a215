ALTER TABLE ledger_price_rate DROP COLUMN service_tier;
ALTER TABLE ledger_usage_entry DROP COLUMN service_tier;
