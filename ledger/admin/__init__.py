"""The operators' site: it shows everything and changes next to nothing."""

from ledger.admin import (
    archives,
    batches,
    books,
    catalogue,
    corrections,
    energy,
    keys,
    names,
    parties,
    people,
    proposals,
    rates,
    reratings,
    scarcity,
    sources,
    usage,
)

__all__ = [
    "archives",
    "batches",
    "books",
    "catalogue",
    "corrections",
    "energy",
    "keys",
    "names",
    "parties",
    "people",
    "proposals",
    "rates",
    "reratings",
    "scarcity",
    "sources",
    "usage",
]
