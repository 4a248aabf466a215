"""Request bodies to measure with: the same usage in every form in which it may be sent."""

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from ledger.usage.formats import cloudevents
from ledger.usage.formats.decoding import MOST_EVENTS, Decoded

STARTS_AT: Final = datetime(2026, 10, 5, 2, 0, tzinfo=UTC)
SOURCE: Final = "urn:bench:gateway"
# As in the demo's catalogue, so that what was recorded can be rated.
PROVIDER: Final = "sandhill"
CONSUMERS: Final = ("inkstone", "magpie", "plumline", "swiftlet")
DEPLOYMENTS: Final = ("zw-qwen3-235b", "zw-llama-70b", "qy-gpt-oss-120b")


@dataclass(frozen=True, slots=True)
class Form:
    """A way to send usage: how a batch is written, and how it is read."""

    name: str
    write: Callable[[list[dict[str, Any]]], bytes]
    read: Callable[[bytes], Decoded]


def batches(*, events: int, size: int, seed: int) -> Iterator[list[dict[str, Any]]]:
    """Yield batches of CloudEvents with new ids, as a gateway sends them: some 20 a second."""
    random = Random(seed)  # noqa: S311 - figures, not secrets
    for start in range(0, events, size):
        yield [_event(random, number) for number in range(start, min(start + size, events))]


def _event(random: Random, number: int) -> dict[str, Any]:
    prompt = random.randint(50, 4_000)
    return {
        "specversion": "1.0",
        "id": str(uuid.UUID(int=random.getrandbits(128), version=4)),
        "source": SOURCE,
        "type": "com.example.inference",
        "subject": random.choice(CONSUMERS),
        "time": (STARTS_AT + timedelta(milliseconds=50 * number)).isoformat(),
        "sequence": str(number),
        "data": {
            "deployment": random.choice(DEPLOYMENTS),
            "usage": {
                "input": prompt,
                "cache_read": prompt // 3,
                "output": random.randint(1, 900),
            },
        },
    }


def _array(events: list[dict[str, Any]]) -> bytes:
    return json.dumps(events).encode()


def _lines(events: list[dict[str, Any]]) -> bytes:
    return "\n".join(json.dumps(event) for event in events).encode()


def _verbatim(events: list[dict[str, Any]]) -> bytes:
    """Write the usage as an OpenAI-shaped proxy has it."""
    return json.dumps([event | {"data": _openai(event["data"])} for event in events]).encode()


def _openai(data: dict[str, Any]) -> dict[str, Any]:
    counts = data["usage"]
    prompt = counts["input"] + counts["cache_read"]
    usage = {
        "prompt_tokens": prompt,
        "completion_tokens": counts["output"],
        "total_tokens": prompt + counts["output"],
        "prompt_tokens_details": {"cached_tokens": counts["cache_read"]},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }
    return data | {"surface": "openai-chat", "usage": usage}


def _cloudevents(content_type: str) -> Callable[[bytes], Decoded]:
    return lambda body: cloudevents.decode(body, content_type=content_type, limit=MOST_EVENTS)


FORMS: Final = (
    Form("CloudEvents, batch", _array, _cloudevents(cloudevents.BATCH)),
    Form("CloudEvents, a line each", _lines, _cloudevents(cloudevents.LINES)),
    Form("CloudEvents, OpenAI's usage", _verbatim, _cloudevents(cloudevents.BATCH)),
)
