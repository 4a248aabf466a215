"""How long requests are: the distributions of the Azure LLM inference traces. Pure.

Quantiles of AzureLLMInferenceTrace_code.csv (8,819 requests) and AzureLLMInferenceTrace_conv.csv
(19,366 requests) of November 2023, read from the files: Azure Public Dataset, Microsoft, CC-BY 4.0,
described in Patel et al., "Splitwise", ISCA 2024. The requests themselves are not kept here. Prompt
and answer lengths are drawn apart: in the traces their logarithms correlate by less than 0.1.

The share of cached prompt tokens is the one that DeepSeek disclosed on 2025-02-28 (56.3 %,
open-infra-index, CC0), for chat only. Reasoning lengths and the share of requests that end early
are illustrative.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from settlement.demo.flows import Shape

Quantiles = Sequence[tuple[float, int]]
"""(share of requests, tokens): so many requests are at most so long."""

CODE_PROMPT: Final[Quantiles] = (
    (0.0, 3), (0.01, 17), (0.05, 75), (0.1, 147), (0.2, 385), (0.25, 578), (0.3, 770), (0.4, 1_075),
    (0.5, 1_469), (0.6, 1_909), (0.7, 2_433), (0.75, 2_745), (0.8, 3_193), (0.9, 5_194),
    (0.95, 7_315), (0.99, 7_436), (1.0, 7_437),
)  # fmt: skip
CODE_ANSWER: Final[Quantiles] = (
    (0.0, 6), (0.05, 6), (0.1, 7), (0.2, 8), (0.3, 9), (0.4, 11), (0.5, 13), (0.6, 16), (0.7, 20),
    (0.75, 24), (0.8, 29), (0.9, 55), (0.95, 90), (0.99, 252), (0.999, 831), (1.0, 1_899),
)  # fmt: skip
CHAT_PROMPT: Final[Quantiles] = (
    (0.0, 2), (0.01, 29), (0.05, 181), (0.1, 207), (0.2, 387), (0.25, 396), (0.3, 403), (0.4, 703),
    (0.5, 1_020), (0.6, 1_071), (0.7, 1_130), (0.75, 1_189), (0.8, 1_315), (0.9, 2_735),
    (0.95, 4_083), (0.99, 4_142), (0.999, 6_212), (1.0, 14_050),
)  # fmt: skip
CHAT_ANSWER: Final[Quantiles] = (
    (0.0, 7), (0.01, 16), (0.05, 41), (0.1, 54), (0.2, 77), (0.25, 85), (0.3, 91), (0.4, 103),
    (0.5, 129), (0.6, 177), (0.7, 384), (0.75, 395), (0.8, 400), (0.9, 424), (0.95, 451),
    (0.99, 601), (0.999, 954), (1.0, 1_000),
)  # fmt: skip
# Tokens thought before the answer, per token of it.
REASONING_FACTOR: Final = (1.0, 6.0)

FOLLOW_UP_SHARE: Final = 0.70
"""Requests of a conversation that are not its first: their prompt was mostly seen before."""

CACHED_SHARE_OF_FOLLOW_UP: Final = (0.65, 0.98)
"""0.70 × 0.815 = 57 %, of which blocks that are not full take a little."""

CACHE_BLOCK_TOKENS: Final = 64
ENDS_EARLY: Final = (("cancelled", 0.025), ("partial", 0.015))


@dataclass(frozen=True, slots=True)
class Request:
    """What one request took: disjoint token classes, those that are zero left out."""

    counts: dict[str, int]
    status: str


def draw(shape: Shape, rng: Random) -> Request:
    """Draw a request of this shape."""
    code = shape is Shape.CODE
    prompt = at_quantile(CODE_PROMPT if code else CHAT_PROMPT, rng.random())
    answer = at_quantile(CODE_ANSWER if code else CHAT_ANSWER, rng.random())
    counts = {"input": prompt}
    if shape is Shape.CHAT:
        counts = _with_cache(prompt, rng)
    if shape is Shape.REASONING:
        counts["reasoning"] = int(answer * _between(REASONING_FACTOR, rng))
    counts["output"] = answer
    status = _status(rng)
    if status != "complete":
        # It stopped on the way; what was served until then is charged.
        counts["output"] = max(1, int(answer * rng.random()))
    return Request({name: count for name, count in counts.items() if count}, status)


def at_quantile(quantiles: Quantiles, share: float) -> int:
    """Return the length that this share of requests does not exceed, linear between the quantiles.

    >>> at_quantile(((0.0, 10), (0.5, 20), (1.0, 120)), 0.75)
    70
    """
    above = bisect_right(quantiles, share, key=lambda quantile: quantile[0])
    if above == len(quantiles):
        return quantiles[-1][1]
    (low, shortest), (high, longest) = quantiles[above - 1], quantiles[above]
    return int(shortest + (longest - shortest) * (share - low) / (high - low))


def _with_cache(prompt: int, rng: Random) -> dict[str, int]:
    """Part a prompt of a conversation into what was read from the cache and what is new."""
    if rng.random() >= FOLLOW_UP_SHARE:
        return {"input": prompt}
    seen = int(prompt * _between(CACHED_SHARE_OF_FOLLOW_UP, rng))
    cached = seen - seen % CACHE_BLOCK_TOKENS
    return {"input": prompt - cached, "cache_read": cached}


def _status(rng: Random) -> str:
    drawn = rng.random()
    for status, share in ENDS_EARLY:
        if drawn < share:
            return status
        drawn -= share
    return "complete"


def _between(bounds: tuple[float, float], rng: Random) -> float:
    return bounds[0] + (bounds[1] - bounds[0]) * rng.random()
