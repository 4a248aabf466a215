"""A source's own usage object, counted by its surface: disjoint counts, or why not to believe it.

Pure. Every format that carries a usage object as its source wrote it comes through here, so that
all of them count alike, and keep alike what contradicts itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ledger import service_tiers
from ledger.tokens import TOKEN_CLASSES
from ledger.usage.columns import Finding
from ledger.usage.formats import decoding, surfaces
from ledger.usage.formats.surfaces import Disagreement, Malformed

NO_COUNTS: Final = (0,) * len(TOKEN_CLASSES)


@dataclass(frozen=True, slots=True)
class Counted:
    """What a usage object says; with a finding the counts are all zero, and stand for nothing.

    `service_tier` is what it says of the tier in its own words; empty if that is the usual one.
    """

    counts: tuple[int, ...]
    finding: Finding | None = None
    service_tier: str = ""

    def with_tier(self, attributes: dict[str, Any] | None) -> dict[str, Any] | None:
        """Return the attributes with the tier that the usage object states, unless they say one."""
        if not self.service_tier or (attributes and service_tiers.ATTRIBUTE in attributes):
            return attributes
        return {**(attributes or {}), service_tiers.ATTRIBUTE: self.service_tier}


def by_surface(*, surface: str, vendor: str, usage: Mapping[str, Any]) -> Counted | Malformed:
    """Return disjoint counts of a usage object, or what is wrong in it, by JSON pointer.

    One that contradicts itself is kept as it was written, to be looked at, unless it is too large
    to keep.
    """
    found = surfaces.counts(surface=surface, vendor=vendor, usage=usage)
    if isinstance(found, Malformed):
        return found
    tier = service_tiers.of_usage(usage)
    if not isinstance(found, Disagreement):
        return Counted(found, service_tier=tier)
    if decoding.depth(usage) > decoding.DEEPEST_ATTRIBUTES:
        return Malformed("", f"nests deeper than {decoding.DEEPEST_ATTRIBUTES} levels")
    try:
        said = decoding.canonical({"surface": surface, "vendor": vendor, "usage": usage})
    except ValueError as error:
        return Malformed("", f"contradicts itself, and cannot be kept as it is: {error}")
    if len(said.encode()) > decoding.LARGEST_FINDING_BYTES or decoding.holds_nul(said):
        return Malformed(
            "",
            "contradicts itself, and is kept only up to "
            f"{decoding.LARGEST_FINDING_BYTES} bytes without NUL characters",
        )
    return Counted(NO_COUNTS, Finding(found.rule, found.detail, found.readings, said), tier)
