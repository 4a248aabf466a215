-- What the database itself refuses, for the owner too. Each refusal carries the name under which
-- ledger/constraints.py knows it.

-- Journals, identities and the catalogue only grow.
CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'restrict_violation',
        CONSTRAINT = TG_NAME,
        TABLE = TG_TABLE_NAME,
        MESSAGE = format('%s of %s is refused: its rows are never edited, correct by adding a new one',
                         TG_OP, TG_TABLE_NAME);
END $$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'journal_entry', 'posting', 'event_key', 'account',
        'publication', 'provenance', 'hardware', 'site', 'tariff', 'benchmark', 'deployment',
        'rate_card', 'agreement',
        'site_pue', 'site_tariff', 'tariff_version', 'holiday_year', 'green_supply',
        'carbon_factor', 'gpu_hour_price', 'fx_rate', 'serving_profile', 'deployment_terms',
        'rate_card_version', 'agreement_version', 'slot_rate', 'price_rate'
    ] LOOP
        EXECUTE format(
            'CREATE TRIGGER ledger_%1$s_append_only BEFORE UPDATE OR DELETE OR TRUNCATE '
            'ON ledger_%1$s FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()', name);
    END LOOP;
    -- Everything that enters a rate starts on a quarter hour.
    FOREACH name IN ARRAY ARRAY[
        'site_pue', 'site_tariff', 'tariff_version', 'green_supply', 'carbon_factor',
        'gpu_hour_price', 'fx_rate', 'serving_profile', 'deployment_terms', 'rate_card_version',
        'agreement_version'
    ] LOOP
        EXECUTE format(
            'ALTER TABLE ledger_%1$s ADD CONSTRAINT ledger_%1$s_valid_from_quarter_hour '
            'CHECK (mod((extract(epoch FROM valid_from) * 1000000)::bigint, 900000000) = 0)', name);
    END LOOP;
END $$;

-- A row trigger on the parent is cloned to every partition; statement triggers would not see
-- a DELETE that names the partition. TRUNCATE is refused partition by partition.
CREATE TRIGGER ledger_usage_entry_append_only BEFORE UPDATE OR DELETE ON ledger_usage_entry
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER ledger_usage_entry_append_only_truncate BEFORE TRUNCATE ON ledger_usage_entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();

ALTER TABLE ledger_posting
    ADD CONSTRAINT ledger_posting_amount_nonzero CHECK (amount <> 0),
    ADD CONSTRAINT ledger_posting_amount_number CHECK (amount <> 'NaN');

-- An entry's postings are written by the transaction that wrote the entry, in one statement that
-- sums to zero per commodity. Only the new rows are read.
ALTER TABLE ledger_journal_entry ADD COLUMN xact xid8 NOT NULL DEFAULT pg_current_xact_id();

CREATE FUNCTION ledger_posting_check() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    fault record;
BEGIN
    SELECT e.id INTO fault
    FROM (SELECT DISTINCT entry_id FROM inserted) i
    JOIN ledger_journal_entry e ON e.id = i.entry_id
    WHERE e.xact <> pg_current_xact_id()
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'restrict_violation',
            CONSTRAINT = 'ledger_posting_entry_same_transaction',
            TABLE = 'ledger_posting',
            MESSAGE = format('journal entry %s is already recorded: nothing is added to it', fault.id);
    END IF;
    SELECT i.entry_id, a.commodity, sum(i.amount) AS surplus INTO fault
    FROM inserted i
    JOIN ledger_account a ON a.id = i.account_id
    GROUP BY i.entry_id, a.commodity
    HAVING sum(i.amount) <> 0
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'restrict_violation',
            CONSTRAINT = 'ledger_posting_entry_balances',
            TABLE = 'ledger_posting',
            MESSAGE = format('journal entry %s is out of balance by %s %s',
                             fault.entry_id, fault.surplus, fault.commodity);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER ledger_posting_check AFTER INSERT ON ledger_posting
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_posting_check();

-- A closed period takes no usage; an accounting date lies in the period it names.
CREATE FUNCTION ledger_journal_entry_check() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    fault record;
BEGIN
    SELECT i.id, i.accounting_date, p.starts_on, p.ends_on INTO fault
    FROM inserted i
    JOIN ledger_period p ON p.id = i.period_id
    WHERE i.kind = 'usage' AND p.state <> 'open'
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'restrict_violation',
            CONSTRAINT = 'ledger_journal_entry_period_open',
            TABLE = 'ledger_journal_entry',
            MESSAGE = format('the period from %s to %s is closed', fault.starts_on, fault.ends_on);
    END IF;
    SELECT i.id, i.accounting_date, p.starts_on, p.ends_on INTO fault
    FROM inserted i
    JOIN ledger_period p ON p.id = i.period_id
    WHERE i.accounting_date < p.starts_on OR i.accounting_date >= p.ends_on
       OR i.agreement_id IS DISTINCT FROM p.agreement_id
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'restrict_violation',
            CONSTRAINT = 'ledger_journal_entry_date_in_period',
            TABLE = 'ledger_journal_entry',
            MESSAGE = format('accounting date %s or its agreement is not of the period from %s to %s',
                             fault.accounting_date, fault.starts_on, fault.ends_on);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER ledger_journal_entry_check AFTER INSERT ON ledger_journal_entry
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_journal_entry_check();

-- A batch's content never changes; only its way through the queue does.
CREATE FUNCTION ledger_usage_batch_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.provider_id, NEW.received_at, NEW.events)
           IS DISTINCT FROM (OLD.id, OLD.provider_id, OLD.received_at, OLD.events)
       OR (NEW.payload IS NOT NULL AND NEW.payload IS DISTINCT FROM OLD.payload)
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'restrict_violation',
            CONSTRAINT = 'ledger_usage_batch_content_fixed',
            TABLE = 'ledger_usage_batch',
            MESSAGE = format('batch %s is recorded: its content is never changed', OLD.id);
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER ledger_usage_batch_content_fixed BEFORE UPDATE ON ledger_usage_batch
    FOR EACH ROW
    WHEN (OLD.payload IS DISTINCT FROM NEW.payload
          OR (NEW.id, NEW.provider_id, NEW.received_at, NEW.events)
             IS DISTINCT FROM (OLD.id, OLD.provider_id, OLD.received_at, OLD.events))
    EXECUTE FUNCTION ledger_usage_batch_check();
CREATE TRIGGER ledger_usage_batch_append_only BEFORE DELETE OR TRUNCATE ON ledger_usage_batch
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();

-- A period only moves forward, and its span is fixed.
CREATE FUNCTION ledger_period_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.agreement_id, NEW.starts_on, NEW.ends_on)
           IS DISTINCT FROM (OLD.id, OLD.agreement_id, OLD.starts_on, OLD.ends_on)
       OR (OLD.state = 'closed' AND NEW.state <> 'closed')
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'restrict_violation',
            CONSTRAINT = 'ledger_period_state_forward',
            TABLE = 'ledger_period',
            MESSAGE = format('the period from %s to %s is %s: it does not reopen or move',
                             OLD.starts_on, OLD.ends_on, OLD.state);
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER ledger_period_state_forward BEFORE UPDATE ON ledger_period
    FOR EACH ROW EXECUTE FUNCTION ledger_period_check();
CREATE TRIGGER ledger_period_append_only BEFORE DELETE OR TRUNCATE ON ledger_period
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
