"""Price usage objects with other people's calculators; JSON in and out, nothing on the network.

In: a list of objects with calculator, provider, model, flavor and usage. Out, in the same order: an
object with the price in dollars as the calculator's number reads, or with its refusal.
"""

import json
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

# LiteLLM has prices of its own in the package, and else fetches others.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
# Prices change with the day, and the pinned packages know those of this one.
PRICED_AT = datetime(2026, 11, 1, 12, tzinfo=UTC)


def main() -> None:
    asked = json.load(sys.stdin)
    prices = {"genai-prices": by_genai_prices, "litellm": by_litellm}
    json.dump([answer(prices[one["calculator"]], one) for one in asked], sys.stdout)


def answer(price: Any, one: Mapping[str, Any]) -> dict[str, str]:
    try:
        return {"price": str(price(one))}
    except Exception as error:  # noqa: BLE001 - whatever it is, the calculator could not say
        return {"refused": f"{type(error).__name__}: {error}"}


def by_genai_prices(one: Mapping[str, Any]) -> Any:
    import genai_prices

    usage = opentelemetry(one["usage"]) if one["flavor"] == "otel" else extracted(one)
    priced = genai_prices.calc_price(
        usage, one["model"], provider_id=one["provider"], genai_request_timestamp=PRICED_AT
    )
    return priced.total_price


def extracted(one: Mapping[str, Any]) -> Any:
    """Return genai-prices' usage of a response around the usage object."""
    from genai_prices import extract_usage

    is_gemini = one["provider"] == "google" and one["flavor"] == "default"
    response: dict[str, Any] = {"usageMetadata" if is_gemini else "usage": one["usage"]}
    if one["flavor"] == "realtime":
        response = {"response": response}
    return extract_usage(
        {"model": one["model"], **response}, provider_id=one["provider"], api_flavor=one["flavor"]
    ).usage


def opentelemetry(attributes: Mapping[str, Any]) -> Any:
    """Return genai-prices' usage of span attributes: both count all into input and output."""
    from genai_prices import Usage

    names = {
        "input_tokens": "input_tokens",
        "output_tokens": "output_tokens",
        "cache_read.input_tokens": "cache_read_tokens",
        "cache_write.input_tokens": "cache_write_tokens",
        "cache_creation.input_tokens": "cache_write_tokens",
        "reasoning.output_tokens": "output_reasoning_tokens",
    }
    return Usage(
        **{names[name.removeprefix("gen_ai.usage.")]: count for name, count in attributes.items()}
    )


def by_litellm(one: Mapping[str, Any]) -> Any:
    import litellm

    response = litellm.ModelResponse(model=one["model"], usage=normalised(one))
    return litellm.completion_cost(
        completion_response=response, model=one["model"], custom_llm_provider=one["provider"]
    )


def normalised(one: Mapping[str, Any]) -> Any:
    """Return LiteLLM's Usage of a vendor's usage object, made by its own transformation."""
    from litellm.types.utils import Usage

    usage = one["usage"]
    if one["flavor"] == "cohere":
        return cohere(usage)
    if one["flavor"] == "anthropic":
        from litellm.llms.anthropic.chat.transformation import AnthropicConfig

        return AnthropicConfig().calculate_usage(usage_object=usage, reasoning_content=None)
    if one["flavor"] == "bedrock":
        from litellm.llms.bedrock.chat.converse_transformation import (
            AmazonConverseConfig,
        )

        return AmazonConverseConfig().transform_usage(usage)
    if one["flavor"] == "gemini":
        from litellm.llms.vertex_ai.gemini.vertex_and_google_ai_studio_gemini import (
            VertexGeminiConfig,
        )

        return VertexGeminiConfig.calculate_usage({"usageMetadata": usage})
    if one["flavor"] == "responses":
        from litellm.responses.utils import ResponseAPILoggingUtils

        return ResponseAPILoggingUtils.transform_response_api_usage_to_chat_usage(usage)
    return Usage(**usage)


def cohere(usage: Mapping[str, Any]) -> Any:
    """Return LiteLLM's Usage of an answer of Cohere: it reads usage nowhere but in answers."""
    import httpx
    from litellm import ModelResponse
    from litellm.llms.cohere.chat.v2_transformation import CohereV2ChatConfig

    message = {"role": "assistant", "content": [{"type": "text", "text": "4"}]}
    answered = {"id": "1", "finish_reason": "COMPLETE", "message": message, "usage": usage}
    response: Any = CohereV2ChatConfig().transform_response(
        model="command-a-03-2025",
        raw_response=httpx.Response(200, json=answered),
        model_response=ModelResponse(),
        logging_obj=None,
        request_data={},
        messages=[],
        optional_params={},
        litellm_params={},
        encoding=None,
    )
    return response.usage


if __name__ == "__main__":
    main()
