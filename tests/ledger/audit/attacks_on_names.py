"""Attacks on what the words of sources stand for, and on what a usage entry says was written."""

from typing import Final

from tests.ledger.audit.attacks import attack, late

MAPPED: Final = "WHERE event_id = 'mapped'"
CONSUMER: Final = "WHERE kind = 'consumer'"
GLOBEX: Final = "(SELECT id FROM ledger_party WHERE code = 'globex')"
NAMES: Final = (
    *(
        attack(name, f"UPDATE ledger_source_name SET {change} {CONSUMER}", seen_by="names")
        for name, change in (
            ("a name led to another consumer", f"consumer_id = {GLOBEX}"),
            ("a name's project", "project = 'another'"),
            ("a name", "name = 'sk-2'"),
            ("a name's provider", f"provider_id = {GLOBEX}"),
            ("a name given to another source", "source = 'urn:gateway:west-2'"),
            ("a name that began after its usage", "valid_from = '2026-10-18T00:00:00Z'"),
            ("a name withdrawn", "withdrawn = true, consumer_id = NULL, project = ''"),
        )
    ),
    attack(
        "a name led to another deployment",
        """INSERT INTO ledger_deployment (provider_id, code, model, site_id, currency, created_at)
           SELECT provider_id, 'another', model, site_id, currency, created_at
           FROM ledger_deployment WHERE code = 'qwen'""",
        """UPDATE ledger_source_name
           SET deployment_id = (SELECT id FROM ledger_deployment WHERE code = 'another')
           WHERE kind = 'deployment'""",
        seen_by="names",
    ),
    attack("every name deleted", "DELETE FROM ledger_source_name", seen_by="names"),
    attack(
        "a name made up afterwards",
        f"""INSERT INTO ledger_source_name (provider_id, source, kind, name, consumer_id, project,
                valid_from, revision, withdrawn, publication_id)
            SELECT provider_id, source, kind, 'acme', {GLOBEX}, '', valid_from, 1, false,
                publication_id
            FROM ledger_source_name {CONSUMER}""",
        seen_by="names",
    ),
    attack(
        "another name said to have been written",
        f"""UPDATE ledger_usage_entry SET written = written || '{{"consumer": "sk-2"}}' {MAPPED}""",
        seen_by="bodies names",
    ),
    attack(
        "another project said to have been written",
        f"""UPDATE ledger_usage_entry SET written = written || '{{"project": "other"}}' {MAPPED}""",
        seen_by="bodies names",
    ),
    attack(
        "a name said to have been written that was written",
        late("""written = '{"consumer": "acme"}'"""),
        seen_by="names",
    ),
    attack(
        "something else said to have been written",
        f"""UPDATE ledger_usage_entry SET written = written || '{{"site": "west"}}' {MAPPED}""",
        seen_by="names",
    ),
    attack(
        "what was written left out",
        f"UPDATE ledger_usage_entry SET written = NULL {MAPPED}",
        seen_by="bodies",
    ),
    attack(
        "what was written left out where the payload was dropped",
        "UPDATE ledger_usage_entry SET written = NULL WHERE event_id = 'bare-3'",
        seen_by="bodies",
    ),
)
