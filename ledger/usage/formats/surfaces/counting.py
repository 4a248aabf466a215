"""What every surface shares: the disjoint counts, and the two ways of not having them. Pure.

Inside the package a reader raises `NotBelieved`, so that a check can stand where it belongs; the
package's `counts` hands out what it carries as a value.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from ledger.tokens import LARGEST_COUNT, TOKEN_CLASSES

LONGEST_SHOWN: Final = 40
KINDS: Final = {"str": "a text", "list": "a list", "dict": "an object", "NoneType": "null"}


class Counts(NamedTuple):
    """Tokens of each class, disjoint: their sum is what was processed."""

    input: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output: int = 0
    reasoning: int = 0
    audio_input: int = 0
    audio_output: int = 0
    image_input: int = 0


assert Counts._fields == TOKEN_CLASSES


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A usage object that contradicts itself or says more than the classes can hold.

    `readings` are two ways to understand it, by a name for each, in whole tokens; a count may be
    negative there, since that may be what is wrong. `detail` is one sentence.
    """

    rule: str
    readings: Mapping[str, Mapping[str, int]]
    detail: str


@dataclass(frozen=True, slots=True)
class Malformed:
    """What is no usage object of this surface: a JSON pointer into it, and what is wrong there."""

    pointer: str
    detail: str


class NotBelieved(Exception):
    """Carry a finding out of a reader."""

    def __init__(self, finding: Disagreement | Malformed) -> None:
        self.finding = finding
        super().__init__(finding.detail)


def reading(counts: Counts) -> dict[str, int]:
    """Return counts as they are shown in a reading: the classes that hold any, and their sum.

    >>> reading(Counts(input=7, cache_read=4805, output=6))
    {'input': 7, 'cache_read': 4805, 'output': 6, 'total': 4818}
    """
    shown = {name: count for name, count in counts._asdict().items() if count}
    return {**shown, "total": sum(counts)}


@dataclass(frozen=True, slots=True)
class Fields:
    """An object within a usage object; null counts as absent, as the vendors' types have it."""

    values: Mapping[str, Any]
    pointer: str = ""

    def stated(self, name: str) -> int | None:
        """Return a count; None if it is not stated.

        :raises NotBelieved: if it is not a whole number from 0 to LARGEST_COUNT.
        """
        value = self.values.get(name)
        if value is None:
            return None
        # `True` is an int to isinstance, and 1.0 equals one: neither is a count.
        if type(value) is not int or not 0 <= value <= LARGEST_COUNT:
            raise self.malformed(
                name, f"{shown(value)} is not a whole number from 0 to {LARGEST_COUNT}"
            )
        return value

    def count(self, name: str) -> int:
        """Return a count, 0 if it is not stated: where a surface leaves out what is none."""
        return self.stated(name) or 0

    def required(self, name: str) -> int:
        """Return a count that every usage object of the surface has."""
        value = self.stated(name)
        if value is None:
            raise self.malformed(name, "is missing")
        return value

    def inner(self, name: str) -> "Fields":
        """Return an object within this one, an empty one if it is not stated."""
        value = self.values.get(name)
        if value is None:
            return Fields({}, self.place(name))
        if not isinstance(value, Mapping):
            raise self.malformed(name, "is not an object")
        return Fields(value, self.place(name))

    def each(self, name: str) -> Iterator["Fields"]:
        """Yield the objects of a list, none if it is not stated."""
        value = self.values.get(name)
        if value is None:
            return
        if not isinstance(value, list | tuple):
            raise self.malformed(name, "is not a list")
        for index, item in enumerate(value):
            place = f"{self.place(name)}/{index}"
            if not isinstance(item, Mapping):
                raise NotBelieved(Malformed(place, "is not an object"))
            yield Fields(item, place)

    def word(self, name: str) -> str:
        """Return a text, an empty one if it is not stated."""
        value = self.values.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.malformed(name, "is not a text")
        return value

    def place(self, name: str) -> str:
        """Return the JSON pointer of a field (RFC 6901)."""
        return f"{self.pointer}/{name.replace('~', '~0').replace('/', '~1')}"

    def malformed(self, name: str, why: str) -> NotBelieved:
        """Say that a field is none of a usage object's."""
        return NotBelieved(Malformed(self.place(name), why))


def agreed(*spellings: tuple[Fields, str]) -> int | None:
    """Return a count that a surface may state in several places; None if it does so in none.

    :raises NotBelieved: if two places differ.
    """
    found = [
        (fields.place(name), value)
        for fields, name in spellings
        if (value := fields.stated(name)) is not None
    ]
    if not found:
        return None
    (first, count), *others = found
    for place, other in others:
        if other != count:
            raise NotBelieved(
                Disagreement(
                    "spellings",
                    {first: {"tokens": count}, place: {"tokens": other}},
                    f"{first} and {place} state the same count, and differ.",
                )
            )
    return count


def summed(several: Sequence[Counts]) -> Counts:
    """Return the sum of counts, class by class.

    >>> summed([Counts(input=1, output=2), Counts(input=3)])[:5]
    (4, 0, 0, 0, 2)
    """
    return Counts(*(sum(column) for column in zip(*several, strict=True)))


def shown(value: object) -> str:
    """Return a value for a sentence: short, however large it is.

    >>> shown(True), shown("x" * 99), shown([])
    ('true', 'a text', 'a list')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if abs(value) < 10**LONGEST_SHOWN else "a number of many digits"
    if isinstance(value, float):
        return repr(value)
    return KINDS.get(type(value).__name__, "this")
