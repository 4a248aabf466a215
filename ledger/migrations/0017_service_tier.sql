-- In which tier an event was served, and a price rate is made for. Rows of before are of the
-- standard tier: no other one had a price.
ALTER TABLE ledger_usage_entry ADD COLUMN service_tier text NOT NULL DEFAULT 'standard';
ALTER TABLE ledger_price_rate ADD COLUMN service_tier text NOT NULL DEFAULT 'standard';
