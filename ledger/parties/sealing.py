"""Secrets that must be read again, sealed while they lie in the database.

The keys of the seal are made from `settings.SEALING_KEYS`: the first one seals, and each of them
opens, so that a new key can be put in front and what older ones sealed be sealed anew. Whose
secret it is lies within the seal, since a seal moved to another row must not open there.
"""

import base64
from functools import lru_cache
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from ledger.errors import LedgerError

PURPOSE: Final = b"clearwatt: signing secrets of API keys"
MARK: Final = b":"


class SecretUnreadable(LedgerError):
    """A sealed secret does not open: the key of the seal is not among those that are set."""

    problem = "secret-unreadable"

    def __init__(self, owner: str) -> None:
        self.owner = owner
        super().__init__(
            f"the signing secret of key cw_{owner}_… does not open: "
            "CLEARWATT_SEALING_KEYS lacks what it was sealed with"
        )


def seal(secret: bytes, *, owner: str) -> bytes:
    """Return the secret sealed for its owner, the prefix of a key."""
    return _seals(tuple(settings.SEALING_KEYS)).encrypt(owner.encode() + MARK + secret)


def unseal(sealed: bytes, *, owner: str) -> bytes:
    """Return the secret.

    :raises SecretUnreadable: if it does not open, or is another's.
    """
    try:
        opened = _seals(tuple(settings.SEALING_KEYS)).decrypt(sealed)
    except InvalidToken as error:
        raise SecretUnreadable(owner) from error
    named, _, secret = opened.partition(MARK)
    if named != owner.encode():
        raise SecretUnreadable(owner)
    return secret


def seal_anew(sealed: bytes, *, owner: str) -> bytes:
    """Return the secret sealed with the first of the keys.

    :raises SecretUnreadable: if it does not open.
    """
    return seal(unseal(sealed, owner=owner), owner=owner)


@lru_cache(maxsize=4)
def _seals(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_derived(key)) for key in keys])


def _derived(key: str) -> bytes:
    """Derive a key for this purpose alone: what is set may serve others too."""
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE)
    return base64.urlsafe_b64encode(derivation.derive(key.encode()))
