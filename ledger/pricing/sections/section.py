"""One section of a catalogue document: which table it fills and how its rows are named."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.db.models import Model

from ledger.errors import LedgerError

Row = Mapping[str, Any]
CODE: Final = re.compile(r"^[a-z0-9][a-z0-9-]{0,62}$", re.ASCII)


class CodeInvalid(LedgerError):
    """A code of a party or a site has another form than account codes allow."""

    problem = "code-invalid"

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(f"code {code!r} may hold small letters, digits and hyphens, at most 63")


def unchecked(_: Row) -> None:
    """Accept a row whose fields' types say everything."""


@dataclass(frozen=True, slots=True)
class Section:
    """One list of a catalogue document.

    `identity` names the fields that identify a thing, or the series a version belongs to;
    `provides` says, in the words of a set-aside event's `missing`, what a row brings.
    `references` maps a foreign key to the document's fields that name its target.
    `priced_before` names the fields that tell whether something was priced without the row; by
    default its identity: the first version of a series gives a price where there was none. Empty
    where prices are made without any such row, too.
    `unpriced` names the fields from which no price is made.
    """

    name: str
    model: type[Model]
    identity: tuple[str, ...]
    provides: Callable[[Row], str | None]
    references: Mapping[str, tuple[str, ...]]
    check: Callable[[Row], None] = unchecked
    priced_before: tuple[str, ...] | None = None
    unpriced: tuple[str, ...] = ()


def within(**limits: Callable[[str, Decimal], None]) -> Callable[[Row], None]:
    """Return a check of decimal fields against their limits."""

    def check(row: Row) -> None:
        for name, limit in limits.items():
            limit(name, Decimal(str(row[name])))

    return check


def check_code(row: Row) -> None:
    """Refuse a code that could not stand in an account's code."""
    if not CODE.match(str(row["code"])):
        raise CodeInvalid(str(row["code"]))


def nothing(_: Row) -> None:
    """Bring nothing that an event could lack."""
