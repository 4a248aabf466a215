"""What a usage object means is its surface's and vendor's, and what contradicts it is shown."""

from typing import Any, Final

import pytest

from ledger.usage.formats.surfaces import SURFACES, Counts, Disagreement, Malformed, counts
from tests.ledger.usage.formats.surfaces.golden import (
    CHAT,
    COHERE,
    COMPACTED,
    CONVERSE,
    DEEPSEEK,
    GEMINI,
    GEMINI_HEARD,
    LITELLM,
    MESSAGE,
    REALTIME,
    SNOWFLAKE,
    XAI,
)
from tests.ledger.usage.formats.surfaces.golden_wrong import INCLUSIVE_CANDIDATES

IN_IN: Final = "cached inside input, reasoning inside output"
BESIDE_IN: Final = "cached beside input, reasoning inside output"
IN_BESIDE: Final = "cached inside input, reasoning beside output"


def read(surface: str, usage: Any, vendor: str = "") -> Counts | Disagreement | Malformed:
    return counts(surface=surface, vendor=vendor, usage=usage)


def disagreement(surface: str, usage: Any, vendor: str = "") -> Disagreement:
    found = read(surface, usage, vendor)
    assert isinstance(found, Disagreement), found
    return found


class TestTheKey:
    def test_gives_one_payload_two_meanings(self) -> None:
        by_surface = disagreement("openai-chat", SNOWFLAKE)
        by_vendor = read("openai-chat", SNOWFLAKE, vendor="snowflake-cortex")

        assert by_surface.rule == "cache_nesting"
        assert by_vendor == Counts(input=7, cache_read=4805, output=6)

    def test_falls_back_to_the_surface_where_the_vendor_means_the_same(self) -> None:
        assert read("openai-chat", CHAT, vendor="azure-openai") == read("openai-chat", CHAT)

    @pytest.mark.parametrize("vendor", ["", "openai-chat", "anthropic"])
    def test_is_never_guessed_from_the_payload(self, vendor: str) -> None:
        found = read("completions", CHAT, vendor=vendor)

        assert isinstance(found, Malformed)
        assert found.pointer == ""
        assert all(surface in found.detail for surface in SURFACES)

    def test_holds_though_the_payload_is_of_another_surface(self) -> None:
        found = read("anthropic-messages", CHAT)

        assert found == Malformed("/input_tokens", "is missing")


