from itertools import pairwise
from random import Random

import pytest

from settlement.demo import shapes
from settlement.demo.flows import Shape
from settlement.demo.shapes import at_quantile, draw

DRAWS = 20_000


def drawn(shape: Shape) -> list[shapes.Request]:
    rng = Random(7)  # noqa: S311 - repeatable on purpose
    return [draw(shape, rng) for _ in range(DRAWS)]


def prompts(requests: list[shapes.Request]) -> list[int]:
    return sorted(
        request.counts.get("input", 0) + request.counts.get("cache_read", 0) for request in requests
    )


class TestAtQuantile:
    def test_returns_the_ends_at_zero_and_one(self) -> None:
        quantiles = ((0.0, 3), (0.5, 10), (1.0, 50))

        assert [at_quantile(quantiles, share) for share in (0.0, 0.5, 1.0)] == [3, 10, 50]

    @pytest.mark.parametrize(
        "quantiles",
        [shapes.CODE_PROMPT, shapes.CODE_ANSWER, shapes.CHAT_PROMPT, shapes.CHAT_ANSWER],
    )
    def test_is_given_tables_that_rise_from_zero_to_one(self, quantiles: shapes.Quantiles) -> None:
        assert quantiles[0][0] == 0.0
        assert quantiles[-1][0] == 1.0
        assert all(low[0] < high[0] and low[1] <= high[1] for low, high in pairwise(quantiles))


class TestDraw:
    @pytest.mark.parametrize(
        ("shape", "share", "published", "tolerance"),
        [
            # The quantiles that the two trace files have.
            (Shape.CODE, 0.25, 578, 0.06),
            (Shape.CODE, 0.50, 1_469, 0.04),
            (Shape.CODE, 0.90, 5_194, 0.04),
            (Shape.CHAT, 0.25, 396, 0.02),
            (Shape.CHAT, 0.50, 1_020, 0.04),
            (Shape.CHAT, 0.90, 2_735, 0.08),
        ],
    )
    def test_makes_prompts_as_long_as_in_the_traces(
        self, shape: Shape, share: float, published: int, tolerance: float
    ) -> None:
        lengths = prompts(drawn(shape))

        assert lengths[int(share * DRAWS)] == pytest.approx(published, rel=tolerance)

    @pytest.mark.parametrize(
        ("shape", "prompt", "answer"),
        # Means of the files: tokens in all by requests.
        [
            (Shape.CODE, 18_059_974 / 8_819, 245_896 / 8_819),
            (Shape.CHAT, 22_361_870 / 19_366, 4_088_665 / 19_366),
        ],
    )
    def test_makes_requests_as_long_on_average_as_in_the_traces(
        self, shape: Shape, prompt: float, answer: float
    ) -> None:
        complete = [request for request in drawn(shape) if request.status == "complete"]

        assert sum(prompts(complete)) / len(complete) == pytest.approx(prompt, rel=0.04)
        answers = [request.counts["output"] for request in complete]
        assert sum(answers) / len(answers) == pytest.approx(answer, rel=0.10)

    def test_reads_56_percent_of_a_chats_prompt_from_the_cache(self) -> None:
        requests = drawn(Shape.CHAT)

        cached = sum(request.counts.get("cache_read", 0) for request in requests)
        assert cached / sum(prompts(requests)) == pytest.approx(0.563, abs=0.02)

    def test_reads_whole_blocks_from_the_cache(self) -> None:
        assert {request.counts.get("cache_read", 0) % 64 for request in drawn(Shape.CHAT)} == {0}

    def test_thinks_for_reasoning_only(self) -> None:
        thinking = {
            shape: any("reasoning" in request.counts for request in drawn(shape)) for shape in Shape
        }

        assert thinking == {Shape.CHAT: False, Shape.CODE: False, Shape.REASONING: True}

    def test_leaves_out_what_is_zero(self) -> None:
        assert all(count > 0 for request in drawn(Shape.CHAT) for count in request.counts.values())

    def test_ends_four_percent_of_the_requests_early(self) -> None:
        ended = [request.status for request in drawn(Shape.CODE)]

        assert set(ended) == {"complete", "partial", "cancelled"}
        assert 1 - ended.count("complete") / DRAWS == pytest.approx(0.04, abs=0.005)
