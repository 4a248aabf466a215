"""Signed requests, after Standard Webhooks: an HMAC over an id, a time, and the body. Pure.

What is signed is `{webhook-id}.{webhook-timestamp}.{body}`, the body as it was sent, compressed or
not. The published library signs text only and takes the time from the machine, so that what it does
in a few lines is done here for bytes and a given clock; the tests let it sign.
"""

import base64
import binascii
import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from ledger.errors import LedgerError

ID: Final = "webhook-id"
TIMESTAMP: Final = "webhook-timestamp"
SIGNATURE: Final = "webhook-signature"

TOLERANCE: Final = timedelta(minutes=5)
LONGEST_ID: Final = 256
MOST_SIGNATURES: Final = 10
LONGEST_TIMESTAMP: Final = 11
MARK: Final = "whsec_"


class SignatureMissing(LedgerError):
    """The key signs what it posts, and this is not signed."""

    problem = "signature-missing"

    def __init__(self, missing: Iterable[str]) -> None:
        self.missing = list(missing)
        super().__init__(
            f"posts with this key are signed; send the headers {', '.join(self.missing)} too"
        )


class SignatureInvalid(LedgerError):
    """What was sent is not what was signed, or not with a secret of this key."""

    problem = "signature-invalid"

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(f"the signature does not hold: {why}")


class SignatureOutOfTime(LedgerError):
    """The request was signed too long ago, or by a clock that runs ahead."""

    problem = "signature-out-of-time"

    def __init__(self, *, signed_at: datetime, now: datetime) -> None:
        self.signed_at = signed_at
        self.now = now
        self.tolerance_seconds = int(TOLERANCE.total_seconds())
        seconds = int(abs((now - signed_at).total_seconds()))
        side = "ago" if signed_at < now else "from now"
        super().__init__(
            f"signed {seconds} s {side} by our clock, and {self.tolerance_seconds} s are allowed: "
            "sign anew for each attempt, and set your clock"
        )


class SignatureReplayed(LedgerError):
    """A request with this id and time was taken before."""

    problem = "signature-replayed"

    def __init__(self, *, webhook_id: str, signed_at: datetime) -> None:
        self.webhook_id = webhook_id
        self.signed_at = signed_at
        super().__init__(
            "a request with this webhook-id and webhook-timestamp was received before; "
            "to send it again, sign it anew with the time of then"
        )


@dataclass(frozen=True, slots=True)
class Presented:
    """The three headers as they came; empty where one did not."""

    webhook_id: str
    timestamp: str
    signatures: str


@dataclass(frozen=True, slots=True)
class Signed:
    """What a good signature vouches for: which request it is, and when it was signed."""

    webhook_id: str
    signed_at: datetime


def verify(body: bytes, presented: Presented, *, secrets: Iterable[bytes], now: datetime) -> Signed:
    """Return what was signed, if one of the signatures was made with one of the secrets.

    :raises SignatureMissing, SignatureInvalid, SignatureOutOfTime: if it was not, or not lately.
    """
    signed = _read(presented)
    if abs(now - signed.signed_at) > TOLERANCE:
        raise SignatureOutOfTime(signed_at=signed.signed_at, now=now)
    head = f"{presented.webhook_id}.{presented.timestamp}.".encode()
    given = list(_signatures(presented.signatures))
    for secret in secrets:
        made = hmac.new(secret, head, "sha256")
        made.update(body)
        expected = made.digest()
        if any(hmac.compare_digest(expected, one) for one in given):
            return signed
    raise SignatureInvalid(f"none of {SIGNATURE} is an HMAC by a secret of this key")


def written(secret: bytes) -> str:
    """Return a secret as it is given to people, which every library of Standard Webhooks reads.

    >>> written(b"0123456789abcdef01234567")
    'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3'
    """
    return MARK + base64.b64encode(secret).decode()


def _read(presented: Presented) -> Signed:
    given = {
        ID: presented.webhook_id,
        TIMESTAMP: presented.timestamp,
        SIGNATURE: presented.signatures,
    }
    if missing := [name for name, value in given.items() if not value]:
        raise SignatureMissing(missing)
    # A full stop parts the id from the time, so it would let a request be read in two ways.
    if len(presented.webhook_id) > LONGEST_ID or "." in presented.webhook_id:
        raise SignatureInvalid(f"{ID} has at most {LONGEST_ID} characters and no full stop")
    if not presented.webhook_id.isascii() or not presented.webhook_id.isprintable():
        raise SignatureInvalid(f"{ID} is not plain ASCII")
    timestamp = presented.timestamp
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= LONGEST_TIMESTAMP):
        raise SignatureInvalid(f"{TIMESTAMP} is not a whole number of seconds since 1970")
    return Signed(presented.webhook_id, datetime.fromtimestamp(int(timestamp), tz=UTC))


def _signatures(header: str) -> Iterator[bytes]:
    """Yield the signatures of our kind; other versions, and what is none, are passed over."""
    for one in header.split(" ", MOST_SIGNATURES)[:MOST_SIGNATURES]:
        version, mark, text = one.partition(",")
        if version != "v1" or not mark:
            continue
        try:
            yield base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            continue
