"""Our own usage object: the disjoint classes by their names. Pure.

A class that is absent is zero; a name that is no class is refused, since here a misspelling would
lose tokens.
"""

from ledger.tokens import TOKEN_CLASSES
from ledger.usage.formats.surfaces.counting import LONGEST_SHOWN, Counts, Fields


def classes(usage: Fields) -> Counts:
    """Read disjoint classes."""
    for name in usage.values:
        if name not in TOKEN_CLASSES:
            raise usage.malformed(name[:LONGEST_SHOWN], f"is none of {', '.join(TOKEN_CLASSES)}")
    return Counts(*(usage.count(name) for name in TOKEN_CLASSES))
