"""What a dense model would take that nobody measured, by the regressions of EcoLogits. Pure.

Formulas and constants are those of EcoLogits 0.11.3 (`impacts/llm.py`), fitted on measured runs of
H100 GPUs at 16 bits with up to 512 requests at once. Sound for dense models below a hundred
billion parameters, far off for sparse ones at 8 bits. An estimate is derived: grade D.
"""

from decimal import Decimal, localcontext
from typing import Any, Final

from ledger.pricing import bounds
from ledger.quantities import EXACT, SECONDS_PER_HOUR, round_half_even

ENERGY_ALPHA: Final = Decimal("1.1665273170451914e-06")
ENERGY_BETA: Final = Decimal("-0.011205921025579175")
ENERGY_GAMMA: Final = Decimal("4.052928146734005e-05")
"""Watt-hours of one GPU per output token: alpha × e^(beta × batch) × billions + gamma."""

LATENCY_ALPHA: Final = Decimal("0.0006785088094353663")
LATENCY_BETA: Final = Decimal("0.0003119310311688259")
LATENCY_GAMMA: Final = Decimal("0.019473717579473387")
"""Seconds per output token of a request: alpha × billions + beta × batch + gamma."""

BYTES_PER_PARAMETER: Final = 2
GPU_MEMORY_GB: Final = 80
HOST_WATTS_PER_GPU: Final = 150
"""A server of eight GPUs takes 1,200 W beside them."""

MOST_AT_ONCE: Final = 512
FIGURE_DIGITS: Final = 12


def gpu_count(*, total_billions: Decimal) -> int:
    """Return how many GPUs hold a model: a power of two, with a fifth of memory to spare.

    >>> gpu_count(total_billions=Decimal(8)), gpu_count(total_billions=Decimal(70))
    (1, 4)
    """
    bounds.positive("total_billions", total_billions)
    needed = Decimal("1.2") * total_billions * BYTES_PER_PARAMETER
    count = 1
    while count * GPU_MEMORY_GB < needed:
        count *= 2
    return count


def gpu_joules(*, active_billions: Decimal, batch: int) -> Decimal:
    """Return the joules of one GPU per output token.

    >>> f"{gpu_joules(active_billions=Decimal(8), batch=64):.4f}"
    '0.1623'
    """
    _check(active_billions, batch)
    with localcontext(EXACT):
        slope = ENERGY_ALPHA * (ENERGY_BETA * batch).exp()
        return (slope * active_billions + ENERGY_GAMMA) * SECONDS_PER_HOUR


def tokens_per_second(*, active_billions: Decimal, batch: int) -> Decimal:
    """Return the output tokens per second of all requests that are served at once.

    >>> f"{tokens_per_second(active_billions=Decimal(8), batch=64):.1f}"
    '1426.5'
    """
    _check(active_billions, batch)
    with localcontext(EXACT):
        latency = LATENCY_ALPHA * active_billions + LATENCY_BETA * batch + LATENCY_GAMMA
        return batch / latency


def benchmark(*, active_billions: Decimal, total_billions: Decimal, batch: int) -> dict[str, Any]:
    """Return the figures of a benchmark row, rounded to a catalogue figure's digits.

    Input is not among them: EcoLogits counts it with the output, as a measured run does.
    """
    count = gpu_count(total_billions=total_billions)
    with localcontext(EXACT):
        joules = count * gpu_joules(active_billions=active_billions, batch=batch)
        per_second = tokens_per_second(active_billions=active_billions, batch=batch)
    return {
        "gpu_count": count,
        "joules_per_output_token": f"{round_half_even(joules, digits=FIGURE_DIGITS):f}",
        "output_tokens_per_second": f"{round_half_even(per_second, digits=FIGURE_DIGITS):f}",
    }


def _check(active_billions: Decimal, batch: int) -> None:
    bounds.positive("active_billions", active_billions)
    if not 1 <= batch <= MOST_AT_ONCE:
        raise bounds.InvalidCostInput("batch", batch, f"from 1 to {MOST_AT_ONCE}")
