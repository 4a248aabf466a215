"""No token is lost or made: what a surface would state of counts is read as these counts."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from ledger.usage.formats.surfaces import Counts, Disagreement, counts
from ledger.usage.formats.surfaces.counting import NotBelieved
from ledger.usage.formats.surfaces.nesting import Completion, Prompt, disjoint

TOKENS: Final = st.integers(0, 10**6)


def counted(*names: str) -> st.SearchStrategy[Counts]:
    """Draw counts of some classes; the others are zero."""
    return st.fixed_dictionaries(dict.fromkeys(names, TOKENS)).map(lambda drawn: Counts(**drawn))


TEXT: Final = counted("input", "cache_read", "cache_write_5m", "output", "reasoning")


def chat(found: Counts) -> dict[str, Any]:
    prompt, completion = sum(found[:4]), found.output + found.reasoning
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {
            "cached_tokens": found.cache_read,
            "cache_write_tokens": found.cache_write_5m,
        },
        "completion_tokens_details": {"reasoning_tokens": found.reasoning},
    }


def responses(found: Counts) -> dict[str, Any]:
    names = {"prompt": "input", "completion": "output"}
    stated = chat(found)
    for old, new in names.items():
        stated[f"{new}_tokens"] = stated.pop(f"{old}_tokens")
        stated[f"{new}_tokens_details"] = stated.pop(f"{old}_tokens_details")
    return stated


def snowflake(found: Counts) -> dict[str, Any]:
    return {**chat(found), "prompt_tokens": found.input}


def xai(found: Counts) -> dict[str, Any]:
    return {**chat(found), "completion_tokens": found.output}


def message(found: Counts) -> dict[str, Any]:
    return {
        "input_tokens": found.input,
        "cache_read_input_tokens": found.cache_read,
        "cache_creation_input_tokens": found.cache_write_5m,
        "output_tokens": found.output + found.reasoning,
        "output_tokens_details": {"thinking_tokens": found.reasoning},
    }


def span(found: Counts) -> dict[str, Any]:
    return {
        "gen_ai.usage.input_tokens": sum(found[:4]),
        "gen_ai.usage.cache_read.input_tokens": found.cache_read,
        "gen_ai.usage.cache_creation.input_tokens": found.cache_write_5m,
        "gen_ai.usage.output_tokens": found.output + found.reasoning,
        "gen_ai.usage.reasoning.output_tokens": found.reasoning,
    }


STATED: Final[dict[str, Callable[[Counts], dict[str, Any]]]] = {
    "openai-chat": chat,
    "openrouter": chat,
    "litellm": chat,
    "databricks": chat,
    "openai-responses": responses,
    "snowflake-cortex": snowflake,
    "xai": xai,
    "anthropic-messages": message,
    "otel": span,
}


class TestSurfaces:
    @pytest.mark.parametrize("surface", STATED)
    @given(expected=TEXT)
    def test_read_back_what_they_state(self, surface: str, expected: Counts) -> None:
        usage = STATED[surface](expected)

        assert counts(surface=surface, vendor="", usage=usage) == expected

    @given(found=counted("input", "cache_read", "output", "reasoning"))
    def test_read_back_what_gemini_states(self, found: Counts) -> None:
        usage = {
            "promptTokenCount": found.input + found.cache_read,
            "cachedContentTokenCount": found.cache_read,
            "candidatesTokenCount": found.output,
            "thoughtsTokenCount": found.reasoning,
            "totalTokenCount": sum(found),
        }

        assert counts(surface="gemini", vendor="", usage=usage) == found

    @given(found=counted("input", "cache_read", "cache_write_5m", "cache_write_1h", "output"))
    def test_read_back_what_converse_states(self, found: Counts) -> None:
        usage = {
            "inputTokens": found.input,
            "cacheReadInputTokens": found.cache_read,
            "cacheWriteInputTokens": found.cache_write_5m + found.cache_write_1h,
            "cacheDetails": [
                {"ttl": "1h", "inputTokens": found.cache_write_1h},
                {"ttl": "5m", "inputTokens": found.cache_write_5m},
            ],
            "outputTokens": found.output,
            "totalTokens": sum(found),
        }

        assert counts(surface="bedrock-converse", vendor="", usage=usage) == found

    @given(found=TEXT)
    def test_never_take_a_payload_for_that_of_the_other_convention(self, found: Counts) -> None:
        assume(found.cache_read + found.cache_write_5m)

        read = counts(surface="openai-chat", vendor="", usage=snowflake(found))

        assert isinstance(read, Disagreement)
        assert read.rule in {"cache_nesting", "total"}


SMALL: Final = st.sampled_from([0, 0, 0, 0, 1, 3])
WHOLE: Final = st.integers(0, 30)
PROMPTS: Final = st.builds(
    Prompt,
    stated=WHOLE,
    cache_inside=st.booleans(),
    read=SMALL,
    write_5m=SMALL,
    write_1h=SMALL,
    audio=SMALL,
    image=SMALL,
)
COMPLETIONS: Final = st.builds(
    Completion, stated=WHOLE, reasoning=SMALL, reasoning_inside=st.booleans(), audio=SMALL
)


class TestDisjoint:
    @given(
        prompt=PROMPTS,
        completion=COMPLETIONS,
        off=st.sampled_from([None, 0, 0, 1]),
        cached=st.tuples(st.booleans(), SMALL, SMALL),
    )
    def test_conserves_every_token_or_says_what_is_wrong(
        self,
        prompt: Prompt,
        completion: Completion,
        off: int | None,
        cached: tuple[bool, int, int],
    ) -> None:
        whole = prompt.stated + (0 if prompt.cache_inside else prompt.cached)
        wrote = completion.stated + (0 if completion.reasoning_inside else completion.reasoning)
        total = None if off is None else whole + wrote + off
        split, audio, image = cached
        if split:
            prompt = replace(prompt, read_audio=audio, read_image=image)
        try:
            found = disjoint(prompt=prompt, completion=completion, total=total)
        except NotBelieved as reason:
            event(f"not believed: {type(reason.finding).__name__}")
            return

        event("believed")
        assert min(found) >= 0
        assert sum(found) == whole + wrote
        assert off in {None, 0}
        assert found[1:4] == (prompt.read, prompt.write_5m, prompt.write_1h)
        assert found.reasoning == completion.reasoning
        assert found.audio_input <= prompt.audio
        assert found.image_input <= prompt.image

    @pytest.mark.parametrize("cached", [0, 5, 10])
    def test_takes_the_same_counts_from_both_conventions(self, cached: int) -> None:
        inside = Prompt(stated=10, read=cached)
        beside = Prompt(stated=10 - cached, cache_inside=False, read=cached)
        wrote = Completion(stated=3)

        assert disjoint(prompt=inside, completion=wrote) == disjoint(
            prompt=beside, completion=wrote
        )
