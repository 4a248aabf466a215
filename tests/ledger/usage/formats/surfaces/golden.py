"""The golden table: usage objects of every surface, their counts and their prices, made by hand.

Prices are dollars per million tokens as published; each price is counts times prices, computed on
paper. The judges are other people's calculators: they get the usage object, never our counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ledger.usage.formats.surfaces import Counts

Usage = Mapping[str, Any]
Key = tuple[str, str]

GPT_5: Final = {"input": "1.25", "cache_read": "0.125", "output": "10"}
SONNET: Final = {
    "input": "3",
    "cache_read": "0.3",
    "cache_write_5m": "3.75",
    "cache_write_1h": "6",
    "output": "15",
}
FLASH: Final = {
    "input": "0.3",
    "cache_read": "0.03",
    "output": "2.5",
    "audio_input": "1",
    "image_input": "0.3",
}
GLM: Final = {"input": "1.4", "cache_read": "0.26", "output": "4.4"}


@dataclass(frozen=True, slots=True)
class Judge:
    """A calculator, and the names by which it knows what is to be priced."""

    calculator: str
    provider: str
    model: str
    flavor: str

    def asked(self, usage: Usage) -> dict[str, Any]:
        """Return the question as tests/clients/prices.py reads it."""
        return {
            "calculator": self.calculator,
            "provider": self.provider,
            "model": self.model,
            "flavor": self.flavor,
            "usage": usage,
        }


def genai(provider: str, model: str, flavor: str) -> Judge:
    return Judge("genai-prices", provider, model, flavor)


def litellm(provider: str, model: str, flavor: str = "usage") -> Judge:
    return Judge("litellm", provider, model, flavor)


@dataclass(frozen=True, slots=True)
class Case:
    """A usage object that is believed; reasoning costs what output does where no price is named."""

    name: str
    keys: tuple[Key, ...]
    usage: Usage
    counts: Counts
    prices: Mapping[str, str]
    price: str
    judges: tuple[Judge, ...] = ()
    unjudged: str = ""
    normalised: str = ""


@dataclass(frozen=True, slots=True)
class Wrong:
    """What a calculator says of a usage object, and what we say: a price, or why there is none."""

    name: str
    judge: Judge
    key: Key
    usage: Usage
    theirs: str
    why: str
    rule: str = ""
    counts: Counts | None = None
    prices: Mapping[str, str] = field(default_factory=dict)
    price: str = ""


CHAT: Final = {
    "prompt_tokens": 3025,
    "completion_tokens": 90,
    "total_tokens": 3115,
    "prompt_tokens_details": {"cached_tokens": 3022, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 64},
}
WRITING: Final = {
    "prompt_tokens": 5000,
    "completion_tokens": 90,
    "total_tokens": 5090,
    "prompt_tokens_details": {"cached_tokens": 3000, "cache_write_tokens": 1500},
    "completion_tokens_details": {"reasoning_tokens": 64},
}
SPOKEN: Final = {
    "prompt_tokens": 1000,
    "completion_tokens": 300,
    "total_tokens": 1300,
    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 800, "text_tokens": 200},
    "completion_tokens_details": {"audio_tokens": 250, "text_tokens": 50, "reasoning_tokens": 0},
}
RESPONSE: Final = {
    "input_tokens": 3025,
    "input_tokens_details": {"cached_tokens": 3022, "cache_write_tokens": 0},
    "output_tokens": 90,
    "output_tokens_details": {"reasoning_tokens": 64},
    "total_tokens": 3115,
}
REALTIME: Final = {
    "total_tokens": 1530,
    "input_tokens": 1230,
    "output_tokens": 300,
    "input_token_details": {
        "text_tokens": 400,
        "audio_tokens": 830,
        "cached_tokens": 600,
        "cached_tokens_details": {"text_tokens": 200, "audio_tokens": 400, "image_tokens": 0},
    },
    "output_token_details": {"text_tokens": 60, "audio_tokens": 240},
}
TRANSCRIBED: Final = {
    "type": "tokens",
    "input_tokens": 1014,
    "input_token_details": {"text_tokens": 14, "audio_tokens": 1000},
    "output_tokens": 101,
    "total_tokens": 1115,
}
DEEPSEEK: Final = {
    "prompt_tokens": 214,
    "completion_tokens": 60,
    "total_tokens": 274,
    "prompt_cache_hit_tokens": 128,
    "prompt_cache_miss_tokens": 86,
    "prompt_tokens_details": {"cached_tokens": 128},
    "completion_tokens_details": {"reasoning_tokens": 30},
}
XAI: Final = {
    "prompt_tokens": 125,
    "completion_tokens": 48,
    "total_tokens": 373,
    "prompt_tokens_details": {"text_tokens": 125, "audio_tokens": 0, "cached_tokens": 98},
    "completion_tokens_details": {"reasoning_tokens": 200, "audio_tokens": 0},
}
SNOWFLAKE: Final = {
    "prompt_tokens": 7,
    "completion_tokens": 6,
    "total_tokens": 4818,
    "prompt_tokens_details": {"cached_tokens": 4805},
}
DATABRICKS: Final = {
    "prompt_tokens": 5000,
    "completion_tokens": 100,
    "total_tokens": 5100,
    "cache_read_input_tokens": 4000,
    "reasoning_tokens": 40,
}
MESSAGE: Final = {
    "input_tokens": 2095,
    "cache_creation_input_tokens": 248,
    "cache_read_input_tokens": 50000,
    "cache_creation": {"ephemeral_5m_input_tokens": 148, "ephemeral_1h_input_tokens": 100},
    "output_tokens": 503,
    "output_tokens_details": {"thinking_tokens": 200},
}
SEARCHING: Final = {**MESSAGE, "server_tool_use": {"web_search_requests": 0}}
COMPACTED: Final = {
    "input_tokens": 23000,
    "output_tokens": 1000,
    "iterations": [
        {"type": "compaction", "input_tokens": 180000, "output_tokens": 3500},
        {"type": "message", "input_tokens": 23000, "output_tokens": 1000},
    ],
}
CONVERSE: Final = {
    "inputTokens": 3,
    "outputTokens": 401,
    "totalTokens": 12193,
    "cacheReadInputTokens": 10000,
    "cacheWriteInputTokens": 1789,
    "cacheDetails": [{"ttl": "1h", "inputTokens": 1000}, {"ttl": "5m", "inputTokens": 789}],
}
GEMINI: Final = {
    "promptTokenCount": 1500,
    "cachedContentTokenCount": 1000,
    "candidatesTokenCount": 200,
    "thoughtsTokenCount": 300,
    "totalTokenCount": 2000,
    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 1500}],
    "cacheTokensDetails": [{"modality": "TEXT", "tokenCount": 1000}],
}
GEMINI_HEARD: Final = {
    **GEMINI,
    "promptTokensDetails": [
        {"modality": "TEXT", "tokenCount": 1200},
        {"modality": "AUDIO", "tokenCount": 300},
    ],
}
GEMINI_SAW: Final = {
    "promptTokenCount": 1500,
    "candidatesTokenCount": 200,
    "totalTokenCount": 1700,
    "promptTokensDetails": [
        {"modality": "TEXT", "tokenCount": 242},
        {"modality": "IMAGE", "tokenCount": 1258},
    ],
}
GEMINI_TOOLS: Final = {
    "promptTokenCount": 500,
    "toolUsePromptTokenCount": 700,
    "candidatesTokenCount": 200,
    "thoughtsTokenCount": 300,
    "totalTokenCount": 1700,
}
COHERE: Final = {
    "billed_units": {"input_tokens": 6772, "output_tokens": 248},
    "tokens": {"input_tokens": 7596, "output_tokens": 645},
}
SPAN: Final = {
    "gen_ai.usage.input_tokens": 52343,
    "gen_ai.usage.cache_read.input_tokens": 50000,
    "gen_ai.usage.cache_creation.input_tokens": 248,
    "gen_ai.usage.output_tokens": 503,
    "gen_ai.usage.reasoning.output_tokens": 200,
}
LITELLM: Final = {
    "prompt_tokens": 52343,
    "completion_tokens": 503,
    "total_tokens": 52846,
    "prompt_tokens_details": {
        "cached_tokens": 50000,
        "cache_write_tokens": 248,
        "cache_creation_tokens": 248,
        "cache_creation_token_details": {
            "ephemeral_5m_input_tokens": 148,
            "ephemeral_1h_input_tokens": 100,
        },
        "text_tokens": 2095,
    },
    "completion_tokens_details": {"reasoning_tokens": 200, "text_tokens": 303},
    "cache_read_input_tokens": 50000,
    "cache_creation_input_tokens": 248,
}
