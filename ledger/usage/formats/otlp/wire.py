"""The wire format of Protocol Buffers, read by need and bounded by the number of fields. Pure.

A parser that makes objects of a whole message makes 175 bytes of every two: 16 MB of empty spans
become 1.4 GB. This one says where the fields of a message lie, and whoever asks looks into those
that it knows.
"""

import struct
from typing import Final

VARINT: Final = 0
FIXED_64: Final = 1
DELIMITED: Final = 2
FIXED_32: Final = 5

LEAST_TAG: Final = 8
MODULUS: Final = 1 << 64
LONGEST_VARINT: Final = 10
SEVEN_BITS: Final = 0x7F
MORE: Final = 0x80

Field = tuple[int, int, int]
"""A field's tag, and where its content begins and ends; or its number, if it is one, and 0."""


class Damaged(ValueError):
    """The bytes are no message, or one of more fields than are read."""


class Reader:
    """Read the fields of messages within one body, at most so many of them in all."""

    def __init__(self, body: bytes, *, most_fields: int) -> None:
        self._body = body
        self._left = most_fields

    def fields(self, start: int, end: int) -> list[Field]:
        """Return the fields of the message that lies between two places, as they are written.

        :raises Damaged: if they are cut off, of a kind that is not used any more, or too many.
        """
        body, left = self._body, self._left
        found: list[Field] = []
        while start < end:
            tag, start = body[start], start + 1
            if tag >= MORE:
                tag, start = self._varint(start - 1)
            kind = tag & 7
            if kind == DELIMITED and start < end:
                size, start = body[start], start + 1
                if size >= MORE:
                    size, start = self._varint(start - 1)
                found.append((tag, start, start + size))
                start += size
            elif kind == VARINT:
                value, start = self._varint(start)
                found.append((tag, value, 0))
            elif kind in (FIXED_64, FIXED_32):
                size = 8 if kind == FIXED_64 else 4
                found.append((tag, int.from_bytes(body[start : start + size], "little"), 0))
                start += size
            else:
                raise Damaged("a field is cut off, or written in a way that is not used any more")
            if tag < LEAST_TAG or len(found) > left:
                raise Damaged("a field has no number, or there are more than are read at once")
        if start != end:
            raise Damaged("a field is cut off")
        self._left = left - len(found)
        return found

    def raw(self, start: int, end: int) -> bytes:
        """Return the bytes between two places."""
        return self._body[start:end]

    def text(self, start: int, end: int) -> str:
        """Return the text between two places; what is no UTF-8 is shown as such."""
        return self._body[start:end].decode(errors="replace")

    def _varint(self, start: int) -> tuple[int, int]:
        """Return a number of seven bits a byte, and where it ends."""
        value = shift = 0
        for place, byte in enumerate(self._body[start : start + LONGEST_VARINT], start + 1):
            value |= (byte & SEVEN_BITS) << shift
            if byte < MORE:
                return value % MODULUS, place
            shift += 7
        raise Damaged("a number is cut off")


def tag_of(number: int, kind: int) -> int:
    """Return the tag of a field that is written in this way.

    >>> tag_of(9, DELIMITED)
    74
    """
    return number << 3 | kind


def signed(value: int) -> int:
    """Return what a varint of 64 bits says of a number that may be negative.

    >>> signed(5), signed(2**64 - 5)
    (5, -5)
    """
    return value - MODULUS if value >= MODULUS // 2 else value


def double(value: int) -> float:
    """Return the floating point number whose bits a fixed field of 64 bits holds.

    >>> double(0x4028000000000000)
    12.0
    """
    (number,) = struct.unpack("<d", value.to_bytes(8, "little"))
    return float(number)


def varint(number: int, value: int) -> bytes:
    """Write a field that holds a number from 0.

    >>> varint(1, 300).hex()
    '08ac02'
    """
    return _varint(tag_of(number, VARINT)) + _varint(value)


def delimited(number: int, content: bytes) -> bytes:
    """Write a field that holds bytes, a text or a message.

    >>> delimited(2, b"no").hex()
    '12026e6f'
    """
    return _varint(tag_of(number, DELIMITED)) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > SEVEN_BITS:
        written.append(value & SEVEN_BITS | MORE)
        value >>= 7
    written.append(value)
    return bytes(written)
