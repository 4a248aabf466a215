-- What a run of re-rating may be, and that no usage entry is taken back or replaced twice.
ALTER TABLE ledger_rerating
    ADD CONSTRAINT ledger_rerating_span_forward CHECK (starts_at < ends_at),
    ADD CONSTRAINT ledger_rerating_reason_given CHECK (reason <> ''),
    ADD CONSTRAINT ledger_rerating_digest_length CHECK (length(digest) = 32),
    ADD CONSTRAINT ledger_rerating_state_known
        CHECK (state IN ('proposed', 'approved', 'applying', 'applied', 'withdrawn', 'stale')),
    ADD CONSTRAINT ledger_rerating_approved_by_another CHECK (approved_by_id <> asked_by_id),
    ADD CONSTRAINT ledger_rerating_approved_whole
        CHECK ((approved_by_id IS NULL) = (approved_at IS NULL)),
    ADD CONSTRAINT ledger_rerating_begun_whole
        CHECK ((begun_at IS NULL) = (applied_revision IS NULL)),
    ADD CONSTRAINT ledger_rerating_state_dated CHECK (
        CASE state
            WHEN 'proposed' THEN num_nonnulls(approved_at, begun_at, ended_at) = 0
            WHEN 'approved' THEN approved_at IS NOT NULL AND num_nonnulls(begun_at, ended_at) = 0
            WHEN 'applying' THEN num_nonnulls(approved_at, begun_at) = 2 AND ended_at IS NULL
            WHEN 'applied' THEN num_nonnulls(approved_at, begun_at, ended_at) = 3
            WHEN 'withdrawn' THEN begun_at IS NULL AND ended_at IS NOT NULL
            ELSE num_nonnulls(approved_at, ended_at) = 2
        END
    ),
    ADD CONSTRAINT ledger_rerating_outcome_of_ended
        CHECK ((state IN ('withdrawn', 'stale')) = (outcome <> ''));

ALTER TABLE ledger_rerating_claim
    ADD CONSTRAINT ledger_rerating_claim_number_positive CHECK (number > 0),
    ADD CONSTRAINT ledger_rerating_claim_counts_not_negative CHECK (LEAST(taken_back, left_alone) >= 0);

-- What was proposed stands. A state is left once, and each fact is written when it comes to be.
CREATE FUNCTION ledger_rerating_check() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    same ledger_rerating := NEW;
BEGIN
    same.state := OLD.state;
    same.outcome := OLD.outcome;
    IF OLD.approved_at IS NULL THEN
        same.approved_at := NULL;
        same.approved_by_id := NULL;
    END IF;
    IF OLD.begun_at IS NULL THEN
        same.begun_at := NULL;
        same.applied_revision := NULL;
    END IF;
    IF OLD.ended_at IS NULL THEN
        same.ended_at := NULL;
    END IF;
    IF same IS DISTINCT FROM OLD
       OR (OLD.state, NEW.state) NOT IN (
            ('proposed', 'approved'), ('proposed', 'withdrawn'),
            ('approved', 'applying'), ('approved', 'withdrawn'), ('approved', 'stale'),
            ('applying', 'applied'), ('applying', 'stale'))
    THEN
        RAISE EXCEPTION USING
            ERRCODE = 'restrict_violation',
            CONSTRAINT = 'ledger_rerating_content_fixed',
            TABLE = 'ledger_rerating',
            MESSAGE = format('re-rating %s is %s: propose another one instead of changing it',
                             OLD.id, OLD.state);
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER ledger_rerating_content_fixed BEFORE UPDATE ON ledger_rerating
    FOR EACH ROW EXECUTE FUNCTION ledger_rerating_check();
CREATE TRIGGER ledger_rerating_append_only BEFORE DELETE OR TRUNCATE ON ledger_rerating
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();

-- It begins as proposed; who wants it approved has to ask another person.
CREATE FUNCTION ledger_rerating_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> 'proposed' THEN
        RAISE EXCEPTION USING
            ERRCODE = 'restrict_violation',
            CONSTRAINT = 'ledger_rerating_begins_proposed',
            TABLE = 'ledger_rerating',
            MESSAGE = format('a re-rating begins as proposed, not as %s', NEW.state);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_rerating_begins_proposed BEFORE INSERT ON ledger_rerating
    FOR EACH ROW EXECUTE FUNCTION ledger_rerating_begins();

-- A claim is applied while its run is.
CREATE FUNCTION ledger_rerating_claim_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM ledger_rerating
                   WHERE id = NEW.rerating_id AND state = 'applying') THEN
        RAISE EXCEPTION USING
            ERRCODE = 'restrict_violation',
            CONSTRAINT = 'ledger_rerating_claim_run_applying',
            TABLE = 'ledger_rerating_claim',
            MESSAGE = format('re-rating %s is not being applied', NEW.rerating_id);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_rerating_claim_run_applying BEFORE INSERT ON ledger_rerating_claim
    FOR EACH ROW EXECUTE FUNCTION ledger_rerating_claim_check();

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['rerating_claim', 'rerating_entry'] LOOP
        EXECUTE format(
            'CREATE TRIGGER ledger_%1$s_append_only BEFORE UPDATE OR DELETE OR TRUNCATE '
            'ON ledger_%1$s FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()', name);
    END LOOP;
END $$;

-- An entry is reversed at most once and replaced at most once, whoever asks. What nothing corrects
-- is not in the index, so that rating pays nothing for it. Partitions made from now on, and months
-- that come back from an archive, get it with the others.
CREATE UNIQUE INDEX ledger_usage_entry_corrected_once
    ON ledger_usage_entry (occurred_at, corrects_id, kind)
    WHERE corrects_id IS NOT NULL;
