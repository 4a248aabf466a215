"""Usage objects made by the vendors' own packages, and by LiteLLM out of them; JSON out.

Whatever these packages name or nest otherwise one day, the tests that read this see at once. With a
list of `{"flavor": ..., "usage": ...}` on the standard input, LiteLLM's normalised Usage of each.
"""

import json
import sys
from typing import Any

from prices import normalised  # type: ignore[import-not-found]  # beside this script


def main() -> None:
    if sys.argv[1:] == ["normalise"]:
        made: Any = [as_json(normalised(one)) for one in json.load(sys.stdin)]
    else:
        made = {**by_openai(), **by_anthropic()}
    json.dump(made, sys.stdout)


def as_json(model: Any) -> Any:
    return model.model_dump(mode="json")


def by_openai() -> dict[str, Any]:
    from openai.types import CompletionUsage, CreateEmbeddingResponse
    from openai.types.batch_usage import BatchUsage
    from openai.types.responses import ResponseUsage

    both: dict[str, Any] = {"input_tokens": 3025, "output_tokens": 90, "total_tokens": 3115}
    reasoned = {"output_tokens_details": {"reasoning_tokens": 64}}
    made = {
        "openai chat": CompletionUsage.model_validate(
            {
                "prompt_tokens": 3025,
                "completion_tokens": 90,
                "total_tokens": 3115,
                "prompt_tokens_details": {"cached_tokens": 3000, "cache_write_tokens": 20},
                "completion_tokens_details": {
                    "reasoning_tokens": 64,
                    "rejected_prediction_tokens": 10,
                },
            }
        ),
        "openai chat, plain": CompletionUsage(
            prompt_tokens=12, completion_tokens=7, total_tokens=19
        ),
        "openai responses": ResponseUsage.model_validate(
            {
                **both,
                **reasoned,
                "input_tokens_details": {
                    "cached_tokens": 3000,
                    "cache_write_tokens": 20,
                    "cache_write_tokens_details": {"ttl_30m_tokens": 20, "ttl_12h_tokens": 0},
                },
            }
        ),
        "openai batch": BatchUsage.model_validate(
            {**both, **reasoned, "input_tokens_details": {"cached_tokens": 3000}}
        ),
        "openai embeddings": CreateEmbeddingResponse.model_validate(
            {
                "data": [],
                "model": "text-embedding-3-small",
                "object": "list",
                "usage": {"prompt_tokens": 8191, "total_tokens": 8191},
            }
        ).usage,
    }
    return {name: as_json(model) for name, model in made.items()} | of_media() | transcriptions()


def of_media() -> dict[str, Any]:
    from openai.types.images_response import Usage as ImagesUsage
    from openai.types.realtime import RealtimeResponseUsage

    made = {
        "openai images": ImagesUsage.model_validate(
            {
                "input_tokens": 50,
                "input_tokens_details": {"text_tokens": 10, "image_tokens": 40},
                "output_tokens": 1056,
                "total_tokens": 1106,
            }
        ),
        "openai realtime": RealtimeResponseUsage.model_validate(
            {
                "input_tokens": 1230,
                "output_tokens": 300,
                "total_tokens": 1530,
                "input_token_details": {
                    "text_tokens": 400,
                    "audio_tokens": 830,
                    "cached_tokens": 600,
                    "cached_tokens_details": {"text_tokens": 200, "audio_tokens": 400},
                },
                "output_token_details": {"text_tokens": 60, "audio_tokens": 240},
            }
        ),
    }
    return {name: as_json(model) for name, model in made.items()}


def transcriptions() -> dict[str, Any]:
    from openai.types.audio import Transcription

    tokens = {
        "type": "tokens",
        "input_tokens": 1014,
        "output_tokens": 101,
        "total_tokens": 1115,
        "input_token_details": {"text_tokens": 14, "audio_tokens": 1000},
    }
    usages = {
        "openai transcription": tokens,
        "openai transcription, by time": {"type": "duration", "seconds": 9.5},
    }
    return {
        name: as_json(Transcription.model_validate({"text": "", "usage": usage}).usage)
        for name, usage in usages.items()
    }


def by_anthropic() -> dict[str, Any]:
    from anthropic.types import MessageDeltaUsage, Usage
    from anthropic.types.beta import BetaUsage

    def iteration(kind: str, read: int, wrote: int) -> dict[str, Any]:
        return {
            "type": kind,
            "input_tokens": read,
            "output_tokens": wrote,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
        }

    made = {
        "anthropic message": Usage.model_validate(
            {
                "input_tokens": 2095,
                "cache_creation_input_tokens": 248,
                "cache_read_input_tokens": 50000,
                "cache_creation": {
                    "ephemeral_5m_input_tokens": 148,
                    "ephemeral_1h_input_tokens": 100,
                },
                "output_tokens": 503,
                "output_tokens_details": {"thinking_tokens": 200},
                "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 0},
                "service_tier": "standard",
            }
        ),
        "anthropic message, plain": Usage(input_tokens=12, output_tokens=7),
        "anthropic message, streamed": MessageDeltaUsage.model_validate(
            {"input_tokens": 12, "output_tokens": 7, "cache_creation_input_tokens": 30}
        ),
        "anthropic message, compacted": BetaUsage.model_validate(
            {
                "input_tokens": 23000,
                "output_tokens": 1000,
                "iterations": [
                    iteration("compaction", 180000, 3500),
                    iteration("message", 23000, 1000),
                ],
            }
        ),
    }
    return {name: as_json(model) for name, model in made.items()}


if __name__ == "__main__":
    main()
