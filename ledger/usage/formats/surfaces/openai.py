"""OpenAI's usage objects: chat, responses, embeddings, images, transcription, realtime. Pure.

Cached and written tokens are inside of input, reasoning and audio inside of output; so say the
comments in the published types (`openai` 3.57: `types/completion_usage.py`,
`types/responses/response_usage.py`, `types/realtime/realtime_response_usage.py`), and the total is
input and output. Rejected prediction tokens are inside of output, and billed as such.
"""

import math
from dataclasses import dataclass
from typing import Any, Final

from ledger.tokens import LARGEST_COUNT
from ledger.usage.formats.surfaces.counting import Counts, Disagreement, Fields, NotBelieved, agreed
from ledger.usage.formats.surfaces.nesting import Completion, Prompt, Unplaced, disjoint, written


@dataclass(frozen=True, slots=True)
class Wire:
    """How one of the endpoints names what others name otherwise."""

    input: str
    input_details: str
    output: str
    output_details: str


CHAT: Final = Wire(
    "prompt_tokens", "prompt_tokens_details", "completion_tokens", "completion_tokens_details"
)
RESPONSES: Final = Wire(
    "input_tokens", "input_tokens_details", "output_tokens", "output_tokens_details"
)
REALTIME: Final = Wire(
    "input_tokens", "input_token_details", "output_tokens", "output_token_details"
)


def chat(usage: Fields) -> Counts:
    """Read `usage` of a chat completion, and of whatever speaks its wire with its meaning."""
    return _both(usage, CHAT)


def responses(usage: Fields) -> Counts:
    """Read `usage` of a response."""
    return _both(usage, RESPONSES)


def embeddings(usage: Fields) -> Counts:
    """Read `usage` of embeddings: there is a prompt, and nothing is written."""
    return disjoint(
        prompt=prompt(usage, CHAT),
        completion=Completion(stated=usage.count(CHAT.output)),
        total=usage.stated("total_tokens"),
    )


def images(usage: Fields) -> Counts:
    """Read `usage` of a generated image; where output has no details, all of it is the image.

    There is no class for the tokens of a generated image, so only what was read is ever placed.
    """
    details = usage.inner(RESPONSES.output_details)
    written_tokens = usage.required(RESPONSES.output)
    image = details.stated("image_tokens")
    return disjoint(
        prompt=prompt(usage, RESPONSES, every_part=True),
        completion=Completion(
            stated=written_tokens,
            text=details.stated("text_tokens"),
            unplaced=(
                Unplaced(
                    kind="image_output",
                    nearest="output",
                    tokens=written_tokens if image is None else image,
                ),
            ),
        ),
        total=usage.stated("total_tokens"),
    )


def transcription(usage: Fields) -> Counts:
    """Read `usage` of a transcription: tokens, or the duration that a model is billed by.

    :raises NotBelieved: for a duration, since seconds are not tokens.
    """
    kind = usage.word("type")
    if kind == "duration":
        raise _seconds(usage, "seconds")
    if kind != "tokens":
        raise usage.malformed("type", "is neither tokens nor duration")
    return disjoint(
        prompt=prompt(usage, REALTIME, every_part=True),
        completion=completion(usage, REALTIME),
        total=usage.stated("total_tokens"),
    )


def realtime(usage: Fields) -> Counts:
    """Read `usage` of a realtime response; the cached tokens are split by modality there."""
    details = usage.inner(REALTIME.output_details)
    return disjoint(
        prompt=prompt(usage, REALTIME, every_part=True),
        completion=Completion(
            stated=usage.required(REALTIME.output),
            text=details.stated("text_tokens"),
            audio=details.count("audio_tokens"),
        ),
        total=usage.stated("total_tokens"),
    )


def prompt(
    usage: Fields, wire: Wire, *, cache_inside: bool = True, every_part: bool = False
) -> Prompt:
    """Read the side of the prompt; with `every_part`, text and media must add up to it."""
    details = usage.inner(wire.input_details)
    cached = details.inner("cached_tokens_details")
    lifetimes = details.inner("cache_write_tokens_details")
    long = lifetimes.stated("ttl_12h_tokens")
    write_5m, write_1h = written(
        stated=details.stated("cache_write_tokens"),
        short=lifetimes.stated("ttl_30m_tokens"),
        long=long,
    )
    return Prompt(
        stated=usage.required(wire.input),
        cache_inside=cache_inside,
        read=details.count("cached_tokens"),
        write_5m=write_5m,
        write_1h=write_1h,
        text=details.stated("text_tokens") if every_part else None,
        audio=details.count("audio_tokens"),
        image=details.count("image_tokens"),
        read_text=cached.stated("text_tokens"),
        read_audio=cached.count("audio_tokens") if cached.values else None,
        read_image=cached.count("image_tokens") if cached.values else None,
        unplaced=(
            Unplaced(kind="cache_write_12h", nearest="cache_write_1h", tokens=long or 0),
            Unplaced(kind="video_input", nearest="input", tokens=details.count("video_tokens")),
        ),
    )


def completion(
    usage: Fields,
    wire: Wire,
    *,
    reasoning_inside: bool = True,
    reasoning_names: tuple[str, ...] = (),
) -> Completion:
    """Read the side of the output; `reasoning_names` are other places where reasoning is stated."""
    details = usage.inner(wire.output_details)
    places = [(usage, name) for name in reasoning_names]
    return Completion(
        stated=usage.required(wire.output),
        reasoning=agreed((details, "reasoning_tokens"), *places) or 0,
        reasoning_inside=reasoning_inside,
        audio=details.count("audio_tokens"),
        unplaced=(
            Unplaced(kind="image_output", nearest="output", tokens=details.count("image_tokens")),
            Unplaced(kind="video_output", nearest="output", tokens=details.count("video_tokens")),
        ),
    )


def _both(usage: Fields, wire: Wire) -> Counts:
    return disjoint(
        prompt=prompt(usage, wire),
        completion=completion(usage, wire),
        total=usage.stated("total_tokens"),
    )


def _seconds(usage: Fields, name: str) -> NotBelieved:
    """Refuse a duration: whole seconds are shown, begun ones as whole."""
    value: Any = usage.values.get(name)
    if type(value) not in (int, float) or not 0 <= value <= LARGEST_COUNT:
        return usage.malformed(name, f"is not a duration from 0 to {LARGEST_COUNT} seconds")
    return NotBelieved(
        Disagreement(
            "unplaced",
            {"in tokens": {"total": 0}, "in begun seconds": {"audio_seconds": math.ceil(value)}},
            "The usage is stated in seconds, and no class holds seconds.",
        )
    )
