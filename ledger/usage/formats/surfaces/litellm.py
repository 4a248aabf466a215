"""LiteLLM's normalised Usage: everything inside, whichever vendor served. Pure.

LiteLLM turns each vendor's counts into OpenAI's convention (`litellm` 1.108.7: `types/utils.py`,
`Usage`; `llms/anthropic/chat/transformation.py`, `calculate_usage`: the prompt is input, read and
creation; `llms/vertex_ai/gemini`: the completion is candidates and thoughts). Cached and written
tokens are stated several times in several spellings, which must agree. `text_tokens` are not
checked: they are those of the whole prompt for some vendors, and the uncached ones for others. What
LiteLLM does not normalise, such as Snowflake's chat wire, shows in the total.
"""

from dataclasses import replace

from ledger.usage.formats.surfaces.counting import Counts, Fields, agreed
from ledger.usage.formats.surfaces.nesting import disjoint, written
from ledger.usage.formats.surfaces.openai import CHAT, completion, prompt


def usage_object(usage: Fields) -> Counts:
    """Read a `Usage`, as in `metadata.usage_object` of a StandardLoggingPayload."""
    details = usage.inner(CHAT.input_details)
    lifetimes = details.inner("cache_creation_token_details")
    write_5m, write_1h = written(
        stated=agreed(
            (usage, "cache_creation_input_tokens"),
            (details, "cache_write_tokens"),
            (details, "cache_creation_tokens"),
        ),
        short=lifetimes.stated("ephemeral_5m_input_tokens"),
        long=lifetimes.stated("ephemeral_1h_input_tokens"),
    )
    read = agreed(
        (usage, "cache_read_input_tokens"),
        (details, "cached_tokens"),
        (usage, "prompt_cache_hit_tokens"),
    )
    wire = prompt(usage, CHAT)
    return disjoint(
        prompt=replace(wire, read=read or 0, write_5m=write_5m, write_1h=write_1h),
        completion=completion(usage, CHAT, reasoning_names=("reasoning_tokens",)),
        total=usage.stated("total_tokens"),
    )
