"""Secrets that lie in the database and open only with the keys that are set."""

from typing import Any

import pytest
from cryptography.fernet import Fernet

from ledger.parties import sealing
from ledger.parties.sealing import SecretUnreadable

OLD, NEW = "o" * 32, "n" * 32


@pytest.fixture(autouse=True)
def _keys(settings: Any) -> None:
    settings.SEALING_KEYS = [OLD]


class TestSeal:
    def test_hides_the_secret_and_opens_again(self) -> None:
        sealed = sealing.seal(b"secret \xff:", owner="k3x9")

        assert b"secret" not in sealed
        assert sealing.unseal(sealed, owner="k3x9") == b"secret \xff:"
        assert sealing.seal(b"secret \xff:", owner="k3x9") != sealed

    @pytest.mark.parametrize("owner", ["k3x", "k3x9:", "", "other"])
    def test_opens_for_its_owner_only(self, owner: str) -> None:
        sealed = sealing.seal(b"secret", owner="k3x9")

        with pytest.raises(SecretUnreadable):
            sealing.unseal(sealed, owner=owner)

    def test_does_not_open_once_a_byte_was_changed(self) -> None:
        sealed = sealing.seal(b"secret", owner="k3x9")

        for place in range(0, len(sealed), 7):
            other = bytearray(sealed)
            other[place] ^= 1
            with pytest.raises(SecretUnreadable):
                sealing.unseal(bytes(other), owner="k3x9")

    def test_does_not_open_by_the_setting_itself_nor_by_another_key(self, settings: Any) -> None:
        sealed = sealing.seal(b"secret", owner="k3x9")
        settings.SEALING_KEYS = [NEW]

        with pytest.raises(SecretUnreadable, match="CLEARWATT_SEALING_KEYS"):
            sealing.unseal(sealed, owner="k3x9")
        with pytest.raises(SecretUnreadable):
            sealing.unseal(Fernet(Fernet.generate_key()).encrypt(b"k3x9:secret"), owner="k3x9")


class TestRotation:
    def test_opens_with_an_older_key_and_seals_with_the_newest(self, settings: Any) -> None:
        sealed = sealing.seal(b"secret", owner="k3x9")
        settings.SEALING_KEYS = [NEW, OLD]

        assert sealing.unseal(sealed, owner="k3x9") == b"secret"
        anew = sealing.seal_anew(sealed, owner="k3x9")
        settings.SEALING_KEYS = [NEW]

        assert sealing.unseal(anew, owner="k3x9") == b"secret"
        with pytest.raises(SecretUnreadable):
            sealing.seal_anew(sealed, owner="k3x9")
