"""Unpack compressed bodies, and no more of them than is allowed. Pure.

A kilobyte can hold a gigabyte, so nothing is unpacked further than one piece beyond the limit,
whatever the stream says of itself.
"""

import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from typing import Final

from ledger.usage.formats.decoding import BodyTooLarge, UnreadableBody

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PIECE_BYTES: Final = 1 << 16
LARGEST_WINDOW_LOG: Final = 23
"""8 MiB, as RFC 9659 has it for the web: a frame may not ask for more memory."""

MOST_FRAMES: Final = 1_000
"""Streams may be joined, but an empty one of twenty bytes costs as much as a small body."""

JOINED: Final = f"it is joined from more than {MOST_FRAMES} compressed streams"
GZIP_WBITS: Final = 16 + zlib.MAX_WBITS
ZSTD_OPTIONS: Final[Mapping[int, int]] = {
    zstd.DecompressionParameter.window_log_max: LARGEST_WINDOW_LOG
}


def decompress(sent: bytes, *, encoding: str, limit: int) -> bytes:
    """Return what a stream holds; `encoding` is one of `ENCODINGS`.

    :raises BodyTooLarge: as soon as more than `limit` bytes came out of it.
    :raises UnreadableBody: if it is corrupt, cut off, or in too many parts.
    """
    unpacked = BytesIO()
    try:
        for piece in ENCODINGS[encoding](sent):
            unpacked.write(piece)
            if unpacked.tell() > limit:
                raise BodyTooLarge(limit, decompressed=True)
    except (zlib.error, zstd.ZstdError) as error:
        raise UnreadableBody(f"it is no {encoding}, or damaged: {error}") from error
    except EOFError as error:
        raise UnreadableBody(f"its {encoding} stream ends too early") from error
    return unpacked.getvalue()


def _gzip(sent: bytes) -> Iterator[bytes]:
    """Unpack RFC 1952: one or more members, each with a checksum."""
    position = 0
    for _ in range(MOST_FRAMES):
        member = zlib.decompressobj(GZIP_WBITS)
        while not member.eof:
            given = member.unconsumed_tail
            if not given:
                given = sent[position : position + PIECE_BYTES]
                position += len(given)
            # Without input it may still hold back the end of a piece that was full.
            piece = member.decompress(given, PIECE_BYTES)
            if not given and not piece and not member.eof:
                raise EOFError
            yield piece
        position -= len(member.unused_data)
        if position == len(sent):
            return
    raise UnreadableBody(JOINED)


def _zstd(sent: bytes) -> Iterator[bytes]:
    """Unpack RFC 8878: one or more frames, whose checksums are optional."""
    position = 0
    for _ in range(MOST_FRAMES):
        frame = zstd.ZstdDecompressor(options=ZSTD_OPTIONS)
        while not frame.eof:
            given = b""
            if frame.needs_input:
                given = sent[position : position + PIECE_BYTES]
                position += len(given)
                if not given:
                    raise EOFError
            yield frame.decompress(given, PIECE_BYTES)
        position -= len(frame.unused_data)
        if position == len(sent):
            return
    raise UnreadableBody(JOINED)


ENCODINGS: Final[Mapping[str, Callable[[bytes], Iterator[bytes]]]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "zstd": _zstd,
}
