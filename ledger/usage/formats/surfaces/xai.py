"""xAI on OpenAI's wire: reasoning is beside the completion tokens. Pure.

In a chat completion of xAI the total is prompt, completion and reasoning together; its own page on
caching counts cached tokens into the prompt (docs.x.ai, prompt caching, usage and pricing). LiteLLM
folds reasoning into the completion for that reason (`litellm` 1.108.7: `llms/xai/chat`), and
`genai-prices` 0.2.3 adds it likewise. The Responses wire of xAI has it inside.
"""

from ledger.usage.formats.surfaces.counting import Counts, Fields
from ledger.usage.formats.surfaces.nesting import disjoint
from ledger.usage.formats.surfaces.openai import CHAT, completion, prompt


def chat(usage: Fields) -> Counts:
    """Read `usage` of a chat completion by xAI."""
    return disjoint(
        prompt=prompt(usage, CHAT),
        completion=completion(usage, CHAT, reasoning_inside=False),
        total=usage.stated("total_tokens"),
    )
