"""Signatures, made by the published library of Standard Webhooks, and read by us."""

import base64
import hashlib
import hmac
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from ledger.parties import signatures
from ledger.parties.signatures import (
    TOLERANCE,
    Presented,
    SignatureInvalid,
    SignatureMissing,
    SignatureOutOfTime,
)
from tests.factories import NOW

SECRET = b"\x00\xff" * 16
OTHER = b"\x01" * 32
SECOND = timedelta(seconds=1)


def presented(
    body: str = "{}", *, secret: bytes = SECRET, signed_at: Any = NOW, webhook_id: str = "msg_1"
) -> Presented:
    """Return what the library sends with a body."""
    library = Webhook(signatures.written(secret))
    return Presented(
        webhook_id=webhook_id,
        timestamp=str(int(signed_at.timestamp())),
        signatures=library.sign(webhook_id, signed_at, body),
    )


def by_hand(body: bytes, *, secret: bytes = SECRET, webhook_id: str = "msg_1") -> Presented:
    """Return what is sent with a body that is no text, which the library does not sign."""
    timestamp = str(int(NOW.timestamp()))
    digest = hmac.new(secret, f"{webhook_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return Presented(webhook_id, timestamp, "v1," + base64.b64encode(digest).decode())


def changed(given: Presented, **parts: str) -> Presented:
    return Presented(
        webhook_id=parts.get("webhook_id", given.webhook_id),
        timestamp=parts.get("timestamp", given.timestamp),
        signatures=parts.get("signatures", given.signatures),
    )


def verify(body: bytes, given: Presented, *secrets: bytes, now: Any = NOW) -> signatures.Signed:
    return signatures.verify(body, given, secrets=secrets or [SECRET], now=now)


class TestVerify:
    @given(
        body=st.text(),
        webhook_id=st.from_regex(r"\A[A-Za-z0-9_-]{1,256}\Z"),
        secret=st.binary(min_size=24, max_size=64),
    )
    def test_takes_what_the_library_signed(self, body: str, webhook_id: str, secret: bytes) -> None:
        signed = presented(body, secret=secret, webhook_id=webhook_id)

        found = verify(body.encode(), signed, secret)

        assert (found.webhook_id, found.signed_at) == (webhook_id, NOW)

    @given(body=st.binary(), place=st.integers(0), change=st.integers(1, 255))
    def test_refuses_a_body_of_which_a_byte_was_changed(
        self, body: bytes, place: int, change: int
    ) -> None:
        signed = by_hand(body)
        verify(body, signed)
        other = bytearray(body or b"x")
        other[place % len(other)] ^= change if body else 0

        with pytest.raises(SignatureInvalid):
            verify(bytes(other), signed)

    def test_takes_bodies_that_are_no_text(self) -> None:
        body = bytes(range(256))

        assert verify(body, by_hand(body)).webhook_id == "msg_1"

    def test_refuses_what_another_secret_signed(self) -> None:
        with pytest.raises(SignatureInvalid):
            verify(b"{}", presented(secret=OTHER))

    def test_takes_either_of_two_secrets(self) -> None:
        for secret in (SECRET, OTHER):
            assert verify(b"{}", presented(secret=secret), SECRET, OTHER)

    @pytest.mark.parametrize(
        "others", ["{}", "v1,{} v1a,AAAA", "v1a,AAAA v1,AAAA v1,{}", "nonsense v1 v1,? , {}"]
    )
    def test_looks_for_a_good_signature_among_several(self, others: str) -> None:
        signed = presented()
        text = others.replace("v1,{}", "{}").replace("{}", signed.signatures)

        assert verify(b"{}", changed(signed, signatures=text))

    def test_looks_at_ten_of_them_at_most(self) -> None:
        signed = presented()
        tenth = f"{'v1,AAAA ' * 9}{signed.signatures}"

        assert verify(b"{}", changed(signed, signatures=tenth))
        with pytest.raises(SignatureInvalid):
            verify(b"{}", changed(signed, signatures=f"v1,AAAA {tenth}"))

    @pytest.mark.parametrize(
        "part", [{"webhook_id": "msg_2"}, {"timestamp": str(int(NOW.timestamp()) + 1)}]
    )
    def test_holds_the_id_and_the_time_too(self, part: dict[str, str]) -> None:
        with pytest.raises(SignatureInvalid):
            verify(b"{}", changed(presented(), **part))

    @pytest.mark.parametrize(
        "given_as", ["v1,", "v1", "", " ", "v2,AAAA", "v1,Ü", "v1,====", "v1,AAAA==AAAA"]
    )
    def test_refuses_what_is_no_signature(self, given_as: str) -> None:
        with pytest.raises((SignatureInvalid, SignatureMissing)):
            verify(b"{}", changed(presented(), signatures=given_as))

    @pytest.mark.parametrize(
        ("missing", "header"),
        [
            ("webhook_id", "webhook-id"),
            ("timestamp", "webhook-timestamp"),
            ("signatures", "webhook-signature"),
        ],
    )
    def test_names_the_header_that_is_missing(self, missing: str, header: str) -> None:
        with pytest.raises(SignatureMissing) as refused:
            verify(b"{}", changed(presented(), **{missing: ""}))

        assert refused.value.missing == [
            f"webhook-{missing.rsplit('_', maxsplit=1)[-1].removesuffix('s')}"
        ]

    @pytest.mark.parametrize(
        "webhook_id", ["a.b", "a" * 257, "ü", "a\x00", "a\nb", ".", "msg_1.1791158400"]
    )
    def test_refuses_an_id_that_could_be_read_in_two_ways(self, webhook_id: str) -> None:
        with pytest.raises(SignatureInvalid, match="webhook-id"):
            verify(b"{}", by_hand(b"{}", webhook_id=webhook_id))

    @pytest.mark.parametrize(
        "timestamp", ["1791158400.5", "-1", "+1", "1e9", "nan", "1" * 12, "٣", "2026-10-20", " 1"]
    )
    def test_refuses_a_time_that_is_no_whole_number(self, timestamp: str) -> None:
        with pytest.raises(SignatureInvalid, match="webhook-timestamp"):
            verify(b"{}", changed(presented(), timestamp=timestamp))


class TestTolerance:
    @pytest.mark.parametrize("skew", [-TOLERANCE, -SECOND, SECOND, TOLERANCE])
    def test_is_five_minutes_either_way(self, skew: timedelta) -> None:
        assert verify(b"{}", presented(signed_at=NOW + skew))

    @pytest.mark.parametrize("skew", [-TOLERANCE - SECOND, TOLERANCE + SECOND])
    def test_ends_there(self, skew: timedelta) -> None:
        with pytest.raises(SignatureOutOfTime) as refused:
            verify(b"{}", presented(signed_at=NOW + skew))

        assert refused.value.tolerance_seconds == 300
        assert (refused.value.signed_at, refused.value.now) == (NOW + skew, NOW)
        assert "301 s" in str(refused.value)
