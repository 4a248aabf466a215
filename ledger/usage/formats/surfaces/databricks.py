"""Databricks on OpenAI's wire, the cache in Anthropic's spelling: inside of the prompt. Pure.

Cached tokens are inside of the prompt for every vendor that it serves (Lago's agent SDK,
token_semantics, over 246 rows). `genai-prices` 0.2.3 reads `cache_read_input_tokens` and a
`reasoning_tokens` of its own beside OpenAI's places, both as parts.
"""

from dataclasses import replace

from ledger.usage.formats.surfaces.counting import Counts, Fields, agreed
from ledger.usage.formats.surfaces.nesting import disjoint, written
from ledger.usage.formats.surfaces.openai import CHAT, completion, prompt


def chat(usage: Fields) -> Counts:
    """Read `usage` of a chat completion by Databricks."""
    details = usage.inner(CHAT.input_details)
    wire = prompt(usage, CHAT)
    split = usage.inner("cache_creation")
    write_5m, write_1h = written(
        stated=agreed(
            (usage, "cache_creation_input_tokens"),
            (details, "cache_write_tokens"),
        ),
        short=split.stated("ephemeral_5m_input_tokens"),
        long=split.stated("ephemeral_1h_input_tokens"),
    )
    read = agreed((usage, "cache_read_input_tokens"), (details, "cached_tokens")) or 0
    return disjoint(
        prompt=replace(wire, read=read, write_5m=write_5m, write_1h=write_1h),
        completion=completion(usage, CHAT, reasoning_names=("reasoning_tokens",)),
        total=usage.stated("total_tokens"),
    )
