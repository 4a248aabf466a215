"""Read a request's body, and no more of it than is allowed, as sent and unpacked."""

from io import BytesIO
from typing import Any, Final

from rest_framework.request import Request

from ledger.api.compression import ENCODINGS, decompress
from ledger.errors import LedgerError
from ledger.usage.formats.decoding import BodyTooLarge

CHUNK_BYTES: Final = 1 << 20
KEPT: Final = "_body"
"""Where Django keeps a body that was read, and looks for it."""

PLAIN: Final = ("", "identity")


class UnsupportedContentEncoding(LedgerError):
    """The body is compressed in a way that is not read here, or more than once."""

    problem = "unsupported-content-encoding"

    def __init__(self, content_encoding: str) -> None:
        self.content_encoding = content_encoding
        self.accepted = ["gzip", "zstd"]
        super().__init__(
            f"Content-Encoding {content_encoding!r} is not read; "
            "compress once, with gzip or zstd, or send the body plain"
        )


class LengthRequired(LedgerError):
    """The body comes without a length, through a server that cannot tell where it ends."""

    problem = "length-required"

    def __init__(self) -> None:
        super().__init__("send Content-Length")


def read(request: Request, *, limit: int) -> bytes:
    """Return the body, unpacked if it was compressed; `limit` holds before and after.

    :raises BodyTooLarge: if it holds more than `limit` bytes, as sent or unpacked.
    :raises UnsupportedContentEncoding: if it is compressed otherwise than by gzip or zstd, once.
    :raises UnreadableBody: if its compression is damaged.
    :raises LengthRequired: if its length is not known and the server does not mark its end.
    """
    said = request.META.get("HTTP_CONTENT_ENCODING", "")
    encoding = said.strip().lower()
    if encoding not in PLAIN and encoding not in ENCODINGS:
        raise UnsupportedContentEncoding(said)
    sent = raw(request, limit=limit)
    return sent if encoding in PLAIN else decompress(sent, encoding=encoding, limit=limit)


def raw(request: Request, *, limit: int) -> bytes:
    """Return the body as it was sent, which is read once and then kept.

    A length beyond the limit is refused before anything is read, and a body without a length as
    soon as it has grown beyond it.

    :raises BodyTooLarge, LengthRequired: as `read` does.
    """
    kept: bytes | None = getattr(request._request, KEPT, None)
    if kept is not None:
        if len(kept) > limit:
            raise BodyTooLarge(limit)
        return kept
    stream = _stream(request, limit=limit)
    sent = BytesIO()
    while part := stream.read(min(CHUNK_BYTES, limit + 1 - sent.tell())):
        sent.write(part)
        if sent.tell() > limit:
            raise BodyTooLarge(limit)
    whole = sent.getvalue()
    setattr(request._request, KEPT, whole)
    return whole


def _stream(request: Request, *, limit: int) -> Any:
    """Return what to read from: Django's own stream ends after Content-Length bytes."""
    length = request.META.get("CONTENT_LENGTH") or ""
    if length.isdigit() and int(length) > limit:
        raise BodyTooLarge(limit)
    if length or "HTTP_TRANSFER_ENCODING" not in request.META:
        return request._request
    if not request.META.get("wsgi.input_terminated"):
        raise LengthRequired
    return request.META["wsgi.input"]
