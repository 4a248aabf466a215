"""Whatever is sent as a usage object becomes counts or a finding, and never an exception."""

import json
from typing import Any

from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from ledger.tokens import LARGEST_COUNT, TOKEN_CLASSES
from ledger.usage.formats.surfaces import CONVENTIONS, Counts, Disagreement, Malformed, counts
from tests.ledger.usage.formats.surfaces.golden_cases import CASES

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
KEYS = st.sampled_from(sorted(CONVENTIONS))


def places(usage: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of everything within a JSON value."""
    inner = usage.items() if isinstance(usage, dict) else enumerate(usage)
    found = []
    for name, value in inner:
        found.append((*path, name))
        if isinstance(value, dict | list):
            found += places(value, (*path, name))
    return found


def changed(usage: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return a JSON value with another one at a path."""
    copy = json.loads(json.dumps(usage))
    at = copy
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = value
    return copy


@st.composite
def nearly(draw: st.DrawFn) -> tuple[tuple[str, str], Any]:
    """Draw a usage object of the golden table with a few things in it changed or added."""
    case = draw(st.sampled_from(CASES))
    usage: Any = dict(case.usage)
    for _ in range(draw(st.integers(0, 3))):
        path = draw(st.sampled_from(places(usage)))
        if draw(st.booleans()) and isinstance(path[-1], str):
            path = (*path[:-1], draw(NAMES))
        usage = changed(usage, path, draw(st.integers(0, 4000) | JSON))
    return draw(st.sampled_from(case.keys)), usage


class TestCounts:
    @given(key=KEYS, usage=JSON)
    @example(key=("clearwatt", ""), usage={"x\x00" * 99: 1})
    @example(key=("openai-transcription", ""), usage={"type": "duration", "seconds": float("nan")})
    def test_takes_any_json_without_an_exception(self, key: tuple[str, str], usage: Any) -> None:
        self.check(key, usage)

    @given(drawn=nearly())
    @settings(max_examples=500)
    def test_takes_what_is_almost_a_usage_object(self, drawn: tuple[tuple[str, str], Any]) -> None:
        key, usage = drawn

        self.check(key, usage)

    def check(self, key: tuple[str, str], usage: Any) -> None:
        surface, vendor = key

        found = counts(surface=surface, vendor=vendor, usage=usage)

        event(type(found).__name__)
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
