"""OpenTelemetry's gen_ai.usage attributes, as an object: everything inside. Pure.

The registry (semantic-conventions-genai, model/gen-ai/registry.yaml): `input_tokens` should include
all input, cached too, and `output_tokens` reasoning; for Anthropic the convention spells the sum
out. Emitters differ in names: `cache_creation` and `cache_write`, and the deprecated
`prompt_tokens` and `completion_tokens`. Those that differ in meaning are found where the cached
tokens do not fit.
"""

from typing import Final

from ledger.usage.formats.surfaces.counting import Counts, Fields, agreed
from ledger.usage.formats.surfaces.nesting import Completion, Prompt, disjoint

PREFIX: Final = "gen_ai.usage."


def attributes(usage: Fields) -> Counts:
    """Read the attributes of a span; either side may be missing, as embeddings have no output."""
    read = _count(usage, "input_tokens", "prompt_tokens")
    wrote = _count(usage, "output_tokens", "completion_tokens")
    if read is None and wrote is None:
        raise usage.malformed(f"{PREFIX}input_tokens", "is missing, and so are output tokens")
    return disjoint(
        prompt=Prompt(
            stated=read or 0,
            read=_count(usage, "cache_read.input_tokens") or 0,
            write_5m=_count(usage, "cache_creation.input_tokens", "cache_write.input_tokens") or 0,
        ),
        completion=Completion(
            stated=wrote or 0,
            reasoning=_count(usage, "reasoning.output_tokens") or 0,
        ),
        total=_count(usage, "total_tokens"),
    )


def _count(usage: Fields, *names: str) -> int | None:
    return agreed(*((usage, f"{PREFIX}{name}") for name in names))
