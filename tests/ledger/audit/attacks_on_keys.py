"""Attacks on the keys of parties' machines."""

from typing import Final

from tests.ledger.audit.attacks import attack

ISSUE: Final = """
    INSERT INTO ledger_api_key (party_id, name, prefix, secret_hash, scopes, created_at{columns})
    SELECT id, '', 'stolen', '\\x00', '{{{scope}}}', now(){values}
    FROM ledger_party WHERE code = '{party}'
"""


def issue(*, party: str, scope: str = "events:write", **more: str) -> str:
    """Return a statement that gives a party a key with a scope, and some columns more."""
    return ISSUE.format(
        party=party,
        scope=scope,
        columns="".join(f", {name}" for name in more),
        values="".join(f", {value}" for value in more.values()),
    )


KEYS: Final = (
    attack("a consumer's key to post usage", issue(party="acme"), seen_by="key-scopes"),
    attack(
        "a signing secret that nobody sealed",
        issue(party="westcloud", signing_secret="'secret'", signing_secret_issued_at="now()"),
        seen_by="signing-secrets",
    ),
    attack("the platform's key to post usage", issue(party="clearwatt"), seen_by="key-scopes"),
    attack(
        "a consumer's key to correct usage",
        issue(party="acme", scope="events:correct"),
        seen_by="key-scopes",
    ),
)
