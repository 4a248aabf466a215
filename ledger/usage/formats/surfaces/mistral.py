"""Mistral: OpenAI's wire and meaning; audio is stated in seconds. Pure.

Cached tokens are inside of the prompt (Lago's agent SDK, token_semantics; `genai-prices` 0.2.3).
`prompt_audio_seconds` of its `UsageInfo` is billed by time, and no class holds time.
"""

from ledger.usage.formats.surfaces import openai
from ledger.usage.formats.surfaces.counting import (
    Counts,
    Disagreement,
    Fields,
    NotBelieved,
    reading,
)


def chat(usage: Fields) -> Counts:
    """Read `usage` of a chat completion by Mistral."""
    counts = openai.chat(usage)
    seconds = usage.count("prompt_audio_seconds")
    if seconds:
        raise NotBelieved(
            Disagreement(
                "unplaced",
                {
                    "in tokens": reading(counts),
                    "as stated": {**reading(counts), "audio_seconds": seconds},
                },
                f"{seconds} seconds of audio are stated, and no class holds seconds.",
            )
        )
    return counts
