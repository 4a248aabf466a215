"""What a rate is made from, written out in full.

All of it is plain text values: its digest names the rate, and anyone can recompute the rate from
it by hand.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from ledger.pricing.models import FxRate
from ledger.pricing.published import Lack, Published


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything a rate is made from, and its digest (SHA-256 of the canonical JSON)."""

    values: Mapping[str, Any]
    digest: bytes

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Inputs":
        """Digest the values."""
        return cls(values=values, digest=digest(values))


def digest(values: Mapping[str, Any]) -> bytes:
    """Return the SHA-256 of the inputs as JSON with sorted keys and no white space."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).digest()


def fx(
    published: Published, currencies: set[str], *, into: str, at: datetime
) -> dict[str, Any] | Lack:
    """Return a rate into one currency for each of the others."""
    rates: dict[str, Any] = {}
    for currency in sorted(currencies - {into}):
        version = published.in_force(FxRate, (currency, into), at)
        if version is None:
            return Lack("no_fx_rate", f"fx:{currency}/{into}")
        rates[currency] = values_of(version, "base", "quote", "rate")
    return rates


def values_of(version: Any, *names: str) -> dict[str, Any]:
    """Return the row's id, its provenance if it has one, and the named values.

    Decimals are plain text without padding.
    """
    values: dict[str, Any] = {"id": version.id}
    if version.provenance is not None:
        values["provenance"] = version.provenance.code
    for name in names:
        value = getattr(version, name)
        values[name] = text(value) if isinstance(value, Decimal) else value
    return values


def text(number: Decimal) -> str:
    """Return a decimal without exponent and trailing zeros: one number, one spelling.

    >>> text(Decimal("0.2000")), text(Decimal("150"))
    ('0.2', '150')
    """
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
