"""A body is read as far as it may be, and no further."""

import gzip
from io import BytesIO
from typing import Any

import pytest
import zstandard
from django.core.handlers.wsgi import WSGIRequest
from rest_framework.request import Request

from ledger.api import body
from ledger.usage.formats.decoding import BodyTooLarge

LIMIT = 10
LARGE = 1_000


class Wire(BytesIO):
    """Bytes that arrive in small pieces, and count how many were taken."""

    taken = 0

    def read(self, size: int | None = -1) -> bytes:
        piece = super().read(min(size or 0, 4) if size is not None and size >= 0 else 4)
        self.taken += len(piece)
        return piece


def request(sent: bytes, **environ: Any) -> tuple[Request, Wire]:
    """Return a request whose body is still on the wire."""
    wire = Wire(sent)
    made = WSGIRequest(
        {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/v1/events",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "wsgi.input": wire,
            **environ,
        }
    )
    return Request(made), wire


class TestRead:
    def test_returns_the_body_as_it_was_sent(self) -> None:
        asked, _ = request(b"0123456789", CONTENT_LENGTH="10")

        assert body.read(asked, limit=LIMIT) == b"0123456789"

    def test_takes_no_more_than_the_length(self) -> None:
        asked, wire = request(b"0123456789", CONTENT_LENGTH="5")

        assert body.read(asked, limit=LIMIT) == b"01234"
        assert wire.taken == 5

    def test_reads_nothing_of_a_body_that_announces_to_be_too_large(self) -> None:
        asked, wire = request(b"0" * 11, CONTENT_LENGTH="11")

        with pytest.raises(BodyTooLarge):
            body.read(asked, limit=LIMIT)

        assert wire.taken == 0

    def test_stops_reading_a_body_without_length_once_it_is_too_large(self) -> None:
        asked, wire = request(
            b"0" * 1_000, HTTP_TRANSFER_ENCODING="chunked", **{"wsgi.input_terminated": True}
        )

        with pytest.raises(BodyTooLarge):
            body.read(asked, limit=LIMIT)

        assert wire.taken == LIMIT + 1

    def test_reads_a_body_without_length_where_the_server_marks_its_end(self) -> None:
        asked, _ = request(
            b"0123456", HTTP_TRANSFER_ENCODING="chunked", **{"wsgi.input_terminated": True}
        )

        assert body.read(asked, limit=LIMIT) == b"0123456"

    def test_wants_a_length_where_it_does_not(self) -> None:
        asked, wire = request(b"0123456", HTTP_TRANSFER_ENCODING="chunked")

        with pytest.raises(body.LengthRequired):
            body.read(asked, limit=LIMIT)

        assert wire.taken == 0

    def test_takes_no_body_for_an_empty_one(self) -> None:
        asked, wire = request(b"0123456")

        assert body.read(asked, limit=LIMIT) == b""
        assert wire.taken == 0

    @pytest.mark.parametrize("encoding", ["gzip", "GZIP ", "x-gzip", "zstd"])
    def test_unpacks_what_was_compressed(self, encoding: str) -> None:
        compress = zstandard.compress if encoding == "zstd" else gzip.compress
        sent = compress(b"0123456789")
        asked, _ = request(sent, CONTENT_LENGTH=str(len(sent)), HTTP_CONTENT_ENCODING=encoding)

        assert body.read(asked, limit=LARGE) == b"0123456789"

    @pytest.mark.parametrize("encoding", ["", "identity"])
    def test_leaves_alone_what_was_not(self, encoding: str) -> None:
        asked, _ = request(b"0123", CONTENT_LENGTH="4", HTTP_CONTENT_ENCODING=encoding)

        assert body.read(asked, limit=LIMIT) == b"0123"

    def test_refuses_what_was_compressed_from_more_than_the_limit(self) -> None:
        sent = gzip.compress(bytes(LARGE + 1))
        asked, _ = request(sent, CONTENT_LENGTH=str(len(sent)), HTTP_CONTENT_ENCODING="gzip")

        with pytest.raises(BodyTooLarge) as refused:
            body.read(asked, limit=LARGE)

        assert len(sent) < LARGE
        assert refused.value.decompressed

    @pytest.mark.parametrize(
        "encoding", ["br", "deflate", "gzip, identity", "gzip, gzip", "zstd,gzip"]
    )
    def test_refuses_other_encodings_and_several_before_it_reads(self, encoding: str) -> None:
        asked, wire = request(b"0123", CONTENT_LENGTH="4", HTTP_CONTENT_ENCODING=encoding)

        with pytest.raises(body.UnsupportedContentEncoding) as refused:
            body.read(asked, limit=LIMIT)

        assert refused.value.content_encoding == encoding
        assert wire.taken == 0
