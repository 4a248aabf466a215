"""Who uses what in the demo: the streams of requests that the month is made of. Pure.

Parties, prices and agreements stand in `parties.yaml`; every name here is one of its codes.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Shape(StrEnum):
    """What the requests of a flow look like: lengths, and when they arrive."""

    CHAT = "chat"
    CODE = "code"
    REASONING = "reasoning"


@dataclass(frozen=True, slots=True)
class Flow:
    """Requests of one consumer's project to one deployment; `weight` is its share of the events."""

    provider: str
    deployment: str
    consumer: str
    project: str
    shape: Shape
    weight: int

    @property
    def source(self) -> str:
        """Return the emitter of its events: the provider's gateway at the deployment's site."""
        return f"urn:clearwatt:demo:{self.provider}:gateway-{self.deployment.partition('-')[0]}"


FLOWS: Final = (
    Flow("sandhill", "zw-qwen3-235b", "inkstone", "contracts", Shape.CHAT, 12),
    Flow("sandhill", "zw-llama-70b", "magpie", "assistant", Shape.CHAT, 14),
    Flow("sandhill", "zw-llama-70b", "swiftlet", "itineraries", Shape.CHAT, 8),
    Flow("sandhill", "qy-gpt-oss-120b", "swiftlet", "fares", Shape.REASONING, 3),
    Flow("sandhill", "qy-gpt-oss-120b", "plumline", "review", Shape.REASONING, 5),
    Flow("jadeport", "sg-deepseek-v31", "lantern", "tutor", Shape.CHAT, 16),
    Flow("jadeport", "bj-qwen3-235b", "magpie", "search", Shape.CHAT, 8),
    Flow("jadeport", "bj-qwen3-235b", "cloudridge", "resale", Shape.CHAT, 4),
    Flow("cloudridge", "ga-qwen3-30b", "plumline", "completion", Shape.CODE, 16),
    Flow("cloudridge", "ga-llama-8b", "harbour", "editor", Shape.CODE, 9),
    Flow("cloudridge", "ga-qwen3-30b", "jadeport", "overflow", Shape.CHAT, 5),
)

LATE: Final = Flow("cloudridge", "ga-qwen3-32b", "plumline", "pilot", Shape.CODE, 0)
"""A deployment that serves before it is published: its event waits until `late.yaml` is."""

PROVIDERS: Final = tuple(sorted({flow.provider for flow in FLOWS}))
CONSUMERS: Final = tuple(sorted({flow.consumer for flow in FLOWS}))
