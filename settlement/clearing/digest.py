"""The hash that an approval names: every figure of a run, in one canonical form."""

import hashlib
import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from settlement.clearing.gross import AgreementGross
from settlement.clearing.netting import SetOff
from settlement.clearing.rounding import Rounded

VERSION = 1


def input_hash(
    *,
    starts_on: date,
    currency: str,
    positions: Sequence[tuple[AgreementGross, Rounded]],
    set_offs: Sequence[SetOff],
) -> str:
    """Return the SHA-256 of a run, as hexadecimal digits; the order of positions does not matter.

    In it are the entries that each agreement takes in, what stands on its accounts, what is carried
    over, what is due, and what is set off. Amounts are written plainly, without trailing zeros.
    """
    document = {
        "version": VERSION,
        "month": f"{starts_on:%Y-%m}",
        "currency": currency,
        "positions": sorted(
            (_position(agreement, rounded) for agreement, rounded in positions),
            key=lambda one: str(one["agreement"]),
        ),
        "set_offs": sorted([one.party_a, one.party_b, _plain(one.amount)] for one in set_offs),
    }
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _position(agreement: AgreementGross, rounded: Rounded) -> dict[str, Any]:
    gross = agreement.gross
    return {
        "agreement": agreement.agreement,
        "provider": agreement.provider,
        "consumer": agreement.consumer,
        "period": agreement.period_id,
        "entries": [agreement.entries, agreement.entries_digest],
        "payables": {name: _plain(amount) for name, amount in agreement.payables.items()},
        "gross": {name: _plain(getattr(gross, name)) for name in gross.__slots__},
        "rounded": {name: _plain(getattr(rounded, name)) for name in rounded.__slots__},
    }


def _plain(amount: Decimal) -> str:
    """Return a Decimal without exponent and trailing zeros: equal amounts read alike."""
    if amount == 0:
        return "0"
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
