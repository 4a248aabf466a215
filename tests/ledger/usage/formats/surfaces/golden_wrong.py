"""Where other calculators err, and where ours is the coarser one; docs/usage-formats.md tells why.

Each is asserted, so that we notice when one of them, or we, come to another price.
"""

from typing import Final

from ledger.usage.formats.surfaces import Counts
from tests.ledger.usage.formats.surfaces import golden
from tests.ledger.usage.formats.surfaces.golden import Wrong, genai, litellm
from tests.ledger.usage.formats.surfaces.golden_cases import OF_MESSAGE

INCLUSIVE_CANDIDATES: Final = {
    "promptTokenCount": 100,
    "candidatesTokenCount": 500,
    "thoughtsTokenCount": 300,
    "totalTokenCount": 600,
}
HEARD_AND_CACHED: Final = {
    "prompt_tokens": 2000,
    "completion_tokens": 10,
    "total_tokens": 2010,
    "prompt_tokens_details": {"cached_tokens": 1000, "audio_tokens": 500},
}
VOXTRAL: Final = {
    "prompt_tokens": 400,
    "completion_tokens": 100,
    "total_tokens": 500,
    "prompt_audio_seconds": 30,
}
WRITTEN_FOR_HALF_A_DAY: Final = {
    "input_tokens": 5000,
    "input_tokens_details": {
        "cached_tokens": 3000,
        "cache_write_tokens": 1500,
        "cache_write_tokens_details": {"ttl_30m_tokens": 0, "ttl_12h_tokens": 1500},
    },
    "output_tokens": 90,
    "output_tokens_details": {"reasoning_tokens": 64},
    "total_tokens": 5090,
}
PICTURE: Final = {
    "input_tokens": 50,
    "input_tokens_details": {"text_tokens": 10, "image_tokens": 40},
    "output_tokens": 1056,
    "output_tokens_details": {"text_tokens": 0, "image_tokens": 1056},
    "total_tokens": 1106,
}
CACHED_AUDIO: Final = {
    **golden.GEMINI_HEARD,
    "cacheTokensDetails": [
        {"modality": "TEXT", "tokenCount": 900},
        {"modality": "AUDIO", "tokenCount": 100},
    ],
}

WRONG: Final = (
    Wrong(
        "Snowflake",
        litellm("snowflake", "claude-sonnet-4-5"),
        ("snowflake-cortex", ""),
        golden.SNOWFLAKE,
        "0.0015315",
        "takes cached tokens as inside of the prompt, and clamps the negative rest to zero: the "
        "7 fresh tokens are free",
        counts=Counts(input=7, cache_read=4805, output=6),
        prices=golden.SONNET,
        price="0.0015525",
    ),
    Wrong(
        "more cached than prompt",
        litellm("openai", "gpt-5"),
        ("openai-chat", ""),
        golden.SNOWFLAKE,
        "0.000660625",
        "clamps the negative rest to zero, where something must be wrong",
        rule="cache_nesting",
    ),
    Wrong(
        "compaction",
        genai("anthropic", "claude-opus-4-6", "default"),
        ("anthropic-messages", ""),
        golden.COMPACTED,
        "0.140",
        "does not read the iterations, and the tokens of a compaction are nowhere else",
        counts=Counts(input=203000, output=4500),
        prices={"input": "5", "output": "25"},
        price="1.1275",
    ),
    Wrong(
        "a search that was not made",
        litellm("bedrock", "global.anthropic.claude-sonnet-4-5-20250929-v1:0", "anthropic"),
        ("bedrock-anthropic", ""),
        golden.SEARCHING,
        "0.039985",
        "charges a web search, one cent, where Bedrock says that none was made",
        counts=OF_MESSAGE,
        prices=golden.SONNET,
        price="0.029985",
    ),
    Wrong(
        "candidates that include thoughts, added",
        genai("google", "gemini-2.5-flash", "default"),
        ("gemini", ""),
        INCLUSIVE_CANDIDATES,
        "0.00203",
        "adds 300 thoughts to 500 candidates, though the total says that they are among them",
        rule="total",
    ),
    Wrong(
        "candidates that include thoughts, guessed",
        litellm("gemini", "gemini-2.5-flash", "gemini"),
        ("gemini", ""),
        INCLUSIVE_CANDIDATES,
        "0.00128",
        "decides by the total which convention a payload has; right here, and a guess",
        rule="total",
    ),
    Wrong(
        "audio and a cache",
        litellm("openai", "gpt-realtime-mini"),
        ("openai-chat", ""),
        HEARD_AND_CACHED,
        "0.005384",
        "takes all audio as fresh; genai-prices refuses, as we set aside",
        rule="cached_modality",
    ),
    Wrong(
        "a transcription",
        litellm("openai", "gpt-4o-transcribe", "responses"),
        ("openai-transcription", ""),
        golden.TRANSCRIBED,
        "0.003545",
        "its price map has the price of text for audio (2.50 and not 6.00 dollars)",
        counts=Counts(input=14, audio_input=1000, output=101),
        prices={"input": "2.5", "output": "10", "audio_input": "6"},
        price="0.007045",
    ),
    Wrong(
        "seconds of audio",
        genai("mistral", "voxtral-small-24b-2507", "default"),
        ("mistral", ""),
        VOXTRAL,
        "0.00008",
        "does not read prompt_audio_seconds, though it has the price of an hour",
        rule="unplaced",
    ),
    Wrong(
        "what Cohere bills",
        litellm("cohere_chat", "command-a-03-2025", "cohere"),
        ("cohere", ""),
        golden.COHERE,
        "0.02544",
        "prices all tokens, also those that Cohere adds and does not bill",
        counts=Counts(input=6772, output=248),
        prices={"input": "2.5", "output": "10"},
        price="0.01941",
    ),
    Wrong(
        "writes for half a day",
        genai("openai", "gpt-5.6-sol", "responses"),
        ("openai-responses", ""),
        WRITTEN_FOR_HALF_A_DAY,
        "0.0125",
        "does not read the split by lifetime, and prices twelve hours as thirty minutes",
        rule="unplaced",
    ),
)

COARSER: Final = (
    Wrong(
        "cached audio",
        genai("google", "gemini-2.5-flash", "default"),
        ("gemini", ""),
        CACHED_AUDIO,
        "0.001577",
        "we have one class for what was read from a cache, and Gemini two prices",
        counts=Counts(input=300, cache_read=1000, output=200, reasoning=300, audio_input=200),
        prices=golden.FLASH,
        price="0.00157",
    ),
    Wrong(
        "a picture",
        genai("openai", "gpt-image-1.5", "images"),
        ("openai-images", ""),
        PICTURE,
        "0.034162",
        "we have no class for generated images, and set it aside",
        rule="unplaced",
    ),
)
