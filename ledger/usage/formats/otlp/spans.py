"""A span as far as it is read, however it was encoded. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

Value = str | int | float | bool | list[str] | None

USAGE_PREFIX: Final = "gen_ai.usage."
USAGE_SUFFIX: Final = "tokens"
STATUS_ERROR: Final = 2


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which attributes are read: these, and all of usage; content of calls is passed over."""

    names: frozenset[str]

    def __contains__(self, name: str) -> bool:
        return name in self.names or name.startswith(USAGE_PREFIX)


@dataclass(frozen=True, slots=True)
class Span:
    """One operation; ids in hexadecimal digits, times in nanoseconds since 1970."""

    trace_id: str
    span_id: str
    started_ns: int
    ended_ns: int
    status_code: int
    attributes: Mapping[str, Value]
    resource: Mapping[str, Value]

    @property
    def has_usage(self) -> bool:
        """Return whether it states any tokens."""
        return any(
            name.startswith(USAGE_PREFIX) and name.endswith(USAGE_SUFFIX)
            for name in self.attributes
        )

    def first(self, names: Iterable[str]) -> Value:
        """Return the first of these attributes that it has, its resource's in place of its own."""
        for name in names:
            for attributes in (self.attributes, self.resource):
                value = attributes.get(name)
                if value not in (None, ""):
                    return value
        return None


@dataclass(frozen=True, slots=True)
class NoSpan:
    """An item that is no span, and the place within it that says so."""

    pointer: str
    detail: str
