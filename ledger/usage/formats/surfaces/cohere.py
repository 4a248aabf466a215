"""Cohere's usage: what is billed counts, not what was processed under the hood. Pure.

Cohere's page on pricing: `billed_units` are what is paid for; `tokens` include those that Cohere
adds itself, and nobody is charged for them (docs.cohere.com, how-does-cohere-pricing-work). So
billed units are never more than tokens. Of `cached_tokens` it is not said whether billed units
include them.
"""

from typing import Final

from ledger.usage.formats.surfaces.counting import (
    Counts,
    Disagreement,
    Fields,
    NotBelieved,
    reading,
)
from ledger.usage.formats.surfaces.nesting import Completion, Prompt, disjoint

OTHER_UNITS: Final = ("image_tokens", "images", "search_units", "classifications")


def chat(usage: Fields) -> Counts:
    """Read `usage` of a chat (v2), or `meta` of a chat (v1) or of embeddings."""
    billed = usage.inner("billed_units")
    tokens = usage.inner("tokens")
    counts = disjoint(
        prompt=Prompt(stated=billed.required("input_tokens")),
        completion=Completion(stated=billed.count("output_tokens")),
    )
    for name, counted in (("input_tokens", counts.input), ("output_tokens", counts.output)):
        processed = tokens.stated(name)
        if processed is not None and processed < counted:
            readings = {"billed": {name: counted}, "processed": {name: processed}}
            detail = f"More {name.replace('_', ' ')} are billed than were processed."
            raise NotBelieved(Disagreement("billed", readings, detail))
    cached = usage.count("cached_tokens")
    if cached:
        inside = counts._replace(input=counts.input - cached, cache_read=cached)
        beside = counts._replace(cache_read=cached)
        readings = {
            "cached inside billed": reading(inside),
            "cached beside billed": reading(beside),
        }
        detail = "Cohere does not say whether billed units include cached tokens."
        raise NotBelieved(Disagreement("cache_nesting", readings, detail))
    others = {name: units for name in OTHER_UNITS if (units := billed.count(name))}
    if others:
        readings = {"in tokens": reading(counts), "as stated": {**reading(counts), **others}}
        detail = f"No class holds these units: {', '.join(others)}."
        raise NotBelieved(Disagreement("unplaced", readings, detail))
    return counts
