"""Gemini's usageMetadata, of the Gemini API and of Vertex AI: thoughts beside candidates. Pure.

From the reference of `UsageMetadata` (ai.google.dev, generateContent; Vertex AI's is the same): the
prompt includes the cached content; thoughts are counted apart from the candidates; the tool-use
prompt apart from the prompt; the total is all four. What the prompt's list of modalities says is of
the whole prompt, cached or not. The Python SDK's spelling (`prompt_token_count`) is read as well.
"""

from collections import Counter
from typing import Final

from ledger.usage.formats.surfaces.counting import Counts, Fields, agreed
from ledger.usage.formats.surfaces.nesting import Completion, Prompt, Unplaced, disjoint

PLACED: Final = ("TEXT", "AUDIO", "IMAGE")
OTHERS: Final = ("VIDEO", "DOCUMENT")


def generate(usage: Fields) -> Counts:
    """Read `usageMetadata` of generated content, or of a turn of the live API."""
    stated = _count(usage, "promptTokenCount", "prompt_token_count")
    if stated is None:
        raise usage.malformed("promptTokenCount", "is missing")
    tools = _count(usage, "toolUsePromptTokenCount", "tool_use_prompt_token_count") or 0
    read = _count(usage, "cachedContentTokenCount", "cached_content_token_count") or 0
    of_prompt = _modalities(usage, "promptTokensDetails", "prompt_tokens_details")
    of_tools = _modalities(usage, "toolUsePromptTokensDetails", "tool_use_prompt_tokens_details")
    of_cache = _modalities(usage, "cacheTokensDetails", "cache_tokens_details")
    whole = of_prompt + of_tools
    # Only if both lists have it is text all that is left: either may be absent.
    has_text = "TEXT" in of_prompt and (not tools or "TEXT" in of_tools)
    return disjoint(
        prompt=Prompt(
            stated=stated + tools,
            read=read,
            text=whole["TEXT"] if has_text else None,
            audio=whole["AUDIO"],
            image=whole["IMAGE"],
            read_text=of_cache.get("TEXT") if set(of_cache) <= set(PLACED) else None,
            read_audio=of_cache["AUDIO"] if of_cache else None,
            read_image=of_cache["IMAGE"] if of_cache else None,
            unplaced=_unplaced(whole, "input"),
        ),
        completion=_completion(usage),
        total=_count(usage, "totalTokenCount", "total_token_count"),
    )


def _completion(usage: Fields) -> Completion:
    candidates = _count(
        usage,
        "candidatesTokenCount",
        "candidates_token_count",
        "responseTokenCount",
        "response_token_count",
    )
    details = _modalities(
        usage, "candidatesTokensDetails", "candidates_tokens_details"
    ) or _modalities(usage, "responseTokensDetails", "response_tokens_details")
    return Completion(
        stated=candidates or 0,
        reasoning=_count(usage, "thoughtsTokenCount", "thoughts_token_count") or 0,
        reasoning_inside=False,
        text=details.get("TEXT"),
        audio=details["AUDIO"],
        unplaced=(
            Unplaced(kind="image_output", nearest="output", tokens=details["IMAGE"]),
            *_unplaced(details, "output"),
        ),
    )


def _count(usage: Fields, *names: str) -> int | None:
    return agreed(*((usage, name) for name in names))


def _modalities(usage: Fields, *names: str) -> Counter[str]:
    """Return tokens by modality; empty if there is no list."""
    found: Counter[str] = Counter()
    for name in names:
        for item in usage.each(name):
            modality = item.word("modality").upper()
            known = modality if modality in (*PLACED, *OTHERS) else "OTHER"
            found[known] += _count(item, "tokenCount", "token_count") or 0
        if found:
            return found
    return found


def _unplaced(modalities: Counter[str], side: str) -> tuple[Unplaced, ...]:
    """Return what is neither text nor audio nor image, such as video and documents."""
    return tuple(
        Unplaced(kind=f"{modality.lower()}_{side}", nearest=side, tokens=tokens)
        for modality, tokens in modalities.items()
        if modality not in PLACED
    )
