"""What must exist before a claim can be written, made in transactions of its own.

Rates, periods, accounts and partitions are found missing in the middle of a claim. Made there,
they would stay locked until the claim commits, and two workers would wait for each other's whole
claim. So the claim is given up, they are made in a short transaction, and it starts again.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from django.db import transaction

Answer = TypeVar("Answer")
MOST_STEPS = 20


class Unprepared(Exception):
    """The claim cannot go on before `prepare(now)` has run and committed."""

    def __init__(self, prepare: Callable[[datetime], object]) -> None:
        self.prepare = prepare
        super().__init__("something must be made before the claim can go on")


def prepared(claim: Callable[[], Answer], *, now: datetime) -> Answer:
    """Run the claim as one transaction, making what it finds missing and starting again."""
    for _ in range(MOST_STEPS):
        try:
            with transaction.atomic():
                return claim()
        except Unprepared as unprepared:
            with transaction.atomic():
                unprepared.prepare(now)
    raise AssertionError(f"a claim was unprepared {MOST_STEPS} times in a row")
