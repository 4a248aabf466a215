"""API keys: issued once, stored as a hash, checked on every request, revoked for ever.

What a key may do is said when it is issued and does not change: its scopes, and the bounds within
which it may use them.
"""

import hashlib
import hmac
import logging
import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db import DatabaseError, connection

from ledger.errors import LedgerError
from ledger.parties import networks, sealing, signatures
from ledger.parties.bounds import UNBOUNDED, Bounds
from ledger.parties.callers import Caller
from ledger.parties.models import ApiKey, Party
from ledger.parties.networks import Address

logger = logging.getLogger(__name__)

SCOPES: Final = (
    "events:write",
    "events:correct",
    "names:write",
    "meters:write",
    "catalogue:write",
    "catalogue:approve",
    "books:read",
    "settlements:read",
    "settlements:approve",
    "reratings:propose",
    "reratings:approve",
)

WRITE_EVENTS: Final = "events:write"
OF_PROVIDERS: Final = (WRITE_EVENTS, "events:correct")
"""The one scope that only who serves models may hold: nobody else has usage to report."""

SECRET_BYTES: Final = 32
PROVIDING: Final = (Party.Kind.PROVIDER, Party.Kind.BOTH)
PREFIX_LENGTH: Final = 10
PREFIX_ALPHABET: Final = string.ascii_lowercase + string.digits
LAST_USE_GRANULARITY: Final = timedelta(minutes=1)

FIND = """
    SELECT api_key.id, api_key.secret_hash, api_key.scopes, api_key.expires_at,
           api_key.revoked_at, api_key.last_used_at, api_key.user_id, holder.is_active,
           api_key.sources, api_key.networks, api_key.requests_per_minute,
           api_key.signing_secret, api_key.previous_signing_secret,
           party.id, party.code, party.kind
    FROM ledger_api_key api_key
    JOIN ledger_party party ON party.id = api_key.party_id
    LEFT JOIN auth_user holder ON holder.id = api_key.user_id
    WHERE api_key.prefix = %(prefix)s
"""
# SKIP LOCKED: of requests at the same moment one writes, and none waits for it.
TOUCH = """
    UPDATE ledger_api_key
    SET last_used_at = %(now)s
    WHERE id IN (
        SELECT id
        FROM ledger_api_key
        WHERE id = %(id)s AND (last_used_at IS NULL OR last_used_at <= %(before)s)
        FOR UPDATE SKIP LOCKED
    )
"""


class KeyMissing(LedgerError):
    """The request carries no key."""

    problem = "key-missing"

    def __init__(self) -> None:
        super().__init__("send your key as `Authorization: Bearer cw_<prefix>_<secret>`")


class KeyUnknown(LedgerError):
    """The key is none of ours."""

    problem = "key-unknown"

    def __init__(self) -> None:
        super().__init__("no such key: check that all of it was sent")


class KeyExpired(LedgerError):
    """The key is past its expiry."""

    problem = "key-expired"

    def __init__(self, prefix: str, expired_at: datetime) -> None:
        self.prefix = prefix
        self.expired_at = expired_at
        super().__init__(f"key cw_{prefix}_… expired at {expired_at:%Y-%m-%d %H:%M} UTC")


class KeyRevoked(LedgerError):
    """The key was revoked, or the person behind it has left."""

    problem = "key-revoked"

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        super().__init__(f"key cw_{prefix}_… is revoked")


class ScopeUnknown(LedgerError):
    """A scope is none of `SCOPES`."""

    problem = "scope-unknown"

    def __init__(self, scope: str) -> None:
        self.scope = scope
        self.known = list(SCOPES)
        super().__init__(f"{scope!r} is not a scope; there are {', '.join(SCOPES)}")


class ScopeNotForParty(LedgerError):
    """The scope is for another kind of party."""

    problem = "scope-not-for-party"

    def __init__(self, *, scope: str, party: str, kind: str) -> None:
        self.scope = scope
        self.party = party
        self.kind = kind
        super().__init__(f"{scope} is for providers, and {party} is a {kind}")


class AddressNotAllowed(LedgerError):
    """The key is good, but not from here."""

    problem = "address-not-allowed"

    def __init__(self, prefix: str, address: Address | None) -> None:
        self.prefix = prefix
        self.address = None if address is None else str(address)
        where = "an address that is not known" if address is None else str(address)
        super().__init__(f"key cw_{prefix}_… is not accepted from {where}")


class PartyUnknown(LedgerError):
    """No party has this code."""

    problem = "party-unknown"

    def __init__(self, party: str) -> None:
        self.party = party
        super().__init__(f"there is no party {party!r}")


class UserUnknown(LedgerError):
    """No user has this name."""

    problem = "user-unknown"

    def __init__(self, user: str) -> None:
        self.user = user
        super().__init__(f"there is no user {user!r}")


@dataclass(frozen=True, slots=True)
class Issued:
    """A new key; `token` is shown once and stored nowhere.

    So is `signing_secret`, which is stored sealed; None for a key that does not sign.
    """

    prefix: str
    token: str
    signing_secret: str | None = None


