"""The demo's people and keys: an operator, a maker, a checker, and a key for every party."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser, Group, Permission

from ledger.parties import keys
from ledger.parties.models import Party
from settlement.demo.flows import CONSUMERS, PROVIDERS

PASSWORD_BYTES: Final = 9
CLERKS: Final = "clearing clerks"
APPS_SEEN: Final = ("ledger", "settlement")


@dataclass(frozen=True, slots=True)
class Login:
    """A person who can sign in to the admin; the password is known here only."""

    name: str
    may: str
    password: str


@dataclass(frozen=True, slots=True)
class People:
    """Everybody who acts in the demo; keys by party code."""

    maker: AbstractUser
    logins: list[Login]
    provider_keys: dict[str, str]
    consumer_keys: dict[str, str]
    checker_key: str


def introduce(*, now: datetime) -> People:
    """Make the users, with passwords of this run, and issue the keys; the parties are published."""
    users = get_user_model().objects
    admin, maker, checker = (
        Login("admin", "sees and administers everything", _password()),
        Login("maker", "closes months and calculates settlements", _password()),
        Login("checker", "approves what the maker calculated", _password()),
    )
    users.create_superuser(admin.name, password=admin.password)
    clerks = [
        users.create_user(login.name, password=login.password, is_staff=True)
        for login in (maker, checker)
    ]
    group = Group.objects.create(name=CLERKS)
    group.permissions.set(
        Permission.objects.filter(
            content_type__app_label__in=APPS_SEEN, codename__startswith="view_"
        )
    )
    group.user_set.set(clerks)
    may_approve = {"content_type__app_label": "settlement", "codename": "add_approval"}
    clerks[1].user_permissions.set(Permission.objects.filter(**may_approve))
    return People(
        maker=clerks[0],
        logins=[admin, maker, checker],
        provider_keys={
            code: _key(code, "events:write", "books:read", "settlements:read", now=now)
            for code in PROVIDERS
        },
        consumer_keys={
            code: _key(code, "books:read", "settlements:read", now=now)
            for code in CONSUMERS
            if code not in PROVIDERS
        },
        checker_key=_key(
            Party.objects.get(kind=Party.Kind.PLATFORM).code,
            "settlements:approve",
            "settlements:read",
            "books:read",
            user=checker.name,
            now=now,
        ),
    )


def _password() -> str:
    return secrets.token_urlsafe(PASSWORD_BYTES)


def _key(party: str, *scopes: str, now: datetime, user: str | None = None) -> str:
    return keys.issue(party=party, scopes=scopes, name="demo", user=user, now=now).token
