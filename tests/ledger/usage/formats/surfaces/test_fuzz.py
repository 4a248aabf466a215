"""Whatever is sent as a usage object becomes counts or a finding, and never an exception."""

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from ledger.tokens import LARGEST_COUNT, TOKEN_CLASSES
from ledger.usage.formats.surfaces import CONVENTIONS, Counts, Disagreement, Malformed, counts

# Every word that a reader looks for, so that what is made up is not all unknown fields.
WORDS = (
    *TOKEN_CLASSES,
    *("prompt_tokens", "completion_tokens", "input_tokens", "output_tokens", "total_tokens"),
    *("prompt_tokens_details", "completion_tokens_details", "input_tokens_details"),
    *("output_tokens_details", "input_token_details", "output_token_details"),
    *("cached_tokens", "cached_tokens_details", "cache_write_tokens", "cache_creation_tokens"),
    *("cache_write_tokens_details", "ttl_30m_tokens", "ttl_12h_tokens"),
    *("reasoning_tokens", "text_tokens", "audio_tokens", "image_tokens", "video_tokens"),
    *("cache_read_input_tokens", "cache_creation_input_tokens", "cache_creation"),
    *("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens", "cache_creation_token_details"),
    *("thinking_tokens", "iterations", "type", "model", "tokens", "duration", "seconds"),
    *("message", "compaction", "advisor_message", "fallback_message"),
    *("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "totalTokenCount"),
    *("cachedContentTokenCount", "toolUsePromptTokenCount", "promptTokensDetails"),
    *("cacheTokensDetails", "candidatesTokensDetails", "toolUsePromptTokensDetails"),
    *("modality", "tokenCount", "TEXT", "AUDIO", "IMAGE", "VIDEO", "DOCUMENT"),
    *("inputTokens", "outputTokens", "totalTokens", "cacheReadInputTokens"),
    *("cacheWriteInputTokens", "cacheDetails", "ttl", "5m", "1h", "30d"),
    *("prompt_cache_hit_tokens", "prompt_cache_miss_tokens", "prompt_audio_seconds"),
    *("billed_units", "images", "search_units", "image_tokens", "classifications"),
    *("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "gen_ai.usage.total_tokens"),
    *("gen_ai.usage.prompt_tokens", "gen_ai.usage.completion_tokens"),
    *("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_creation.input_tokens"),
    *("gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.reasoning.output_tokens"),
)
TOKENS = st.integers(0, 9) | st.sampled_from([LARGEST_COUNT, LARGEST_COUNT + 1, 10**80])
SCALARS = (
    TOKENS
    | st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(WORDS)
)
NAMES = st.sampled_from(WORDS) | st.text(max_size=5)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=8),
    max_leaves=40,
)
# Small counts under known names fit each other often enough to be believed now and then.
LIKELY = st.dictionaries(
    st.sampled_from(WORDS),
    TOKENS
    | st.dictionaries(st.sampled_from(WORDS), TOKENS, max_size=6)
    | st.lists(
        st.dictionaries(st.sampled_from(WORDS), TOKENS | st.sampled_from(WORDS)), max_size=3
    ),
    max_size=12,
)
KEYS = st.sampled_from(sorted(CONVENTIONS))


class TestCounts:
    @given(key=KEYS, usage=JSON | LIKELY)
    @example(key=("clearwatt", ""), usage={"x\x00" * 99: 1})
    @example(key=("openai-transcription", ""), usage={"type": "duration", "seconds": float("nan")})
    def test_takes_any_json_without_an_exception(self, key: tuple[str, str], usage: Any) -> None:
        surface, vendor = key

        found = counts(surface=surface, vendor=vendor, usage=usage)

        if isinstance(found, Counts):
            assert all(type(count) is int and 0 <= count <= LARGEST_COUNT for count in found)
        elif isinstance(found, Disagreement):
            assert len(found.readings) == 2
            assert all(
                type(count) is int
                for understood in found.readings.values()
                for count in understood.values()
            )
            # A finding is stored: it must be small and hold no NUL, whatever was sent.
            written = json.dumps([found.rule, dict(found.readings), found.detail])
            assert len(written) < 2_000
            assert "\\u0000" not in written
        else:
            assert isinstance(found, Malformed)
            assert found.pointer == "" or found.pointer.startswith("/")
            assert len(found.pointer) < 200
            assert len(found.detail) < 1_000
