"""Bedrock Converse's TokenUsage: cached and written tokens beside inputTokens. Pure.

AWS's page on prompt caching says so: `inputTokens` are only those neither read from nor written to
a cache, and the whole input is the three together (docs.aws.amazon.com, userguide, prompt-caching;
API_runtime_TokenUsage and API_runtime_CacheDetail for the fields). The total is the whole input and
the output: 3 input, 1789 written and 401 output tokens come with 2193 (LiteLLM's tests have that
answer). Reasoning is inside of `outputTokens` and not stated. Writes without a split are for five
minutes, the default.
"""

from collections import Counter
from typing import Final

from ledger.usage.formats.surfaces.counting import Counts, Fields, agreed
from ledger.usage.formats.surfaces.nesting import Completion, Prompt, Unplaced, disjoint, written

LIFETIMES: Final = ("5m", "1h")
OTHER: Final = "other"


def converse(usage: Fields) -> Counts:
    """Read `usage` of a Converse response; the cache counts in InvokeModel's spelling too."""
    lifetimes: Counter[str] = Counter()
    for detail in usage.each("cacheDetails"):
        ttl = detail.word("ttl")
        lifetimes[ttl if ttl in LIFETIMES else OTHER] += detail.required("inputTokens")
    write_5m, write_1h = written(
        stated=agreed((usage, "cacheWriteInputTokens"), (usage, "cacheWriteInputTokenCount")),
        short=lifetimes["5m"] if lifetimes else None,
        long=lifetimes["1h"] + lifetimes[OTHER] if lifetimes else None,
    )
    return disjoint(
        prompt=Prompt(
            stated=usage.required("inputTokens"),
            cache_inside=False,
            read=agreed((usage, "cacheReadInputTokens"), (usage, "cacheReadInputTokenCount")) or 0,
            write_5m=write_5m,
            write_1h=write_1h,
            unplaced=(
                Unplaced(
                    kind="cache_write_other", nearest="cache_write_1h", tokens=lifetimes[OTHER]
                ),
            ),
        ),
        completion=Completion(stated=usage.required("outputTokens")),
        total=usage.stated("totalTokens"),
    )
