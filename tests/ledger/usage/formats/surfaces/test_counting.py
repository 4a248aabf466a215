"""What is no usage object, and what is one in spite of fields that nobody knows."""

from typing import Any

import pytest

from ledger.tokens import LARGEST_COUNT
from ledger.usage.formats.surfaces import Counts, Disagreement, Malformed, counts
from tests.ledger.usage.formats.surfaces.golden import CHAT, COMPACTED, CONVERSE, GEMINI, MESSAGE


def read(surface: str, usage: Any) -> Counts | Disagreement | Malformed:
    return counts(surface=surface, vendor="", usage=usage)


class TestMalformed:
    @pytest.mark.parametrize(
        ("value", "said"),
        [
            (True, "true"),
            (1.0, "1.0"),
            ("12", "a text"),
            (-1, "-1"),
            (LARGEST_COUNT + 1, "1000000001"),
            (10**80, "a number of many digits"),
            ([], "a list"),
            ({}, "an object"),
        ],
    )
    def test_is_a_count_that_is_not_a_whole_number_in_range(self, value: Any, said: str) -> None:
        found = read("openai-chat", {**CHAT, "prompt_tokens": value})

        assert found == Malformed(
            "/prompt_tokens", f"{said} is not a whole number from 0 to {LARGEST_COUNT}"
        )

    @pytest.mark.parametrize(
        ("surface", "usage", "pointer"),
        [
            ("openai-chat", {"prompt_tokens": 1}, "/completion_tokens"),
            ("openai-chat", {**CHAT, "prompt_tokens_details": 3}, "/prompt_tokens_details"),
            (
                "openai-chat",
                {**CHAT, "prompt_tokens_details": {"cached_tokens": "3"}},
                "/prompt_tokens_details/cached_tokens",
            ),
            ("gemini", {**GEMINI, "promptTokensDetails": {}}, "/promptTokensDetails"),
            ("gemini", {**GEMINI, "promptTokensDetails": [1]}, "/promptTokensDetails/0"),
            (
                "gemini",
                {**GEMINI, "promptTokensDetails": [{"modality": 7}]},
                "/promptTokensDetails/0/modality",
            ),
            ("gemini", {"candidatesTokenCount": 3}, "/promptTokenCount"),
            ("bedrock-converse", {**CONVERSE, "cacheDetails": [{}]}, "/cacheDetails/0/inputTokens"),
            ("otel", {"gen_ai.usage.cache_read.input_tokens": 1}, "/gen_ai.usage.input_tokens"),
            ("cohere", {}, "/billed_units/input_tokens"),
            ("openai-transcription", {"input_tokens": 1, "output_tokens": 1}, "/type"),
            ("openai-transcription", {"type": "duration", "seconds": "9"}, "/seconds"),
            ("openai-transcription", {"type": "duration", "seconds": -0.1}, "/seconds"),
            ("clearwatt", {"inptu": 3}, "/inptu"),
            ("clearwatt", {"a/b~c": 3}, "/a~1b~0c"),
            ("anthropic-messages", {**COMPACTED, "iterations": [{}]}, "/iterations/0/input_tokens"),
        ],
    )
    def test_names_the_place(self, surface: str, usage: Any, pointer: str) -> None:
        found = read(surface, usage)

        assert isinstance(found, Malformed)
        assert found.pointer == pointer

    @pytest.mark.parametrize("usage", [None, 3, "usage", [CHAT]])
    def test_is_what_is_no_object(self, usage: Any) -> None:
        found = read("openai-chat", usage)

        assert isinstance(found, Malformed)
        assert found.pointer == ""

    def test_is_a_class_that_two_counts_fill_beyond_its_bound(self) -> None:
        found = read(
            "gemini",
            {"promptTokenCount": LARGEST_COUNT, "toolUsePromptTokenCount": 1},
        )

        assert found == Malformed("", f"a class holds more than {LARGEST_COUNT} tokens")


class TestForeignFields:
    def test_that_are_new_change_nothing(self) -> None:
        usage = {**CHAT, "prompt_tokens_details": {**CHAT["prompt_tokens_details"], "new": -1}}  # type: ignore[dict-item]

        assert read("openai-chat", {**usage, "cost": 0.95, "is_byok": True}) == read(
            "openai-chat", CHAT
        )

    def test_that_are_null_are_absent(self) -> None:
        usage = {**MESSAGE, "cache_creation": None, "server_tool_use": None, "iterations": None}

        assert read("anthropic-messages", usage) == Counts(
            input=2095, cache_read=50000, cache_write_5m=248, output=303, reasoning=200
        )
