"""People at the operators' site, and the links that they follow."""

import re
from html import unescape
from typing import Protocol

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission, User
from django.test import Client

LINK = re.compile(r'<a [^>]*href="([^"]*)"[^>]*>(.*?)</a\s*>', re.DOTALL)
TAG = re.compile(r"<[^>]+>")


class Page(Protocol):
    """What a client of Django's answers with."""

    @property
    def content(self) -> bytes:
        """Return the body."""
        ...


def person(name: str, *permissions: str, superuser: bool = False) -> User:
    """Return a member of staff with these permissions, such as `ledger.view_account`."""
    found, _ = get_user_model().objects.get_or_create(
        username=name, defaults={"is_staff": True, "is_superuser": superuser}
    )
    for permission in permissions:
        app, codename = permission.split(".")
        found.user_permissions.add(
            Permission.objects.get(content_type__app_label=app, codename=codename)
        )
    # Fetched anew: permissions are kept on the object once they were asked for.
    return get_user_model().objects.get(pk=found.pk)


def signed_in(user: User) -> Client:
    """Return a client that is signed in."""
    client = Client()
    client.force_login(user)
    return client


def operator() -> Client:
    """Return the client of somebody who may see everything."""
    return signed_in(person("operator", superuser=True))


def text(response: Page) -> str:
    """Return what a page says, without its marks."""
    body = re.sub(r"<(script|style).*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(TAG.sub(" ", body)))


def link(response: Page, said: str) -> str:
    """Return where the only link with these words leads."""
    found = {
        unescape(address)
        for address, words in LINK.findall(response.content.decode())
        if unescape(TAG.sub("", words)).strip() == said
    }
    assert len(found) == 1, f"{said!r} leads to {found or 'nowhere'}"
    return found.pop()
