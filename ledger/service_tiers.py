"""The service tier of a usage event: in what class of service it was asked for. Pure."""

import json
from collections.abc import Mapping
from typing import Any, Final

STANDARD: Final = "standard"
KNOWN: Final = (STANDARD, "batch", "flex", "priority")
"""Tiers with a meaning of their own; a rate card may name others."""

SAME_AS_STANDARD: Final = frozenset({"", "default", "auto", STANDARD})
"""How providers call the tier that nobody asked for."""

ATTRIBUTE: Final = "service_tier"
LONGEST: Final = 64


def named(value: object) -> str:
    """Return the tier that a text names; nothing, and any word for the usual one, is standard.

    >>> named("default"), named(None), named(" Batch "), named("scale")
    ('standard', 'standard', 'batch', 'scale')
    """
    if value is None:
        return STANDARD
    text = str(value).strip().lower()[:LONGEST]
    return STANDARD if text in SAME_AS_STANDARD else text


def of_attributes(attributes: Mapping[str, Any] | None) -> str:
    """Return the tier that an event's attributes state."""
    return named(attributes.get(ATTRIBUTE)) if attributes else STANDARD


def of_json(attributes: str | None) -> str:
    """Return the tier that attributes state as JSON.

    >>> of_json('{"service_tier":"flex"}'), of_json(None)
    ('flex', 'standard')
    """
    if not attributes or f'"{ATTRIBUTE}"' not in attributes:
        return STANDARD
    return of_attributes(json.loads(attributes))


def of_usage(usage: Mapping[str, Any]) -> str:
    """Return the tier that a usage object states in its provider's words; empty if the usual one.

    What says nothing beyond the usual is not kept: an event from before tiers were read is then
    still the same event.

    >>> of_usage({"service_tier": "batch"}), of_usage({"service_tier": "standard"})
    ('batch', '')
    """
    stated = usage.get(ATTRIBUTE)
    return stated[:LONGEST] if isinstance(stated, str) and named(stated) != STANDARD else ""
