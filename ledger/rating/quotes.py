"""Quotes from the catalogue as this process has it in memory, the same that events are rated by."""

from datetime import datetime

from ledger.parties.viewers import Viewer
from ledger.pricing.quoting import quotes
from ledger.pricing.quoting.quotes import Quote
from ledger.pricing.quoting.wanted import Wanted
from ledger.rating import rate


def quote(viewer: Viewer, wanted: Wanted, *, now: datetime) -> tuple[int, list[Quote]]:
    """Return the revision of the catalogue and a quote for each deployment that is meant.

    :raises QuoteInvalid: if what is named is not known to the viewer.
    """
    published = rate.current_rates().published
    return published.revision, quotes.quote(published, wanted, viewer=viewer, now=now)
