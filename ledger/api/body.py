"""Read a request's raw body, and no more of it than is allowed."""

from typing import Any, Final

from rest_framework.request import Request

from ledger.errors import LedgerError
from ledger.usage.formats.decoding import BodyTooLarge

CHUNK_BYTES: Final = 1 << 20


class UnsupportedContentEncoding(LedgerError):
    """The body is compressed."""

    problem = "unsupported-content-encoding"

    def __init__(self, content_encoding: str) -> None:
        self.content_encoding = content_encoding
        super().__init__(f"Content-Encoding {content_encoding!r} is not read; send the body plain")


class LengthRequired(LedgerError):
    """The body comes without a length, through a server that cannot tell where it ends."""

    problem = "length-required"

    def __init__(self) -> None:
        super().__init__("send Content-Length")


def read(request: Request, *, limit: int) -> bytes:
    """Return the body as it was sent.

    A length beyond the limit is refused before anything is read, and a body without a length as
    soon as it has grown beyond it.

    :raises BodyTooLarge: if it holds more than `limit` bytes.
    :raises UnsupportedContentEncoding: if it is compressed.
    :raises LengthRequired: if its length is not known and the server does not mark its end.
    """
    encoding = request.META.get("HTTP_CONTENT_ENCODING", "")
    if encoding.strip().lower() not in ("", "identity"):
        raise UnsupportedContentEncoding(encoding)
    stream = _stream(request, limit=limit)
    parts: list[bytes] = []
    size = 0
    while part := stream.read(min(CHUNK_BYTES, limit + 1 - size)):
        parts.append(part)
        size += len(part)
        if size > limit:
            raise BodyTooLarge(limit)
    return b"".join(parts)


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
