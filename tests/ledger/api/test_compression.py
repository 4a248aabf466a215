"""Compressed bodies, written by others: the standard library's gzip and the zstandard package."""

import gzip
import subprocess
import sys
from collections.abc import Sequence

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from ledger.api.compression import MOST_FRAMES, PIECE_BYTES, decompress
from ledger.usage.formats.decoding import BodyTooLarge, UnreadableBody
from tests.work import work

MIB = 1 << 20
LIMIT = 16 * MIB
BOTH = ("gzip", "zstd")

# Unpacks what it reads under a limit of memory that is set once everything is imported.
BOXED = """
import resource, sys, zlib
from pathlib import Path
from ledger.api.compression import decompress
from ledger.usage.formats.decoding import BodyTooLarge
how, encoding, limit, box = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
sent = sys.stdin.buffer.read()
(said,) = [row for row in Path("/proc/self/status").read_text().splitlines() if "VmData" in row]
most = int(said.split()[1]) * 1024 + box
resource.setrlimit(resource.RLIMIT_DATA, (most, most))
try:
    if how == "bounded":
        decompress(sent, encoding=encoding, limit=limit)
    else:
        zlib.decompress(sent, wbits=31)
except (BodyTooLarge, MemoryError) as error:
    print(type(error).__name__)
"""


def compressed(parts: Sequence[bytes], encoding: str) -> bytes:
    """Return each part as a stream of its own, one after the other, with checksums."""
    if encoding == "gzip":
        return b"".join(gzip.compress(part) for part in parts)
    writer = zstandard.ZstdCompressor(write_checksum=True)
    return b"".join(writer.compress(part) for part in parts)


def bomb(encoding: str, *, size: int) -> bytes:
    """Return so many zeros, compressed."""
    if encoding == "gzip":
        return gzip.compress(bytes(64 * MIB)) * (size // (64 * MIB))
    writer = zstandard.ZstdCompressor(level=19).compressobj()
    return b"".join(writer.compress(bytes(MIB)) for _ in range(size // MIB)) + writer.flush()


def boxed(how: str, sent: bytes, encoding: str, *, box: int) -> str:
    """Unpack in a process that may take `box` bytes more than it has; return what it says."""
    ended = subprocess.run(
        [sys.executable, "-c", BOXED, how, encoding, str(LIMIT), str(box)],
        input=sent,
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr.decode()
    return ended.stdout.decode().strip()


parts = st.lists(
    st.one_of(
        st.binary(max_size=200),
        st.builds(
            lambda byte, times: byte * times,
            st.binary(min_size=1, max_size=3),
            st.integers(0, PIECE_BYTES),
        ),
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize("encoding", BOTH)
class TestAnyStream:
    @given(parts=parts)
    def test_comes_out_as_it_went_in(self, encoding: str, parts: list[bytes]) -> None:
        whole = b"".join(parts)

        assert decompress(compressed(parts, encoding), encoding=encoding, limit=len(whole)) == whole

    @given(parts=parts, data=st.data())
    def test_is_refused_beyond_the_limit(
        self, encoding: str, parts: list[bytes], data: st.DataObject
    ) -> None:
        whole = b"".join(parts) + b"end"
        limit = data.draw(st.integers(0, len(whole) - 1))

        with pytest.raises(BodyTooLarge) as refused:
            decompress(compressed([*parts, b"end"], encoding), encoding=encoding, limit=limit)

        assert (refused.value.limit, refused.value.decompressed) == (limit, True)

    @given(parts=parts, data=st.data())
    def test_is_refused_when_it_is_cut_off(
        self, encoding: str, parts: list[bytes], data: st.DataObject
    ) -> None:
        last = compressed([parts[-1]], encoding)
        before = compressed(parts[:-1], encoding)
        cut = data.draw(st.integers(1 if before else 0, len(last) - 1))

        with pytest.raises(UnreadableBody, match=r"too early|damaged"):
            decompress(before + last[:cut], encoding=encoding, limit=LIMIT)

    @given(parts=parts, data=st.data())
    def test_is_refused_or_unharmed_when_a_byte_of_it_changes(
        self, encoding: str, parts: list[bytes], data: st.DataObject
    ) -> None:
        sent = bytearray(compressed(parts, encoding))
        place = data.draw(st.integers(0, len(sent) - 1))
        sent[place] ^= data.draw(st.integers(1, 255))

        try:
            unpacked = decompress(bytes(sent), encoding=encoding, limit=LIMIT)
        except (UnreadableBody, BodyTooLarge):
            return

        assert unpacked == b"".join(parts)

    @given(noise=st.binary())
    def test_may_be_noise(self, encoding: str, noise: bytes) -> None:
        with pytest.raises(UnreadableBody):
            decompress(b"\x00" + noise, encoding=encoding, limit=LIMIT)


@pytest.mark.parametrize("encoding", BOTH)
class TestBombs:
    def test_are_unpacked_no_further_than_the_limit(self, encoding: str) -> None:
        sent = bomb(encoding, size=1024 * MIB)
        assert len(sent) < 2 * MIB

        done = work(lambda: decompress(sent, encoding=encoding, limit=LIMIT))

        assert isinstance(done.outcome, BodyTooLarge)
        assert done.peak_bytes < LIMIT * 9 // 8 + MIB
        assert done.lines < 20 * LIMIT // PIECE_BYTES

    @pytest.mark.skipif(not sys.platform.startswith("linux"), reason="measures by /proc")
    def test_take_no_more_memory_than_that_from_the_system(self, encoding: str) -> None:
        sent = bomb(encoding, size=1024 * MIB)

        assert boxed("bounded", sent, encoding, box=64 * MIB) == "BodyTooLarge"

    def test_joined_from_empty_streams_are_refused(self, encoding: str) -> None:
        empty = compressed([b""], encoding)

        assert decompress(empty * MOST_FRAMES, encoding=encoding, limit=LIMIT) == b""
        done = work(lambda: decompress(empty * 500_000, encoding=encoding, limit=LIMIT))

        assert isinstance(done.outcome, UnreadableBody)
        assert done.lines < 50 * MOST_FRAMES


class TestMemory:
    @pytest.mark.skipif(not sys.platform.startswith("linux"), reason="measures by /proc")
    def test_would_run_out_in_the_same_box_without_a_bound(self) -> None:
        sent = gzip.compress(bytes(128 * MIB))

        assert boxed("unbounded", sent, "gzip", box=64 * MIB) == "MemoryError"

    def test_is_not_given_to_a_frame_that_asks_for_more_than_the_web_allows(self) -> None:
        def frame(window_log: int) -> bytes:
            parameters = zstandard.ZstdCompressionParameters(window_log=window_log)
            writer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
            return writer.compress(b"small") + writer.flush()

        assert decompress(frame(23), encoding="zstd", limit=LIMIT) == b"small"
        with pytest.raises(UnreadableBody, match="too much memory"):
            decompress(frame(24), encoding="zstd", limit=LIMIT)


class TestGzip:
    def test_is_known_by_its_older_name(self) -> None:
        assert decompress(gzip.compress(b"body"), encoding="x-gzip", limit=LIMIT) == b"body"

    @pytest.mark.parametrize("length", [PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1])
    def test_keeps_what_it_held_back_when_a_piece_was_full(self, length: int) -> None:
        whole = b"a" * length

        assert decompress(gzip.compress(whole), encoding="gzip", limit=LIMIT) == whole
