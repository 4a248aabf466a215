"""Payloads as LiteLLM sends them; the one in the file beside was captured, with other texts."""

import json
from pathlib import Path
from typing import Any

from ledger.usage.columns import Record
from ledger.usage.formats import litellm
from ledger.usage.formats.decoding import Decoded, Refusal
from tests.ledger.usage.formats import arbitrary

CAPTURED: dict[str, Any] = json.loads(
    Path(__file__).with_name("standard_logging_payload.json").read_bytes()
)
CALL = "cdb3ccf9-06b8-48f9-a4fb-57dabe870b60"
ANSWER = "chatcmpl-b94e4dfe-f839-4322-b80c-d76bedbe500a"

ANTHROPIC = {
    "prompt_tokens": 10_000,
    "completion_tokens": 700,
    "total_tokens": 10_700,
    "prompt_tokens_details": {"cached_tokens": 8_000, "cache_creation_tokens": 1_500},
    "completion_tokens_details": {"reasoning_tokens": 200},
    "cache_read_input_tokens": 8_000,
    "cache_creation_input_tokens": 1_500,
}


def payload(*, metadata: Any = None, **members: Any) -> dict[str, Any]:
    """Return the captured payload with other members."""
    return {**CAPTURED, **members, "metadata": {**CAPTURED["metadata"], **(metadata or {})}}


def with_usage(usage: dict[str, Any] | None, **members: Any) -> dict[str, Any]:
    """Return the captured payload with another usage object."""
    return payload(metadata={"usage_object": usage}, **members)


def decode(*payloads: Any, limit: int = 100, source: str = "litellm") -> Decoded:
    """Decode payloads as LiteLLM sends them."""
    return litellm.decode(
        arbitrary.written(payloads), content_type="application/json", limit=limit, source=source
    )


def record(sent: Any) -> Record:
    """Return the record of a payload."""
    decoded = decode(sent)
    assert decoded.refusals == []
    (found,) = decoded.records
    return found


def refusal(sent: Any) -> Refusal:
    """Return the refusal of a payload."""
    decoded = decode(sent)
    assert decoded.records == []
    (found,) = decoded.refusals
    return found
