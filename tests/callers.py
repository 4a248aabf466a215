"""Makers of API clients: parties with keys, in a browserless client of Django's."""

from typing import Any

from django.contrib.auth import get_user_model
from django.test import Client

from ledger.parties import keys
from ledger.parties.models import Party
from tests.factories import NOW


def party(code: str, kind: str = "consumer") -> Party:
    """Return the party with this code, made if it is missing."""
    found, _ = Party.objects.get_or_create(
        code=code, defaults={"name": code.title(), "kind": kind, "created_at": NOW}
    )
    return found


def user(name: str) -> Any:
    """Return the user with this name, made if it is missing."""
    found, _ = get_user_model().objects.get_or_create(username=name)
    return found


def token(party_code: str, *scopes: str, user_name: str | None = None) -> str:
    """Issue a key, with every scope that the party may hold unless some are named."""
    held = scopes or keys.scopes_for(Party.objects.get(code=party_code).kind)
    return keys.issue(party=party_code, scopes=held, name="tests", user=user_name, now=NOW).token


def client(party_code: str, *scopes: str, user_name: str | None = None) -> Client:
    """Return a client that sends a key of the party, with every scope unless some are named."""
    key = token(party_code, *scopes, user_name=user_name)
    return Client(headers={"Authorization": f"Bearer {key}"}, raise_request_exception=False)
