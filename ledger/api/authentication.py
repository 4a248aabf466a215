"""Who calls: the key in the Authorization header, and the scope that a view asks of it."""

from typing import Any, cast

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from ledger.api import body
from ledger.errors import LedgerError
from ledger.parties import allowances, keys, networks, signing
from ledger.parties.allowances import Allowance
from ledger.parties.callers import Caller
from ledger.parties.networks import Address
from ledger.parties.signatures import Presented
from ledger.usage.formats.decoding import MOST_BYTES

SCHEME = "Bearer"
ALLOWANCE = "clearwatt.allowance"
"""Under which name a request carries what its key has left."""


class ScopeMissing(LedgerError):
    """The key is good, but not for this."""

    problem = "scope-missing"

    def __init__(self, *, needed: str, held: frozenset[str]) -> None:
        self.needed = needed
        self.held = sorted(held)
        super().__init__(f"this needs a key with the scope {needed}")


class PartyNotAllowed(LedgerError):
    """The act belongs to another kind of party."""

    problem = "party-not-allowed"

    def __init__(self, *, party: str, allowed: str) -> None:
        self.party = party
        self.allowed = allowed
        super().__init__(f"this is for the {allowed}; your key speaks for {party}")


class KeyWithoutUser(LedgerError):
    """The act needs a person, and the key acts for none."""

    problem = "key-without-user"

    def __init__(self) -> None:
        super().__init__("this needs a key that was issued for a person: issue_key … --user NAME")


def caller_of(request: Request) -> Caller:
    """Return whom the request's key speaks for; the view asked for a key."""
    caller = request.auth
    assert isinstance(caller, Caller), "a view that asks for no key reads nothing of a party"
    return caller


def address_of(request: Request) -> Address | None:
    """Return where the request comes from; None if nobody who is trusted says so."""
    return networks.client(
        remote=request.META.get("REMOTE_ADDR") or "",
        forwarded_for=request.META.get("HTTP_X_FORWARDED_FOR") or "",
        trusted=settings.TRUSTED_PROXIES,
    )


def allowance_of(request: Request) -> Allowance | None:
    """Return what the request's key has left; None if it has no limit, or was not checked."""
    found: Allowance | None = request.META.get(ALLOWANCE)
    return found


def check_signature(request: Request) -> None:
    """Do nothing, unless the request changes something and its key signs: then the signature holds.

    :raises SignatureMissing, SignatureInvalid, SignatureOutOfTime, SignatureReplayed: if not.
    :raises BodyTooLarge, LengthRequired: as `body.raw` does, which reads what was signed.
    """
    caller = request.auth
    if request.method in SAFE_METHODS or not isinstance(caller, Caller) or not caller.signs:
        return
    presented = Presented(
        webhook_id=request.META.get("HTTP_WEBHOOK_ID", ""),
        timestamp=request.META.get("HTTP_WEBHOOK_TIMESTAMP", ""),
        signatures=request.META.get("HTTP_WEBHOOK_SIGNATURE", ""),
    )
    signing.check(caller, body.raw(request, limit=MOST_BYTES), presented, now=timezone.now())


def for_the_platform(request: Request) -> None:
    """Let the platform's keys pass.

    :raises PartyNotAllowed: if the key speaks for another party.
    """
    caller = caller_of(request)
    if not caller.is_platform:
        raise PartyNotAllowed(party=caller.party_code, allowed="platform")


def platform_user_of(request: Request) -> AbstractUser:
    """Return the platform's person behind the key.

    :raises PartyNotAllowed: if the key speaks for another party.
    :raises KeyWithoutUser: if it acts for no person.
    """
    for_the_platform(request)
    caller = caller_of(request)
    if caller.user_id is None:
        raise KeyWithoutUser
    return cast("AbstractUser", get_user_model().objects.get(pk=caller.user_id))


class KeyAuthentication(BaseAuthentication):
    """Read `Authorization: Bearer cw_<prefix>_<secret>`."""

    def authenticate(self, request: Request) -> tuple[None, Caller]:
        """Return the caller, and count the request if its key has a limit.

        :raises KeyMissing: if there is no key; and what `keys.authenticate` raises.
        :raises Throttled: if the key has spent what it may.
        """
        scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != SCHEME.lower() or not token.strip():
            raise keys.KeyMissing
        now = timezone.now()
        caller = keys.authenticate(token.strip(), now=now, address=address_of(request))
        if caller.requests_per_minute is not None:
            allowance = allowances.take(
                key_id=caller.key_id, requests_per_minute=caller.requests_per_minute, now=now
            )
            request.META[ALLOWANCE] = allowance
            allowance.check()
        return None, caller

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - DRF's signature
        """Name the scheme, so that DRF answers 401."""
        return SCHEME


class HasScope(BasePermission):
    """Let a key pass that holds the view's `scope`, or its `post_scope` for what it takes."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return True.

        :raises ScopeMissing: if the key lacks the scope.
        :raises PartyNotAllowed: if it has one that its party has no use for.
        """
        asking = cast("Any", view)
        needed = (request.method == "POST" and asking.post_scope) or asking.scope
        caller = caller_of(request)
        if needed not in caller.scopes:
            raise ScopeMissing(needed=needed, held=caller.scopes)
        if needed in keys.OF_PROVIDERS and not caller.is_provider:
            raise PartyNotAllowed(party=caller.party_code, allowed="providers")
        return True


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describe the key in the OpenAPI document."""

    target_class = KeyAuthentication
    name = "apiKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:  # noqa: ARG002 - as drf-spectacular calls it
        """Return the security scheme."""
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "cw_<prefix>_<secret>",
            "description": "An API key of a party, from `manage.py issue_key`. Each operation "
            "names the scope that it asks for.",
        }
