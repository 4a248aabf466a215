"""Examples of the answers about publications and proposals."""

from typing import Any, Final

CHANGE: Final[dict[str, Any]] = {
    "section": "rate_card_versions",
    "name": "westcloud/standard",
    "act": "changed",
    "valid_from": "2026-11-01T00:00:00+00:00",
    "moves_prices": True,
    "differences": [{"field": "terms/margin", "before": "0.10", "after": "0.21"}],
}
EFFECT: Final[dict[str, Any]] = {
    "agreement": "westcloud-acme",
    "deployment": "westcloud/qwen",
    "starts_at": "2026-11-01T00:00:00+00:00",
    "currency": "CNY",
    "token_class": "input",
    "before": "3.432733",
    "after": "3.776007",
    "percent": "+10.00 %",
}
DOCUMENT: Final[dict[str, Any]] = {
    "rate_card_versions": [
        {
            "provider": "westcloud",
            "rate_card": "standard",
            "valid_from": "2026-11-01T00:00:00Z",
            "currency": "CNY",
            "terms": {"kind": "cost_plus", "margin": "0.21"},
        }
    ]
}
SUBMITTED: Final[dict[str, Any]] = {
    "outcome": "proposed",
    "publication": None,
    "proposal": "7",
    "changes": [CHANGE],
    "effects": [EFFECT],
}
PUBLICATION_PAGE: Final[dict[str, Any]] = {
    "items": [
        {
            "id": "3",
            "published_at": "2026-10-20T12:00:00.000000Z",
            "published_by": "anna, approved by berta",
            "note": "",
            "document_sha256": "7d0b0c6f3f6f1f5c5e8a7f7e1b8f0f5d0c6b0a4f9d3a2b1c0e9f8d7c6b5a4f3e",
            "provides": ["rate_card:westcloud/standard"],
        }
    ],
    "next": None,
}
PROPOSAL: Final[dict[str, Any]] = {
    "id": "7",
    "state": "open",
    "note": "",
    "document_sha256": "7d0b0c6f3f6f1f5c5e8a7f7e1b8f0f5d0c6b0a4f9d3a2b1c0e9f8d7c6b5a4f3e",
    "proposed_at": "2026-10-20T11:00:00.000000Z",
    "proposed_by": "anna",
    "decided_at": None,
    "decided_by": None,
    "publication": None,
}
PROPOSAL_PAGE: Final[dict[str, Any]] = {"items": [PROPOSAL], "next": None}
PROPOSAL_DETAIL: Final[dict[str, Any]] = {
    **PROPOSAL,
    "document": DOCUMENT,
    "changes": [CHANGE],
    "effects": [EFFECT],
}
DECIDED: Final[dict[str, Any]] = {
    **PROPOSAL_DETAIL,
    "state": "published",
    "decided_at": "2026-10-20T12:00:00.000000Z",
    "decided_by": "berta",
    "publication": "3",
}
