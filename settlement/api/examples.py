"""A true example of every answer about settlements, and of the problems that are its own."""

from typing import Any, Final

Example = dict[str, Any]

SETTLEMENT: Final[Example] = {
    "id": "3",
    "starts_on": "2026-10-01",
    "ends_on": "2026-11-01",
    "currency": "CNY",
    "state": "approved",
    "input_hash": "5f0c8f0d6a9c1f0b7b0a4d1e7c2b9a3f6e8d5c4b3a2918070615243342516070",
    "calculated_at": "2026-11-01T08:00:00Z",
    "made_by": "maker",
    "approved_at": "2026-11-01T09:15:00Z",
    "approved_by": "checker",
}
SETTLEMENT_PAGE: Final[Example] = {"items": [SETTLEMENT], "next": None}
SETTLEMENT_DETAIL: Final[Example] = {
    **SETTLEMENT,
    "positions": [
        {
            "agreement": "zhongwei-acme",
            "provider": "zhongwei",
            "consumer": "acme",
            "price": "1843.204417905312",
            "consumer_side": {
                "carried": "0.001200000000",
                "fee": "0.000000000000",
                "due": "1843.210000000000",
                "residue": "-0.004382094688",
            },
            "provider_side": {
                "carried": "0.000000000000",
                "fee": "27.648066268579",
                "due": "1815.560000000000",
                "residue": "-0.003648363267",
            },
            "platform_side": {"fee": "27.650000000000", "rounding": "0.000000000000"},
            "entry": "2048",
        }
    ],
    "nettings": [
        {"party_a": "acme", "party_b": "zhongwei", "amount": "50.000000000000", "entry": "2049"}
    ],
}


def _problem(name: str, status: int, title: str, detail: str, **facts: Any) -> Example:
    return {
        "type": f"/problems/{name}",
        "title": title,
        "status": status,
        "detail": detail,
        **facts,
    }


NOT_THERE: Final[dict[str, Example]] = {
    "no-such-settlement": _problem(
        "no-such-settlement",
        404,
        "There is no such settlement",
        "there is no settlement 4711",
        settlement=4711,
    )
}
NOT_APPROVED: Final[dict[str, Example]] = {
    **NOT_THERE,
    "settlement-not-open": _problem(
        "settlement-not-open",
        409,
        "The settlement is not up for approval",
        "settlement 3 is approved: there is nothing to approve",
        settlement=3,
        state="approved",
    ),
    "checker-is-maker": _problem(
        "checker-is-maker",
        403,
        "Who calculated a settlement does not approve it",
        "maker calculated settlement 3; another person approves it",
        settlement=3,
        user="maker",
    ),
    "settlement-changed": _problem(
        "settlement-changed",
        409,
        "The books changed since the settlement was calculated",
        "the books changed since settlement 3 was calculated; calculate it again and look at the "
        "difference",
        settlement=3,
        calculated_hash="5f0c8f0d",
        current_hash="91b2a7e4",
    ),
}
