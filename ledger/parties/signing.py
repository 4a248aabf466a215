"""The signing secrets of keys, and the requests that were signed with them.

A key without a secret may post unsigned; one that has one may not. It may have two for as long as
its machines change from the one to the other.
"""

import logging
import secrets
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import F

from ledger.errors import LedgerError
from ledger.parties import sealing, signatures
from ledger.parties.callers import Caller
from ledger.parties.keys import KeyRevoked, KeyUnknown
from ledger.parties.models import ApiKey
from ledger.parties.signatures import TOLERANCE, Presented, SignatureReplayed

logger = logging.getLogger(__name__)

SECRET_BYTES: Final = 32

# Its commit waits for no disk: whatever the request brings about is committed after it, so where
# that is on disk this is, too. Within somebody's transaction the setting would be that one's.
REMEMBER: Final = """
    INSERT INTO ledger_signed_request (api_key_id, webhook_id, signed_at)
    SELECT %(key)s, %(id)s, %(signed_at)s
    FROM set_config('synchronous_commit', %(waits)s, true)
    ON CONFLICT DO NOTHING
"""
FORGET: Final = "DELETE FROM ledger_signed_request WHERE signed_at < %(before)s"
SEALED: Final = """
    SELECT prefix, signing_secret, previous_signing_secret
    FROM ledger_api_key
    WHERE signing_secret IS NOT NULL
    ORDER BY id
    FOR UPDATE
"""
SEAL_ANEW: Final = """
    UPDATE ledger_api_key api_key
    SET signing_secret = anew.secret, previous_signing_secret = anew.previous
    FROM unnest(%(prefixes)s::text[], %(secrets)s::bytea[], %(previous)s::bytea[])
        AS anew (prefix, secret, previous)
    WHERE api_key.prefix = anew.prefix
"""


class TwoSecretsInUse(LedgerError):
    """The key has two secrets already: the previous one goes before a new one comes."""

    problem = "two-secrets-in-use"

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        super().__init__(
            f"key cw_{prefix}_… has two signing secrets; withdraw the previous one first"
        )


def check(caller: Caller, body: bytes, presented: Presented, *, now: datetime) -> None:
    """Do nothing, if the body was signed with a secret of the key, and is new.

    The request is remembered for as long as its signature would hold, by its key, id and time,
    whatever comes of it: one that is sent again exactly is a replay.

    :raises SignatureMissing, SignatureInvalid, SignatureOutOfTime: if it was not.
    :raises SignatureReplayed: if it was received before.
    """
    opened = [sealing.unseal(one, owner=caller.prefix) for one in caller.sealed_secrets]
    signed = signatures.verify(body, presented, secrets=opened, now=now)
    with connection.cursor() as cursor:
        cursor.execute(
            REMEMBER,
            {
                "key": caller.key_id,
                "id": signed.webhook_id,
                "signed_at": signed.signed_at,
                "waits": "on" if connection.in_atomic_block else "off",
            },
        )
        if not cursor.rowcount:
            raise SignatureReplayed(webhook_id=signed.webhook_id, signed_at=signed.signed_at)


def renew(prefix: str, *, now: datetime) -> str:
    """Give the key a new signing secret and return it, the only time that it is shown.

    The one that it had is valid beside it until it is withdrawn.

    :raises KeyUnknown, KeyRevoked: if there is no such key in force.
    :raises TwoSecretsInUse: if it has two.
    """
    secret = secrets.token_bytes(SECRET_BYTES)
    renewed = ApiKey.objects.filter(
        prefix=prefix, revoked_at=None, previous_signing_secret=None
    ).update(
        previous_signing_secret=F("signing_secret"),
        signing_secret=sealing.seal(secret, owner=prefix),
        signing_secret_issued_at=now,
    )
    if not renewed:
        _check_in_force(prefix)
        raise TwoSecretsInUse(prefix)
    logger.info("signing secret issued", extra={"prefix": prefix})
    return signatures.written(secret)


def withdraw_previous(prefix: str) -> bool:
    """Let only the latest secret be valid; return whether there was another until now.

    :raises KeyUnknown, KeyRevoked: if there is no such key in force.
    """
    withdrawn = (
        ApiKey.objects.filter(prefix=prefix, revoked_at=None)
        .exclude(previous_signing_secret=None)
        .update(previous_signing_secret=None)
    )
    if not withdrawn:
        _check_in_force(prefix)
    else:
        logger.info("previous signing secret withdrawn", extra={"prefix": prefix})
    return bool(withdrawn)


def stop(prefix: str) -> bool:
    """Let the key post unsigned from now on; return whether it had to sign until now.

    :raises KeyUnknown, KeyRevoked: if there is no such key in force.
    """
    stopped = (
        ApiKey.objects.filter(prefix=prefix, revoked_at=None)
        .exclude(signing_secret=None)
        .update(signing_secret=None, previous_signing_secret=None, signing_secret_issued_at=None)
    )
    if not stopped:
        _check_in_force(prefix)
    else:
        logger.info("signing stopped", extra={"prefix": prefix})
    return bool(stopped)


@transaction.atomic
def seal_anew() -> int:
    """Seal every secret with the first of the keys that are set; return of how many API keys.

    :raises SecretUnreadable: if one does not open; then all stay as they were.
    """
    with connection.cursor() as cursor:
        cursor.execute(SEALED)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        cursor.execute(
            SEAL_ANEW,
            {
                "prefixes": [prefix for prefix, _, _ in rows],
                "secrets": [_anew(secret, prefix) for prefix, secret, _ in rows],
                "previous": [_anew(previous, prefix) for prefix, _, previous in rows],
            },
        )
    return len(rows)


def forget(*, now: datetime) -> int:
    """Forget the requests whose signatures hold no more, by any clock; return how many."""
    with connection.cursor() as cursor:
        # Twice the tolerance: the clock that asks may itself be ahead of those that verify.
        cursor.execute(FORGET, {"before": now - 2 * TOLERANCE})
        forgotten: int = cursor.rowcount
    return forgotten


def _anew(sealed: bytes | None, prefix: str) -> bytes | None:
    return None if sealed is None else sealing.seal_anew(bytes(sealed), owner=prefix)


def _check_in_force(prefix: str) -> None:
    key = ApiKey.objects.filter(prefix=prefix).first()
    if key is None:
        raise KeyUnknown
    if key.revoked_at is not None:
        raise KeyRevoked(prefix)
