"""Anthropic's usage of a message: the cache beside input, thinking inside output. Pure.

From the published types (`anthropic` 2.13: `types/usage.py`, `types/output_tokens_details.py`,
`types/beta/beta_usage.py`) and the page on prompt caching: the whole prompt is `input_tokens`,
`cache_read_input_tokens` and `cache_creation_input_tokens` together; `thinking_tokens` never exceed
`output_tokens`; the tokens of a `compaction` entry are not included in the usage around it. Writes
without a split are for five minutes, the documented default. `server_tool_use` counts requests, not
tokens. On Vertex AI and Bedrock's InvokeModel the object is the same.
"""

from typing import Final

from ledger.usage.formats.surfaces.counting import (
    Counts,
    Disagreement,
    Fields,
    NotBelieved,
    reading,
    summed,
)
from ledger.usage.formats.surfaces.nesting import Completion, Prompt, disjoint, written

SAMPLED: Final = ("message", "fallback_message")
COMPACTED: Final = "compaction"


def messages(usage: Fields) -> Counts:
    """Read `usage` of a message, or the cumulative one at the end of a stream."""
    counts = _entry(usage)
    entries = [
        (one.word("type"), one.word("model"), _entry(one)) for one in usage.each("iterations")
    ]
    if not entries:
        return counts
    sampled = summed([Counts(), *(found for kind, _, found in entries if kind in SAMPLED)])
    compacted = summed([Counts(), *(found for kind, _, found in entries if kind == COMPACTED)])
    elsewhere = summed(
        [Counts(), *(found for kind, _, found in entries if kind not in (*SAMPLED, COMPACTED))]
    )
    if _sides(sampled) != _sides(counts):
        raise _contradiction(
            counts, sampled, "the iterations do not add up to the usage around them"
        )
    if any(elsewhere):
        raise _contradiction(
            counts,
            elsewhere,
            "iterations of another kind are billed apart, maybe for another model",
        )
    if len({model for _, model, found in entries if model and any(found)}) > 1:
        raise _contradiction(counts, sampled, "the iterations were served by several models")
    return summed([counts, compacted])


def _entry(usage: Fields) -> Counts:
    split = usage.inner("cache_creation")
    write_5m, write_1h = written(
        stated=usage.stated("cache_creation_input_tokens"),
        short=split.stated("ephemeral_5m_input_tokens"),
        long=split.stated("ephemeral_1h_input_tokens"),
    )
    return disjoint(
        prompt=Prompt(
            stated=usage.required("input_tokens"),
            cache_inside=False,
            read=usage.count("cache_read_input_tokens"),
            write_5m=write_5m,
            write_1h=write_1h,
        ),
        completion=Completion(
            stated=usage.required("output_tokens"),
            reasoning=usage.inner("output_tokens_details").count("thinking_tokens"),
        ),
    )


def _sides(counts: Counts) -> tuple[int, int, int, int]:
    """Return what iterations state too: they split neither lifetimes nor thinking."""
    return (
        counts.input,
        counts.cache_read,
        counts.cache_write_5m + counts.cache_write_1h,
        counts.output + counts.reasoning,
    )


def _contradiction(counts: Counts, other: Counts, why: str) -> NotBelieved:
    readings = {"the usage": reading(counts), "its iterations": reading(other)}
    return NotBelieved(Disagreement("iterations", readings, f"{why[0].upper()}{why[1:]}."))
