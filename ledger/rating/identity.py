"""The public id of a usage entry names its month, so that a look-up meets one partition. Pure."""

import re
from datetime import UTC, datetime
from typing import Final

from ledger.errors import LedgerError
from ledger.periods import month_of

FORM: Final = re.compile(r"^([12]\d{3})(0[1-9]|1[0-2])-(\d{1,19})$", re.ASCII)


class NoSuchUsageEntry(LedgerError):
    """The usage journal has no entry with this id."""

    problem = "no-such-usage-entry"

    def __init__(self, public_id: str) -> None:
        self.public_id = public_id
        super().__init__(f"there is no usage entry {public_id!r}")


def public_id(*, occurred_at: datetime, id_: int) -> str:
    """Return the id that the API shows.

    >>> public_id(occurred_at=datetime(2026, 10, 5, tzinfo=UTC), id_=42)
    '202610-42'
    """
    return f"{occurred_at.astimezone(UTC):%Y%m}-{id_}"


def parse_public_id(text: str) -> tuple[int, datetime, datetime]:
    """Return (id, first instant of its month, first instant of the next).

    :raises NoSuchUsageEntry: if the text is no such id.

    >>> parse_public_id("202612-42")[0]
    42
    """
    match = FORM.match(text)
    if match is None:
        raise NoSuchUsageEntry(text)
    year, month, id_ = (int(part) for part in match.groups())
    starts_on, ends_on = month_of(datetime(year, month, 1, tzinfo=UTC).date())
    return (
        id_,
        datetime(starts_on.year, starts_on.month, 1, tzinfo=UTC),
        datetime(ends_on.year, ends_on.month, 1, tzinfo=UTC),
    )
