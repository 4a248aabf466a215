"""The operators' site: it shows everything and changes next to nothing."""

from ledger.admin import batches, books, catalogue, names, parties, people, rates, usage

__all__ = ["batches", "books", "catalogue", "names", "parties", "people", "rates", "usage"]
