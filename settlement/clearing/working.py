"""The working of a true-up in words: a sentence a step. Pure."""

from collections.abc import Mapping
from decimal import Decimal


def sentence(row: Mapping[str, str]) -> str:
    """Return what a step did; its amount stands beside it.

    >>> sentence({"step": "tier", "kind": "graduated", "measure": "tokens", "quantity": "2000000",
    ...           "up_to": "1000000", "per_million_tokens": "6", "amount": "12"})
    '2,000,000 tokens at 6 a million'
    >>> sentence({"step": "discount", "above": "1000", "percent": "5", "amount": "-60"})
    'less 5 % above 1,000'
    """
    step = row["step"]
    if step == "tier":
        return f"{_measured(row)} at {_price(row)}"
    if step == "discount":
        above = Decimal(row["above"])
        return f"less {row['percent']} %" + (f" above {above:,f}" if above else "")
    if step == "minimum":
        return f"what is missing to the minimum of {Decimal(row['minimum']):,f}"
    return {
        "charged": "charged by the rate cards",
        "tiered": "by the tiers",
        "true_up": "true-up",
    }[step]


def _measured(row: Mapping[str, str]) -> str:
    quantity = Decimal(row["quantity"])
    return f"{quantity:,f} {'tokens' if row['measure'] == 'tokens' else 'charged'}"


def _price(row: Mapping[str, str]) -> str:
    if "per_million_tokens" in row:
        return f"{row['per_million_tokens']} a million"
    return f"{row['percent']} % of the charge"
