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


CLASS_PHASES: Final[Mapping[str, Phase]] = {
    "input": Phase.PREFILL,
    "cache_read": Phase.CACHED,
    "cache_write_5m": Phase.PREFILL,
    "cache_write_1h": Phase.PREFILL,
    "output": Phase.DECODE,
    "reasoning": Phase.DECODE,
}
"""The classes that a profile rates. Audio and image have no default: unknown, not free."""


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

    :raises InvalidCostInput: naming the field.
    """
    check_boundary(row.get("boundary"))
    if (row.get("figures") is None) == (not row.get("benchmark")):
        raise InvalidCostInput("figures", row.get("figures"), "either figures or a benchmark")
    if row.get("figures") is not None:
        figures_from_document(row["figures"])


def figures_from_document(document: object) -> dict[Phase, PhaseFigures]:
    """Return measured figures per token and phase from a profile's plain data.

    :raises InvalidCostInput: if one is missing, inexact or negative.
    """
    figures = {}
    for phase in Phase:
        values = {}
        for field in ("joules", "gpu_seconds"):
            name = f"figures/{phase}/{field}"
            try:
                stated = documents.mapping(documents.mapping(document).get(phase)).get(field)
                values[field] = documents.not_negative(stated)
            except ValueError as error:
                raise InvalidCostInput(name, error, "an exact number, zero or more") from error
        figures[phase] = PhaseFigures(**values)
    return figures


def check_boundary(value: object) -> None:
    """Refuse a boundary that is not one of the three.

    :raises InvalidCostInput: if so.
    """
    if value not in set(Boundary):
        raise InvalidCostInput("boundary", value, "gpu, server or facility")
