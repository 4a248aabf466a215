DROP FUNCTION ledger_add_usage_month(date);
DROP TABLE ledger_usage_entry;
DROP SEQUENCE ledger_usage_entry_id_seq;
DROP TABLE ledger_event_key;
