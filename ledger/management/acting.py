"""Who acts when a command runs: the person named by `--as`."""

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser
from django.core.management.base import CommandError

from ledger.errors import LedgerError
from ledger.parties.keys import UserUnknown


def add_argument(parser: ArgumentParser) -> None:
    """Let the command ask on whose behalf it acts."""
    parser.add_argument(
        "--as", dest="acting", required=True, metavar="USER", help="name of the user who acts"
    )


def person(name: str) -> AbstractUser:
    """Return the active user with this name.

    :raises UserUnknown: if there is none.
    """
    found = known(name)
    if found is None:
        raise UserUnknown(name)
    return found


def known(name: str) -> AbstractUser | None:
    """Return the active user with this name, if there is one."""
    found: AbstractUser | None = (
        get_user_model().objects.filter(username=name, is_active=True).first()
    )
    return found


@contextmanager
def refusals_said() -> Iterator[None]:
    """Turn what the ledger refuses into a sentence on standard error and an exit code of 1."""
    try:
        yield
    except LedgerError as error:
        raise CommandError(str(error)) from error