class TestDisagreement:
    def test_shows_the_cache_inside_and_beside(self) -> None:
        found = disagreement("openai-chat", SNOWFLAKE)

        assert found == Disagreement(
            "cache_nesting",
            {
                "cached inside input": {
                    "input": -4798,
                    "cache_read": 4805,
                    "output": 6,
                    "total": 13,
                },
                "cached beside input": {
                    "input": 7,
                    "cache_read": 4805,
                    "output": 6,
                    "total": 4818,
                },
            },
            "4805 cached tokens are more than the 7 input tokens that this surface counts them "
            "into.",
        )

    def test_shows_the_other_convention_where_the_total_fits_it(self) -> None:
        # Fresh tokens beside 40 cached ones: nothing is negative, and only the total tells.
        usage = {
            "prompt_tokens": 100,
            "completion_tokens": 10,
            "total_tokens": 150,
            "prompt_tokens_details": {"cached_tokens": 40},
        }

        found = disagreement("openai-chat", usage)

        assert found.rule == "total"
        assert found.readings == {
            IN_IN: {"input": 60, "cache_read": 40, "output": 10, "total": 110},
            BESIDE_IN: {"input": 100, "cache_read": 40, "output": 10, "total": 150},
        }

    def test_shows_the_total_where_no_convention_fits_it(self) -> None:
        found = disagreement("openai-chat", {**CHAT, "total_tokens": 1})

        assert found.readings["as stated"] == {"total": 1}
        assert found.readings["as the sum of its parts"]["total"] == 3115

    def test_finds_reasoning_beside_where_it_should_be_inside(self) -> None:
        found = disagreement("openai-chat", XAI)

        assert found.rule == "reasoning_nesting"
        assert found.readings["reasoning inside output"]["output"] == -152
        assert found.readings["reasoning beside output"]["output"] == 48

    def test_finds_thoughts_inside_where_they_should_be_beside(self) -> None:
        found = disagreement("gemini", INCLUSIVE_CANDIDATES)

        assert found.rule == "total"
        assert found.readings == {
            IN_BESIDE: {"input": 100, "output": 500, "reasoning": 300, "total": 900},
            IN_IN: {"input": 100, "output": 200, "reasoning": 300, "total": 600},
        }

    def test_shows_no_convention_that_fits_the_total_by_a_negative_count(self) -> None:
        usage = {
            "promptTokenCount": 100,
            "candidatesTokenCount": 200,
            "thoughtsTokenCount": 300,
            "totalTokenCount": 300,
        }

        found = disagreement("gemini", usage)

        assert found.readings == {
            "as stated": {"total": 300},
            "as the sum of its parts": {
                "input": 100,
                "output": 200,
                "reasoning": 300,
                "total": 600,
            },
        }

    def test_finds_thinking_that_is_more_than_the_output(self) -> None:
        usage = {**MESSAGE, "output_tokens_details": {"thinking_tokens": 504}}

        assert disagreement("anthropic-messages", usage).rule == "reasoning_nesting"

    @pytest.mark.parametrize(
        ("surface", "usage"),
        [
            ("anthropic-messages", {**MESSAGE, "cache_creation_input_tokens": 249}),
            ("bedrock-converse", {**CONVERSE, "cacheWriteInputTokens": 1788}),
            (
                "litellm",
                {
                    "prompt_tokens": 10,
                    "completion_tokens": 1,
                    "cache_creation_input_tokens": 5,
                    "prompt_tokens_details": {
                        "cache_creation_token_details": {"ephemeral_1h_input_tokens": 4}
                    },
                },
            ),
        ],
    )
    def test_finds_lifetimes_that_do_not_add_up(self, surface: str, usage: Any) -> None:
        assert disagreement(surface, usage).rule == "write_split"

    def test_shows_two_spellings_that_differ(self) -> None:
        found = disagreement("litellm", {**LITELLM, "cache_read_input_tokens": 49999})

        assert found.rule == "spellings"
        assert found.readings == {
            "/cache_read_input_tokens": {"tokens": 49999},
            "/prompt_tokens_details/cached_tokens": {"tokens": 50000},
        }

    @pytest.mark.parametrize(
        ("write", "expected"),
        [
            ({"gen_ai.usage.cache_creation.input_tokens": 5}, 5),
            ({"gen_ai.usage.cache_write.input_tokens": 5}, 5),
            (
                {
                    "gen_ai.usage.cache_write.input_tokens": 5,
                    "gen_ai.usage.cache_creation.input_tokens": 5,
                },
                5,
            ),
        ],
    )
    def test_is_none_where_spellings_agree(self, write: dict[str, int], expected: int) -> None:
        deprecated = {"gen_ai.usage.prompt_tokens": 12, "gen_ai.usage.completion_tokens": 7}

        assert read("otel", {**deprecated, **write}) == Counts(
            input=12 - expected, cache_write_5m=expected, output=7
        )

    def test_shows_old_and_new_names_that_differ(self) -> None:
        usage = {
            "gen_ai.usage.prompt_tokens": 12,
            "gen_ai.usage.input_tokens": 13,
            "gen_ai.usage.output_tokens": 7,
        }

        assert disagreement("otel", usage).rule == "spellings"

    def test_finds_hits_and_misses_that_are_not_the_prompt(self) -> None:
        found = disagreement("deepseek", {**DEEPSEEK, "prompt_cache_miss_tokens": 87})

        assert found.rule == "cache_nesting"
        assert found.readings["by hits and misses"]["total"] == 215

    @pytest.mark.parametrize(
        ("surface", "usage"),
        [
            (
                "openai-chat",
                {
                    "prompt_tokens": 10,
                    "completion_tokens": 1,
                    "prompt_tokens_details": {"audio_tokens": 11},
                },
            ),
            (
                "openai-chat",
                {
                    "prompt_tokens": 10,
                    "completion_tokens": 9,
                    "completion_tokens_details": {"audio_tokens": 5, "reasoning_tokens": 5},
                },
            ),
            ("openai-realtime", {**REALTIME, "output_token_details": {"text_tokens": 300 + 1}}),
            (
                "gemini",
                {**GEMINI, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 1499}]},
            ),
            (
                "gemini",
                {
                    **GEMINI_HEARD,
                    "cacheTokensDetails": [
                        {"modality": "TEXT", "tokenCount": 500},
                        {"modality": "AUDIO", "tokenCount": 500},
                    ],
                },
            ),
        ],
    )
    def test_finds_parts_that_do_not_fit_their_whole(self, surface: str, usage: Any) -> None:
        assert disagreement(surface, usage).rule == "modalities"

    def test_shows_both_ways_of_what_was_cached_where_it_is_not_said(self) -> None:
        usage = {
            name: value for name, value in GEMINI_HEARD.items() if name != "cacheTokensDetails"
        }

        found = disagreement("gemini", usage)

        assert found.rule == "cached_modality"
        assert found.readings["text was cached"]["audio_input"] == 300
        assert "audio_input" not in found.readings["audio and images were"]

    def test_is_none_where_all_was_cached_whatever_it_was(self) -> None:
        usage = {
            "prompt_tokens": 100,
            "completion_tokens": 1,
            "prompt_tokens_details": {"cached_tokens": 100, "audio_tokens": 40},
        }

        assert read("openai-chat", usage) == Counts(cache_read=100, output=1)

    @pytest.mark.parametrize(
        ("surface", "usage", "kind"),
        [
            (
                "gemini",
                {
                    "promptTokenCount": 9,
                    "promptTokensDetails": [{"modality": "VIDEO", "tokenCount": 5}],
                },
                "video_input",
            ),
            (
                "gemini",
                {
                    "promptTokenCount": 9,
                    "promptTokensDetails": [{"modality": "DOCUMENT", "tokenCount": 5}],
                },
                "document_input",
            ),
            (
                "gemini",
                {
                    "promptTokenCount": 9,
                    "candidatesTokenCount": 5,
                    "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 5}],
                },
                "image_output",
            ),
            (
                "openrouter",
                {
                    "prompt_tokens": 1,
                    "completion_tokens": 9,
                    "completion_tokens_details": {"image_tokens": 5},
                },
                "image_output",
            ),
            (
                "litellm",
                {
                    "prompt_tokens": 9,
                    "completion_tokens": 1,
                    "prompt_tokens_details": {"video_tokens": 5},
                },
                "video_input",
            ),
            (
                "bedrock-converse",
                {
                    "inputTokens": 1,
                    "outputTokens": 1,
                    "cacheDetails": [{"ttl": "24h", "inputTokens": 5}],
                },
                "cache_write_other",
            ),
            (
                "mistral",
                {"prompt_tokens": 9, "completion_tokens": 1, "prompt_audio_seconds": 5},
                "audio_seconds",
            ),
            ("cohere", {"billed_units": {"input_tokens": 9, "images": 5}}, "images"),
        ],
    )
    def test_lets_nothing_vanish_that_has_no_class(
        self, surface: str, usage: Any, kind: str
    ) -> None:
        found = disagreement(surface, usage)

        assert found.rule == "unplaced"
        assert list(found.readings.values())[1][kind] == 5

    @pytest.mark.parametrize(
        "usage",
        [
            {**COMPACTED, "input_tokens": 22999},
            {
                **COMPACTED,
                "iterations": [
                    {"type": "message", "input_tokens": 23000, "output_tokens": 1000},
                    {"type": "advisor_message", "input_tokens": 5, "output_tokens": 1},
                ],
            },
            {
                **COMPACTED,
                "iterations": [
                    {"type": "message", "model": "a", "input_tokens": 1, "output_tokens": 0},
                    {
                        "type": "fallback_message",
                        "model": "b",
                        "input_tokens": 22999,
                        "output_tokens": 1000,
                    },
                ],
            },
        ],
    )
    def test_finds_iterations_that_are_not_the_usage(self, usage: Any) -> None:
        assert disagreement("anthropic-messages", usage).rule == "iterations"

    @pytest.mark.parametrize(
        ("change", "rule"),
        [
            ({"cached_tokens": 500}, "cache_nesting"),
            ({"tokens": {"input_tokens": 6771}}, "billed"),
        ],
    )
    def test_finds_what_cohere_does_not_say(self, change: dict[str, Any], rule: str) -> None:
        assert disagreement("cohere", {**COHERE, **change}).rule == rule
