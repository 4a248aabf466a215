"""The nine disjoint token classes, in the order of every column, array and hash. Pure."""

from typing import Final

TOKEN_CLASSES: Final[tuple[str, ...]] = (
    "input",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
    "output",
    "reasoning",
    "audio_input",
    "audio_output",
    "image_input",
)

PROMPT_CLASSES: Final[tuple[str, ...]] = (
    "input",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
    "audio_input",
    "image_input",
)
"""What counts towards the context band: everything that the model reads before it answers."""

LARGEST_COUNT: Final = 10**9
"""The largest count of one class in one event."""
