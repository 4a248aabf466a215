"""Audit of what keys may do: nobody posts usage who serves no models."""

from typing import Final

from ledger.audit.findings import Audit
from ledger.audit.queries import audit

POSTERS: Final = """
    SELECT format('key cw_%s_… may post usage for %s, a %s: revoke it', prefix, code, kind)
    FROM ledger_api_key api_key
    JOIN ledger_party party ON party.id = api_key.party_id
    WHERE 'events:write' = ANY(scopes) AND revoked_at IS NULL AND kind NOT IN ('provider', 'both')
    ORDER BY api_key.id
"""

AUDITS: Final[tuple[Audit, ...]] = (
    audit("key-scopes", "Keys to post usage belong to providers", POSTERS),
)
