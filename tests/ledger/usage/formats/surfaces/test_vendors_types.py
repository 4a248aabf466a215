"""Usage objects that the vendors' own packages make are read as what they are."""

from typing import Any, Final

import pytest

from ledger.usage.formats.surfaces import Counts, Disagreement, counts
from tests import foreign

CHAT: Final = Counts(input=5, cache_read=3000, cache_write_5m=20, output=26, reasoning=64)
PLAIN: Final = Counts(input=12, output=7)
BELIEVED: Final = {
    "openai chat": ("openai-chat", CHAT),
    "openai chat, plain": ("openai-chat", PLAIN),
    "openai responses": ("openai-responses", CHAT),
    "openai batch": (
        "openai-responses",
        Counts(input=25, cache_read=3000, output=26, reasoning=64),
    ),
    "openai embeddings": ("openai-embeddings", Counts(input=8191)),
    "openai realtime": (
        "openai-realtime",
        Counts(input=200, cache_read=600, audio_input=430, output=60, audio_output=240),
    ),
    "openai transcription": (
        "openai-transcription",
        Counts(input=14, audio_input=1000, output=101),
    ),
    "anthropic message": (
        "anthropic-messages",
        Counts(
            input=2095,
            cache_read=50000,
            cache_write_5m=148,
            cache_write_1h=100,
            output=303,
            reasoning=200,
        ),
    ),
    "anthropic message, plain": ("anthropic-messages", PLAIN),
    "anthropic message, streamed": (
        "anthropic-messages",
        Counts(input=12, cache_write_5m=30, output=7),
    ),
    "anthropic message, compacted": ("anthropic-messages", Counts(input=203000, output=4500)),
}
SET_ASIDE: Final = {
    "openai images": ("openai-images", {"input": 10, "image_input": 40, "image_output": 1056}),
    "openai transcription, by time": ("openai-transcription", {"audio_seconds": 10}),
}


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    usages: dict[str, Any] = foreign.answer("usage_objects.py")
    return usages


class TestCounts:
    def test_are_asked_of_everything_that_the_packages_make(self, made: dict[str, Any]) -> None:
        assert set(made) == set(BELIEVED) | set(SET_ASIDE)

    @pytest.mark.parametrize("name", BELIEVED)
    def test_are_those_that_the_package_was_given(self, name: str, made: dict[str, Any]) -> None:
        surface, expected = BELIEVED[name]

        assert counts(surface=surface, vendor="", usage=made[name]) == expected

    @pytest.mark.parametrize("name", SET_ASIDE)
    def test_are_none_where_no_class_holds_them(self, name: str, made: dict[str, Any]) -> None:
        surface, stated = SET_ASIDE[name]

        found = counts(surface=surface, vendor="", usage=made[name])

        assert isinstance(found, Disagreement)
        assert found.rule == "unplaced"
        as_stated = list(found.readings.values())[1]
        assert {kind: n for kind, n in as_stated.items() if n and kind != "total"} == stated
