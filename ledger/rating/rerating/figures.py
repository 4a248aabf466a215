"""What price rates say, so that two of them can be told to be the same."""

from collections.abc import Iterable
from typing import Any, Final

from django.db import connection

from ledger.pricing.slots import MONEY, PHYSICAL

FIGURES: Final = f"""
    SELECT price_rate.id, price_rate.currency, price_rate.price,
           {", ".join(f"slot_rate.{name}" for name in PHYSICAL)},
           {", ".join(f"price_rate.{name}" for name in MONEY)}
    FROM ledger_price_rate price_rate
    JOIN ledger_slot_rate slot_rate ON slot_rate.id = price_rate.slot_rate_id
    WHERE price_rate.id = ANY(%(ids)s)
"""


class Figures:
    """The figures of price rates by their ids, read when they are first asked for.

    Rates never change, so that what was read once is kept.
    """

    def __init__(self) -> None:
        self._by_id: dict[int, tuple[Any, ...]] = {}

    def read(self, ids: Iterable[int]) -> None:
        """Read those that are not known; one statement."""
        unknown = sorted(set(ids) - self._by_id.keys())
        if not unknown:
            return
        with connection.cursor() as cursor:
            cursor.execute(FIGURES, {"ids": unknown})
            for id_, currency, *arrays in cursor.fetchall():
                self._by_id[id_] = (currency, *(tuple(array) for array in arrays))

    def currency(self, id_: int) -> str:
        """Return the currency of a rate that was read."""
        currency: str = self._by_id[id_][0]
        return currency

    def same(self, one: int, other: int) -> bool:
        """Return whether two rates that were read charge the same for every token."""
        return one == other or self._by_id[one] == self._by_id[other]
