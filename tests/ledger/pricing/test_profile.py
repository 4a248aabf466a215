"""Benchmarks split over phases, against the figures that were published for them."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from ledger.pricing.bounds import InvalidCostInput
from ledger.pricing.profile import (
    TEXT_PHASES,
    Benchmark,
    Phase,
    PhaseFigures,
    check_profile,
    figures_from_document,
    split_benchmark,
)
from ledger.quantities import round_half_even

PUBLISHED = {
    "llama-3.1-8b-1xh100": (".0563", ".0225", "82", "33"),
    "qwen3-8b-1xh100": (".0626", ".0250", "102", "41"),
    "qwen3-32b-2xh100": (".1979", ".0792", "336", "134"),
    "llama-3.3-70b-4xh100": (".3970", ".1588", "630", "252"),
    "qwen3-30b-a3b-2xh100": (".0893", ".0357", "187", "75"),
    "qwen3-235b-a22b-fp8-8xh100": (".9941", ".3977", "1996", "798"),
    "llama-3.1-405b-fp8-8xh100": ("1.911", ".764", "3318", "1327"),
    "gpt-oss-120b-2xh100": (".1085", ".0434", "187", "75"),
    "gpt-oss-20b-1xh100": (".0465", ".0186", "80", "32"),
    "deepseek-v3.1-8xb200": ("1.172", ".469", "1579", "632"),
    "llama-3.3-70b-2xb200": (".2843", ".1137", "293", "117"),
    "qwen3-32b-1xb200": (".1304", ".0522", "134", "54"),
    "gpt-oss-120b-1xb200": (".0415", ".0166", "53", "21"),
}
"""Joules a token, decode and prefill, and GPU-seconds a million tokens, decode and prefill."""

DOCUMENT = {
    phase: {"joules": "0.4", "gpu_seconds": "0.0008"} for phase in ("prefill", "cached", "decode")
}


def rounded(value: Decimal, like: str) -> Decimal:
    return round_half_even(value, digits=len(like.partition(".")[2]))


class TestSplitBenchmark:
    def test_gives_the_phases_of_the_worked_event(
        self, benchmark_of: Callable[[str], Benchmark]
    ) -> None:
        figures = split_benchmark(benchmark=benchmark_of("qwen3-235b-a22b-fp8-8xh100"))

        printed = {
            Phase.DECODE: ("0.994133", "0.001995916"),
            Phase.PREFILL: ("0.397653", "0.000798367"),
            Phase.CACHED: ("0.039765", "0.0000798367"),
        }
        for phase, (joules, gpu_seconds) in printed.items():
            assert rounded(figures[phase].joules, joules) == Decimal(joules)
            assert rounded(figures[phase].gpu_seconds, gpu_seconds) == Decimal(gpu_seconds)

    @pytest.mark.parametrize("code", PUBLISHED)
    def test_agrees_with_every_published_profile(
        self, code: str, benchmark_of: Callable[[str], Benchmark]
    ) -> None:
        decode_joules, prefill_joules, decode_seconds, prefill_seconds = PUBLISHED[code]

        figures = split_benchmark(benchmark=benchmark_of(code))

        decode, prefill = figures[Phase.DECODE], figures[Phase.PREFILL]
        assert abs(decode.joules - Decimal(decode_joules)) <= Decimal("0.0005")
        assert abs(prefill.joules - Decimal(prefill_joules)) <= Decimal("0.0005")
        assert abs(decode.gpu_seconds * 10**6 - Decimal(decode_seconds)) <= Decimal("0.6")
        assert abs(prefill.gpu_seconds * 10**6 - Decimal(prefill_seconds)) <= Decimal("0.6")

    def test_conserves_the_energy_and_time_of_the_mean_request(
        self, benchmark_of: Callable[[str], Benchmark]
    ) -> None:
        run = benchmark_of("llama-3.1-8b-1xh100")

        figures = split_benchmark(benchmark=run)

        prefill, decode = figures[Phase.PREFILL], figures[Phase.DECODE]
        joules = run.mean_input_tokens * prefill.joules + run.mean_output_tokens * decode.joules
        gpu_seconds = (
            run.mean_input_tokens * prefill.gpu_seconds
            + run.mean_output_tokens * decode.gpu_seconds
        )
        assert round_half_even(joules, digits=20) == round_half_even(
            Decimal("0.07019") * Decimal("396.7"), digits=20
        )
        assert round_half_even(gpu_seconds * Decimal("9805.6"), digits=20) == Decimal("396.7")


class TestBenchmark:
    def test_refuses_a_run_without_throughput(self) -> None:
        with pytest.raises(InvalidCostInput) as refused:
            Benchmark(
                gpu_count=8,
                joules_per_output_token=Decimal(1),
                output_tokens_per_second=Decimal(0),
                mean_output_tokens=Decimal(800),
                mean_input_tokens=Decimal(245),
                decode_to_prefill=Decimal("2.5"),
                cached_to_prefill=Decimal("0.1"),
            )

        assert refused.value.name == "output_tokens_per_second"


class TestFiguresFromDocument:
    def test_reads_measured_figures_exactly(self) -> None:
        figures = figures_from_document(DOCUMENT)

        assert figures[Phase.CACHED] == PhaseFigures(Decimal("0.4"), Decimal("0.0008"))

    @pytest.mark.parametrize("joules", [0.4, "-1", None, "many", True])
    def test_refuses_what_is_inexact_negative_or_missing(self, joules: object) -> None:
        document = DOCUMENT | {"cached": {"joules": joules, "gpu_seconds": "0.0008"}}

        with pytest.raises(InvalidCostInput) as refused:
            figures_from_document(document)

        assert refused.value.name == "figures/cached/joules"

    def test_refuses_a_document_without_a_phase(self) -> None:
        with pytest.raises(InvalidCostInput) as refused:
            figures_from_document({"prefill": DOCUMENT["prefill"]})

        assert refused.value.name == "figures/cached/joules"

    def test_reads_throughput_and_watts_of_all_gpus_used(self) -> None:
        # 8 GPUs at 4,000 tokens a second: 0.002 GPU-s; 5,000 W over 4,000 tokens: 1.25 J
        run = {"tokens_per_second": "4000", "gpus": 8, "watts": "5000"}

        figures = figures_from_document(DOCUMENT | {"decode": run})

        assert figures[Phase.DECODE] == PhaseFigures(Decimal("1.25"), Decimal("0.002"))

    def test_reads_media_only_where_they_were_measured(self) -> None:
        measured = {"image_input": {"joules": "5", "gpu_seconds": "0.01"}}

        assert set(figures_from_document(DOCUMENT)) == set(TEXT_PHASES)
        assert set(figures_from_document(DOCUMENT | measured)) == {*TEXT_PHASES, Phase.IMAGE_INPUT}

    @pytest.mark.parametrize(
        ("run", "name"),
        [
            ({"tokens_per_second": "0", "gpus": 8, "watts": "5000"}, "tokens_per_second"),
            ({"tokens_per_second": "4000", "gpus": 0, "watts": "5000"}, "gpus"),
            ({"tokens_per_second": "4000", "watts": "5000"}, "gpus"),
            ({"tokens_per_second": "4000", "gpus": 8}, "joules"),
            ({"gpu_seconds": "0.002", "watts": "5000"}, "joules"),
            ({"joules": "1", "watts": "5000", "gpu_seconds": "1"}, "watts"),
            (
                {"joules": "1", "gpu_seconds": "1", "tokens_per_second": "1", "gpus": 1},
                "tokens_per_second",
            ),
        ],
    )
    def test_refuses_throughput_that_is_half_stated_or_stated_twice(
        self, run: dict[str, Any], name: str
    ) -> None:
        with pytest.raises(InvalidCostInput) as refused:
            figures_from_document(DOCUMENT | {"decode": run})

        assert refused.value.name == f"figures/decode/{name}"


class TestCheckProfile:
    def test_accepts_a_benchmark_at_the_gpu(self) -> None:
        watts = {"host_watts_per_gpu": "150", "idle_watts_per_gpu": "195"}

        check_profile({"boundary": "gpu", "benchmark": "qwen3-32b-1xb200", **watts})

    @pytest.mark.parametrize("unknown", ["host_watts_per_gpu", "idle_watts_per_gpu"])
    def test_refuses_the_gpu_alone_without_what_stands_beside_it(self, unknown: str) -> None:
        watts = {"host_watts_per_gpu": "150", "idle_watts_per_gpu": "195"} | {unknown: None}

        with pytest.raises(InvalidCostInput) as refused:
            check_profile({"boundary": "gpu", "benchmark": "qwen3-32b-1xb200", **watts})

        assert refused.value.name == unknown

    def test_needs_no_watts_beside_a_server(self) -> None:
        check_profile({"boundary": "server", "figures": DOCUMENT})

    @pytest.mark.parametrize(
        ("figures", "name"),
        [
            ({"video_input": {"joules": "1", "gpu_seconds": "1"}}, "figures"),
            ({"decode": {"joules": "1", "gpu_secs": "1"}}, "figures/decode"),
        ],
    )
    def test_refuses_what_nobody_reads(self, figures: dict[str, Any], name: str) -> None:
        with pytest.raises(InvalidCostInput) as refused:
            check_profile({"boundary": "server", "figures": DOCUMENT | figures})

        assert refused.value.name == name

    def test_refuses_an_unknown_boundary(self) -> None:
        with pytest.raises(InvalidCostInput) as refused:
            check_profile({"boundary": "rack", "benchmark": "qwen3-32b-1xb200"})

        assert refused.value.name == "boundary"

    def test_refuses_figures_that_cannot_be_read(self) -> None:
        with pytest.raises(InvalidCostInput):
            check_profile({"boundary": "facility", "figures": {"prefill": 3}})
