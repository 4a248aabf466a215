-- What sources call consumers and deployments is published like the catalogue: it only grows, and
-- begins on a quarter hour.
CREATE TRIGGER ledger_source_name_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
    ON ledger_source_name FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();

-- A name leads to a deployment of the source's own provider.
ALTER TABLE ledger_deployment
    ADD CONSTRAINT ledger_deployment_provider_id_uniq UNIQUE (provider_id, id);

ALTER TABLE ledger_source_name
    ADD CONSTRAINT ledger_source_name_valid_from_quarter_hour
        CHECK (mod((extract(epoch FROM valid_from) * 1000000)::bigint, 900000000) = 0),
    ADD CONSTRAINT ledger_source_name_length
        CHECK (length(name) <= 512 AND length(project) <= 512
               AND octet_length(source) + octet_length(name) <= 2600),
    ADD CONSTRAINT ledger_source_name_deployment_own
        FOREIGN KEY (provider_id, deployment_id) REFERENCES ledger_deployment (provider_id, id);

-- What the source wrote where a mapping led to something else: {"consumer": "sk-4f…"}.
ALTER TABLE ledger_usage_entry ADD COLUMN written jsonb;