def issue(
    *,
    party: str,
    scopes: Iterable[str],
    name: str,
    now: datetime,
    user: str | None = None,
    bounds: Bounds = UNBOUNDED,
) -> Issued:
    """Create a key for a party and return it, the only time that its secret is known.

    :raises ScopeUnknown, PartyUnknown, UserUnknown: if one is not; nothing is stored.
    :raises ScopeNotForParty: if it is to post usage for a party that serves no models.
    :raises BoundInvalid: if a source, network or number of requests cannot be.
    """
    wanted = sorted(set(scopes))
    for scope in wanted:
        if scope not in SCOPES:
            raise ScopeUnknown(scope)
    checked = bounds.checked()
    holder = Party.objects.filter(code=party).first()
    if holder is None:
        raise PartyUnknown(party)
    for scope in wanted:
        if scope not in scopes_for(holder.kind):
            raise ScopeNotForParty(scope=scope, party=party, kind=holder.kind)
    person = get_user_model().objects.filter(username=user).first() if user else None
    if user and person is None:
        raise UserUnknown(user)
    prefix = "".join(secrets.choice(PREFIX_ALPHABET) for _ in range(PREFIX_LENGTH))
    token = f"cw_{prefix}_{secrets.token_hex(SECRET_BYTES)}"
    secret = secrets.token_bytes(SECRET_BYTES) if bounds.signs else None
    ApiKey.objects.create(
        party=holder,
        user=person,
        name=name,
        prefix=prefix,
        secret_hash=_digest(token),
        scopes=wanted,
        created_at=now,
        expires_at=checked.expires_at,
        sources=checked.sources or None,
        networks=checked.networks or None,
        requests_per_minute=checked.requests_per_minute,
        signing_secret=None if secret is None else sealing.seal(secret, owner=prefix),
        signing_secret_issued_at=None if secret is None else now,
    )
    logger.info("key issued", extra={"party": party, "prefix": prefix, "scopes": ",".join(wanted)})
    return Issued(
        prefix=prefix,
        token=token,
        signing_secret=None if secret is None else signatures.written(secret),
    )


def scopes_for(kind: str) -> list[str]:
    """Return the scopes that a party of this kind may hold.

    >>> [WRITE_EVENTS in scopes_for(kind) for kind in ("provider", "both", "consumer", "platform")]
    [True, True, False, False]
    """
    return [scope for scope in SCOPES if scope not in OF_PROVIDERS or kind in PROVIDING]


def authenticate(token: str, *, now: datetime, address: Address | None = None) -> Caller:
    """Return who the token speaks for, and note its use at most once a minute.

    `address` is where the request comes from, None if that is not known.

    :raises KeyUnknown: if it is none of ours.
    :raises KeyRevoked: if it, or the user behind it, was withdrawn.
    :raises KeyExpired: if it is past its expiry.
    :raises AddressNotAllowed: if it is bound to networks, and the address lies in none of them.
    """
    prefix = _prefix(token)
    with connection.cursor() as cursor:
        cursor.execute(FIND, {"prefix": prefix})
        row: tuple[Any, ...] | None = cursor.fetchone()
    if row is None or not hmac.compare_digest(bytes(row[1]), _digest(token)):
        raise KeyUnknown
    key_id, _, scopes, expires_at, revoked_at, last_used_at, user_id, user_is_active = row[:8]
    sources, allowed_networks, requests_per_minute = row[8:11]
    if revoked_at is not None or (user_id is not None and not user_is_active):
        raise KeyRevoked(prefix)
    if expires_at is not None and expires_at <= now:
        raise KeyExpired(prefix, expires_at)
    if allowed_networks and not networks.within(address, map(networks.network, allowed_networks)):
        raise AddressNotAllowed(prefix, address)
    if last_used_at is None or last_used_at <= now - LAST_USE_GRANULARITY:
        _note_use(key_id, now=now)
    party_id, party_code, party_kind = row[13:]
    return Caller(
        key_id=key_id,
        prefix=prefix,
        party_id=party_id,
        party_code=party_code,
        is_platform=party_kind == Party.Kind.PLATFORM,
        is_provider=party_kind in PROVIDING,
        user_id=user_id,
        scopes=frozenset(scopes),
        sources=None if sources is None else frozenset(sources),
        requests_per_minute=requests_per_minute,
        sealed_secrets=tuple(bytes(one) for one in row[11:13] if one is not None),
    )


def revoke(prefix: str, *, now: datetime) -> bool:
    """Withdraw the key for ever; return whether it was in force until now.

    :raises KeyUnknown: if no key has this prefix.
    """
    revoked = ApiKey.objects.filter(prefix=prefix, revoked_at=None).update(revoked_at=now)
    if not revoked and not ApiKey.objects.filter(prefix=prefix).exists():
        raise KeyUnknown
    if revoked:
        logger.info("key revoked", extra={"prefix": prefix})
    return bool(revoked)


def _prefix(token: str) -> str:
    """Return the middle part of `cw_<prefix>_<secret>`.

    >>> _prefix("cw_k3x9_f00d")
    'k3x9'
    """
    parts = token.split("_")
    if len(parts) != 3 or parts[0] != "cw" or not parts[1].isalnum():  # noqa: PLR2004 - the format
        raise KeyUnknown
    return parts[1]


def _digest(token: str) -> bytes:
    """Hash the whole token; it carries 256 random bits, so that one round is enough."""
    return hashlib.sha256(token.encode()).digest()


def _note_use(key_id: int, *, now: datetime) -> None:
    """Write the time of last use; a database that cannot (a replica) does not stop the request."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(TOUCH, {"id": key_id, "now": now, "before": now - LAST_USE_GRANULARITY})
    except DatabaseError:
        logger.warning("use of key not noted", extra={"key": key_id}, exc_info=True)
