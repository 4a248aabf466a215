"""What one token takes of an accelerator: measured, or split from a benchmark. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from enum import StrEnum
from typing import Any, Final

from ledger.pricing import bounds, documents
from ledger.pricing.bounds import InvalidCostInput
from ledger.quantities import EXACT


class Phase(StrEnum):
    """What the accelerator does for a token."""

    PREFILL = "prefill"
    CACHED = "cached"
    DECODE = "decode"
    AUDIO_INPUT = "audio_input"
    AUDIO_OUTPUT = "audio_output"
    IMAGE_INPUT = "image_input"


TEXT_PHASES: Final = (Phase.PREFILL, Phase.CACHED, Phase.DECODE)
"""The phases that every profile rates; the others only where somebody measured them."""

CLASS_PHASES: Final[Mapping[str, Phase]] = {
    "input": Phase.PREFILL,
    "cache_read": Phase.CACHED,
    "cache_write_5m": Phase.PREFILL,
    "cache_write_1h": Phase.PREFILL,
    "output": Phase.DECODE,
    "reasoning": Phase.DECODE,
    "audio_input": Phase.AUDIO_INPUT,
    "audio_output": Phase.AUDIO_OUTPUT,
    "image_input": Phase.IMAGE_INPUT,
}
"""The phase behind each class. Audio and image have no default: unmeasured is unknown, not free."""


FIGURE_FIELDS: Final = {"joules", "watts", "gpu_seconds", "tokens_per_second", "gpus"}


class Boundary(StrEnum):
    """Where the joules of a profile were measured."""

    GPU = "gpu"
    SERVER = "server"
    FACILITY = "facility"


@dataclass(frozen=True, slots=True)
class PhaseFigures:
    """What one token takes of an accelerator: joules at the profile's boundary, busy seconds."""

    joules: Decimal
    gpu_seconds: Decimal


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A measured serving run: totals per output token, and how they divide over the phases.

    `decode_to_prefill` and `cached_to_prefill` compare the work of one token with one token.
    """

    gpu_count: int
    joules_per_output_token: Decimal
    output_tokens_per_second: Decimal
    mean_output_tokens: Decimal
    mean_input_tokens: Decimal
    decode_to_prefill: Decimal
    cached_to_prefill: Decimal

    def __post_init__(self) -> None:
        bounds.positive("gpu_count", Decimal(self.gpu_count))
        bounds.not_negative("joules_per_output_token", self.joules_per_output_token)
        bounds.positive("output_tokens_per_second", self.output_tokens_per_second)
        bounds.positive("mean_output_tokens", self.mean_output_tokens)
        bounds.not_negative("mean_input_tokens", self.mean_input_tokens)
        bounds.positive("decode_to_prefill", self.decode_to_prefill)
        bounds.not_negative("cached_to_prefill", self.cached_to_prefill)


def split_benchmark(*, benchmark: Benchmark) -> dict[Phase, PhaseFigures]:
    """Divide a run's totals over prefill, cached and decode; none is counted twice.

    The mean request's prefill and decode add up to what was measured for it.

    >>> run = Benchmark(
    ...     gpu_count=8,
    ...     joules_per_output_token=Decimal("1.5"),
    ...     output_tokens_per_second=Decimal(4000),
    ...     mean_output_tokens=Decimal(800),
    ...     mean_input_tokens=Decimal(400),
    ...     decode_to_prefill=Decimal(2),
    ...     cached_to_prefill=Decimal("0.1"),
    ... )
    >>> [figures.joules for figures in split_benchmark(benchmark=run).values()]
    [Decimal('0.6'), Decimal('0.06'), Decimal('1.2')]
    """
    with localcontext(EXACT):
        decode_equivalents = (
            benchmark.mean_output_tokens + benchmark.mean_input_tokens / benchmark.decode_to_prefill
        )
        joules = benchmark.joules_per_output_token * benchmark.mean_output_tokens
        gpu_seconds = (
            benchmark.gpu_count * benchmark.mean_output_tokens / benchmark.output_tokens_per_second
        )
        decode = PhaseFigures(joules / decode_equivalents, gpu_seconds / decode_equivalents)
        prefill = PhaseFigures(
            decode.joules / benchmark.decode_to_prefill,
            decode.gpu_seconds / benchmark.decode_to_prefill,
        )
        cached = PhaseFigures(
            prefill.joules * benchmark.cached_to_prefill,
            prefill.gpu_seconds * benchmark.cached_to_prefill,
        )
        return {Phase.PREFILL: prefill, Phase.CACHED: cached, Phase.DECODE: decode}


def check_profile(row: Mapping[str, Any]) -> None:
    """Refuse a serving profile's document whose boundary or figures say nothing.

    Joules measured at the GPU are half an answer: what host and idling take must stand beside.

    :raises InvalidCostInput: naming the field.
    """
    check_boundary(row.get("boundary"))
    if (row.get("figures") is None) == (not row.get("benchmark")):
        raise InvalidCostInput("figures", row.get("figures"), "either figures or a benchmark")
    if row["boundary"] == Boundary.GPU:
        for name in ("host_watts_per_gpu", "idle_watts_per_gpu"):
            if row.get(name) is None:
                raise InvalidCostInput(name, "missing", "watts, as the boundary is the GPU")
    if row.get("figures") is not None:
        _only_known(row["figures"])
        figures_from_document(row["figures"])


def figures_from_document(document: object) -> dict[Phase, PhaseFigures]:
    """Return measured figures per token and phase from a profile's plain data.

    Joules stand as they are, or as the watts of all GPUs used; GPU-seconds as they are, or as the
    GPUs used and their tokens per second.

    :raises InvalidCostInput: if one is missing, inexact, negative or stated twice.

    >>> run = {"watts": "3000", "gpus": 4, "tokens_per_second": "2000"}
    >>> figures_from_document({"prefill": run, "cached": run, "decode": run})[Phase.DECODE]
    PhaseFigures(joules=Decimal('1.5'), gpu_seconds=Decimal('0.002'))
    """
    return {
        phase: _phase_figures(document, phase)
        for phase in Phase
        if phase in TEXT_PHASES or (isinstance(document, Mapping) and phase in document)
    }


def _phase_figures(document: object, phase: Phase) -> PhaseFigures:
    try:
        stated = documents.mapping(documents.mapping(document).get(phase))
    except ValueError as error:
        name = f"figures/{phase}/joules"
        raise InvalidCostInput(name, error, "joules and gpu_seconds per token") from error
    _stated_once(stated, phase)
    with localcontext(EXACT):
        if "tokens_per_second" in stated:
            per_second = _figure(stated, phase, "tokens_per_second")
            bounds.positive(f"figures/{phase}/tokens_per_second", per_second)
            gpus = _figure(stated, phase, "gpus")
            bounds.positive(f"figures/{phase}/gpus", gpus)
            joules = (
                _figure(stated, phase, "watts") / per_second
                if "watts" in stated
                else _figure(stated, phase, "joules")
            )
            return PhaseFigures(joules, gpus / per_second)
        return PhaseFigures(_figure(stated, phase, "joules"), _figure(stated, phase, "gpu_seconds"))


def _stated_once(stated: Mapping[str, Any], phase: Phase) -> None:
    for one, other in (("joules", "watts"), ("gpu_seconds", "tokens_per_second")):
        if one in stated and other in stated:
            raise InvalidCostInput(f"figures/{phase}/{other}", stated[other], f"{one} or {other}")


def _figure(stated: Mapping[str, Any], phase: Phase, field: str) -> Decimal:
    try:
        return documents.not_negative(stated.get(field))
    except ValueError as error:
        name = f"figures/{phase}/{field}"
        raise InvalidCostInput(name, error, "an exact number, zero or more") from error


def _only_known(document: object) -> None:
    """Refuse phases and fields that nobody reads: they are most likely misspelt."""
    try:
        documents.only_fields(documents.mapping(document), set(Phase))
    except ValueError as error:
        raise InvalidCostInput("figures", error, f"phases: {', '.join(Phase)}") from error
    for phase, stated in documents.mapping(document).items():
        try:
            documents.only_fields(documents.mapping(stated), FIGURE_FIELDS)
        except ValueError as error:
            expected = f"fields: {', '.join(sorted(FIGURE_FIELDS))}"
            raise InvalidCostInput(f"figures/{phase}", error, expected) from error


def check_boundary(value: object) -> None:
    """Refuse a boundary that is not one of the three.

    :raises InvalidCostInput: if so.
    """
    if value not in set(Boundary):
        raise InvalidCostInput("boundary", value, "gpu, server or facility")
