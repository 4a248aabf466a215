"""DeepSeek on OpenAI's wire: the prompt is split into cache hits and misses. Pure.

Its reference of the chat completion says that `prompt_tokens` equals `prompt_cache_hit_tokens` plus
`prompt_cache_miss_tokens` (api-docs.deepseek.com, create-chat-completion), that the total is prompt
and completion, and that reasoning is among the completion's details.
"""

from dataclasses import replace

from ledger.usage.formats.surfaces.counting import (
    Counts,
    Disagreement,
    Fields,
    NotBelieved,
    agreed,
    reading,
)
from ledger.usage.formats.surfaces.nesting import disjoint
from ledger.usage.formats.surfaces.openai import CHAT, completion, prompt


def chat(usage: Fields) -> Counts:
    """Read `usage` of a chat completion by DeepSeek."""
    details = usage.inner(CHAT.input_details)
    hits = agreed((usage, "prompt_cache_hit_tokens"), (details, "cached_tokens")) or 0
    misses = usage.stated("prompt_cache_miss_tokens")
    counts = disjoint(
        prompt=replace(prompt(usage, CHAT), read=hits),
        completion=completion(usage, CHAT),
        total=usage.stated("total_tokens"),
    )
    stated = usage.required(CHAT.input)
    if misses is not None and hits + misses != stated:
        raise NotBelieved(
            Disagreement(
                "cache_nesting",
                {
                    "by the prompt": reading(counts),
                    "by hits and misses": {
                        "input": misses,
                        "cache_read": hits,
                        "total": hits + misses,
                    },
                },
                f"{hits} hits and {misses} misses are not the {stated} tokens of the prompt.",
            )
        )
    return counts
