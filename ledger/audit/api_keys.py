"""Audits of keys: nobody posts usage who serves no models, and every signature can be verified."""

from collections.abc import Iterator
from typing import Final

from ledger.audit.findings import Audit
from ledger.audit.queries import audit
from ledger.parties import sealing
from ledger.parties.models import ApiKey
from ledger.parties.sealing import SecretUnreadable

POSTERS: Final = """
    SELECT format(
        'key cw_%s_… may post or correct usage for %s, a %s: revoke it', prefix, code, kind
    )
    FROM ledger_api_key api_key
    JOIN ledger_party party ON party.id = api_key.party_id
    WHERE scopes && '{events:write,events:correct}'
      AND revoked_at IS NULL AND kind NOT IN ('provider', 'both')
    ORDER BY api_key.id
"""


def _signing_secrets() -> Iterator[str]:
    signing = ApiKey.objects.exclude(signing_secret=None).filter(revoked_at=None).order_by("id")
    for key in signing:
        for sealed in (key.signing_secret, key.previous_signing_secret):
            try:
                if sealed is not None:
                    sealing.unseal(bytes(sealed), owner=key.prefix)
            except SecretUnreadable as error:
                yield str(error)


AUDITS: Final[tuple[Audit, ...]] = (
    audit("key-scopes", "Keys to post and correct usage belong to providers", POSTERS),
    Audit("signing-secrets", "Signing secrets open, each for its own key", _signing_secrets),
)
