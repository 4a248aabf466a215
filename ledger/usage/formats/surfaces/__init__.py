"""Usage objects as their makers write them, turned into disjoint counts. Pure.

Which counts contain which cannot be seen in a usage object: the same fields mean one thing here and
another there. So the reader is looked up by surface and vendor, and nothing else decides.
docs/usage-formats.md has the table.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from ledger.tokens import LARGEST_COUNT
from ledger.usage.formats.surfaces import (
    anthropic,
    bedrock,
    clearwatt,
    cohere,
    databricks,
    deepseek,
    gemini,
    litellm,
    mistral,
    openai,
    otel,
    snowflake,
    xai,
)
from ledger.usage.formats.surfaces.counting import (
    Counts,
    Disagreement,
    Fields,
    Malformed,
    NotBelieved,
    shown,
)

__all__ = ["CONVENTIONS", "SURFACES", "Counts", "Disagreement", "Malformed", "counts"]

Reader = Callable[[Fields], Counts]

# The second part is the vendor, where one gives a surface's fields another meaning.
CONVENTIONS: Final[Mapping[tuple[str, str], Reader]] = {
    ("clearwatt", ""): clearwatt.classes,
    ("openai-chat", ""): openai.chat,
    ("openai-chat", "databricks"): databricks.chat,
    ("openai-chat", "deepseek"): deepseek.chat,
    ("openai-chat", "mistral"): mistral.chat,
    ("openai-chat", "snowflake-cortex"): snowflake.chat,
    ("openai-chat", "xai"): xai.chat,
    ("openai-responses", ""): openai.responses,
    ("openai-embeddings", ""): openai.embeddings,
    ("openai-images", ""): openai.images,
    ("openai-transcription", ""): openai.transcription,
    ("openai-realtime", ""): openai.realtime,
    ("azure-openai", ""): openai.chat,
    ("openrouter", ""): openai.chat,
    ("cloudflare-workers-ai", ""): openai.chat,
    ("databricks", ""): databricks.chat,
    ("deepseek", ""): deepseek.chat,
    ("mistral", ""): mistral.chat,
    ("snowflake-cortex", ""): snowflake.chat,
    ("xai", ""): xai.chat,
    ("anthropic-messages", ""): anthropic.messages,
    ("vertex-anthropic", ""): anthropic.messages,
    ("bedrock-anthropic", ""): anthropic.messages,
    ("bedrock-converse", ""): bedrock.converse,
    ("gemini", ""): gemini.generate,
    ("vertex-gemini", ""): gemini.generate,
    ("cohere", ""): cohere.chat,
    ("litellm", ""): litellm.usage_object,
    ("otel", ""): otel.attributes,
}

SURFACES: Final = tuple(dict.fromkeys(surface for surface, _ in CONVENTIONS))


def counts(
    *, surface: str, vendor: str, usage: Mapping[str, Any]
) -> Counts | Disagreement | Malformed:
    """Return the disjoint counts of a usage object, or why it has none that can be believed.

    A vendor without a meaning of its own has the surface's; a surface that is not known has none.

    >>> wire = {
    ...     "prompt_tokens": 7,
    ...     "prompt_tokens_details": {"cached_tokens": 4805},
    ...     "completion_tokens": 6,
    ...     "total_tokens": 4818,
    ... }
    >>> counts(surface="openai-chat", vendor="snowflake-cortex", usage=wire)[:5]
    (7, 4805, 0, 0, 6)
    >>> counts(surface="openai-chat", vendor="", usage=wire).rule
    'cache_nesting'
    """
    read = CONVENTIONS.get((surface, vendor)) or CONVENTIONS.get((surface, ""))
    if read is None:
        return Malformed("", f"its surface is not known; it may be {', '.join(SURFACES)}")
    if not isinstance(usage, Mapping):
        return Malformed("", f"{shown(usage)} is not an object")
    try:
        found = read(Fields(usage))
    except NotBelieved as reason:
        return reason.finding
    if max(found) > LARGEST_COUNT:
        return Malformed("", f"a class holds more than {LARGEST_COUNT} tokens")
    assert min(found) >= 0, "a reader checks before it believes"
    return found
