"""Account codes and the accounts behind them."""

import re
from collections.abc import Iterable
from typing import Final

from django.db import connection

from ledger.errors import LedgerError

PURPOSE: Final = re.compile(r"^[a-z][a-z0-9_]*$", re.ASCII)

ENSURE = """
    INSERT INTO ledger_account (code, party_id, purpose, component, commodity)
    SELECT wanted.code, party.id, wanted.purpose, wanted.component, wanted.commodity
    FROM unnest(%(codes)s::text[], %(parties)s::text[], %(purposes)s::text[],
                %(components)s::text[], %(commodities)s::text[])
         AS wanted (code, party, purpose, component, commodity)
    LEFT JOIN ledger_party party ON party.code = wanted.party
    ORDER BY wanted.code
    ON CONFLICT (code) DO NOTHING
"""
IDS = "SELECT code, id FROM ledger_account WHERE code = ANY(%(codes)s)"


class InvalidAccountCode(LedgerError):
    """An account code does not read `owner:purpose[:component]:COMMODITY`."""

    problem = "invalid-account-code"

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(f"{code!r} is not an account code: owner:purpose[:component]:COMMODITY")


def code(owner: str, purpose: str, component: str = "", *, commodity: str) -> str:
    """Return the account code.

    >>> code("provider:zhongwei", "payable", "energy", commodity="CNY")
    'provider:zhongwei:payable:energy:CNY'
    """
    parts = [owner, purpose, component, commodity] if component else [owner, purpose, commodity]
    return ":".join(parts)


def parse(account_code: str) -> tuple[str | None, str, str, str]:
    """Return (party code or None, purpose, component, commodity) of an account code.

    :raises InvalidAccountCode: if the code has another form.

    >>> parse("consumer:acme:receivable:CNY")
    ('acme', 'receivable', '', 'CNY')
    >>> parse("platform:fees:settled:CNY")
    (None, 'fees', 'settled', 'CNY')
    """
    parts = account_code.split(":")
    party = None
    if parts[0] in ("consumer", "provider", "site"):
        party = parts[1] if parts[0] != "site" and len(parts) > 1 else None
        parts = parts[2:]
    elif parts[0] == "platform":
        parts = parts[1:]
    else:
        raise InvalidAccountCode(account_code)
    if len(parts) not in (2, 3) or not PURPOSE.match(parts[0]) or not all(parts):
        raise InvalidAccountCode(account_code)
    component = parts[1] if len(parts) == 3 else ""  # noqa: PLR2004 - owner stripped: three parts
    return party, parts[0], component, parts[-1]


def ids(codes: Iterable[str]) -> dict[str, int]:
    """Return the ids of those accounts that exist."""
    with connection.cursor() as cursor:
        cursor.execute(IDS, {"codes": list(codes)})
        return dict(cursor.fetchall())


def ensure(codes: Iterable[str]) -> dict[str, int]:
    """Create the accounts that are missing, sorted by code, and return every id.

    :raises InvalidAccountCode: if a code has another form.
    """
    wanted = sorted(set(codes))
    known = ids(wanted)
    missing = [code for code in wanted if code not in known]
    if missing:
        parsed = [parse(code) for code in missing]
        with connection.cursor() as cursor:
            cursor.execute(
                ENSURE,
                {
                    "codes": missing,
                    "parties": [party for party, _, _, _ in parsed],
                    "purposes": [purpose for _, purpose, _, _ in parsed],
                    "components": [component for _, _, component, _ in parsed],
                    "commodities": [commodity for _, _, _, commodity in parsed],
                },
            )
        known |= ids(missing)
    return known
