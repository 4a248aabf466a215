"""Snowflake Cortex on OpenAI's wire: cached tokens are beside the prompt tokens. Pure.

The wire is OpenAI's and the meaning is not: 7 prompt, 4805 cached and 6 completion tokens come with
a total of 4818 (measured by Lago's agent SDK, token_semantics, 2026-08-25).
"""

from ledger.usage.formats.surfaces.counting import Counts, Fields
from ledger.usage.formats.surfaces.nesting import disjoint
from ledger.usage.formats.surfaces.openai import CHAT, completion, prompt


def chat(usage: Fields) -> Counts:
    """Read `usage` of a chat completion by Snowflake Cortex."""
    return disjoint(
        prompt=prompt(usage, CHAT, cache_inside=False),
        completion=completion(usage, CHAT),
        total=usage.stated("total_tokens"),
    )
