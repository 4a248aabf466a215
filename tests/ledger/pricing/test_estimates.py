"""Estimates of what nobody measured, against EcoLogits itself; and Epoch's estimate of a query."""

import json
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from ecologits.impacts.llm import compute_llm_impacts_dag

from ledger.pricing import estimates
from ledger.pricing.bounds import InvalidCostInput
from ledger.pricing.cost import CostInputs, token_costs
from ledger.pricing.models import Benchmark as BenchmarkRow
from ledger.pricing.profile import (
    Benchmark,
    Phase,
    PhaseFigures,
    figures_from_document,
    split_benchmark,
)
from tests import factories

ZERO = Decimal(0)
ONE = Decimal(1)
DENSE = [(8, 8, 64), (8, 8, 1), (32, 32, 64), (70, 70, 64), (70, 70, 256)]
"""Active and all parameters in billions, and requests at once."""


def theirs(active: int, total: int, batch: int) -> dict[str, Any]:
    """Return what the package computes for one output token, kWh."""
    return dict(
        compute_llm_impacts_dag(
            model_active_parameter_count=active,
            model_total_parameter_count=total,
            output_token_count=1,
            request_latency=1e9,
            if_electricity_mix_adpe=0,
            if_electricity_mix_pe=0,
            if_electricity_mix_gwp=0,
            if_electricity_mix_wue=0,
            datacenter_pue=1,
            datacenter_wue=0,
            batch_size=batch,
        )
    )


def priced(figures: dict[Phase, PhaseFigures], *, boundary: str, pue: str) -> Decimal:
    """Return the joules at the meter of an output token, on GPUs that are always busy."""
    inputs = CostInputs(
        figures=figures,
        boundary=boundary,
        host_watts_per_gpu=Decimal(estimates.HOST_WATTS_PER_GPU),
        idle_watts_per_gpu=ZERO,
        utilisation=ONE,
        pue=Decimal(pue),
        gpu_hour_price=ZERO,
        gpu_hour_includes_energy=False,
        electricity_price_per_kwh=ZERO,
        demand_price_per_kwh=ZERO,
        green_share=ZERO,
        green_price_per_kwh=ZERO,
        carbon_location_grams_per_kwh=ZERO,
        carbon_residual_grams_per_kwh=ZERO,
        scarcity_factor=ONE,
    )
    return token_costs(inputs)[Phase.DECODE].energy_joules


def as_run(row: dict[str, Any]) -> Benchmark:
    """Return an estimated row as a run without input, so that decode carries all of it."""
    return Benchmark(
        gpu_count=row["gpu_count"],
        joules_per_output_token=Decimal(row["joules_per_output_token"]),
        output_tokens_per_second=Decimal(row["output_tokens_per_second"]),
        mean_output_tokens=ONE,
        mean_input_tokens=ZERO,
        decode_to_prefill=ONE,
        cached_to_prefill=ONE,
    )


class TestBenchmark:
    @pytest.mark.parametrize(("active", "total", "batch"), DENSE)
    def test_takes_what_ecologits_computes(self, active: int, total: int, batch: int) -> None:
        row = estimates.benchmark(
            active_billions=Decimal(active), total_billions=Decimal(total), batch=batch
        )
        figures = split_benchmark(benchmark=as_run(row))

        package = theirs(active, total, batch)
        assert row["gpu_count"] == package["gpu_required_count"]
        for joules, kwh in (
            (Decimal(row["joules_per_output_token"]) / row["gpu_count"], package["gpu_energy"]),
            (priced(figures, boundary="gpu", pue="1"), package["request_energy"]),
        ):
            # Theirs are floats, and ours rounded to twelve decimals.
            assert float(joules) == pytest.approx(kwh * 3_600_000, rel=1e-9)

    def test_is_the_published_one_of_llama_8b_at_64_requests(self) -> None:
        row = estimates.benchmark(active_billions=Decimal(8), total_billions=Decimal(8), batch=64)
        figures = split_benchmark(benchmark=as_run(row))

        assert f"{Decimal(row['joules_per_output_token']):.4f}" == "0.1623"
        assert f"{priced(figures, boundary='gpu', pue='1'):.4f}" == "0.2675"
        # At PUE 1.2 this is 0.32 J at the meter.
        assert f"{priced(figures, boundary='gpu', pue='1.2'):.2f}" == "0.32"

    @pytest.mark.parametrize("change", [{"batch": 0}, {"batch": 513}, {"active_billions": ZERO}])
    def test_refuses_what_was_never_fitted(self, change: dict[str, Any]) -> None:
        stated: dict[str, Any] = {"active_billions": ONE, "total_billions": ONE, "batch": 64}

        with pytest.raises(InvalidCostInput):
            estimates.benchmark(**(stated | change))


class TestEpoch:
    def test_takes_three_tenths_of_a_watt_hour_for_a_query(self) -> None:
        # GPT-4o as Epoch AI sees it: 2 × 100 billion FLOP a token at a tenth of 9.89e14 FLOP/s on
        # GPUs of 1,275 W with their server, at 70 % of it, PUE 1.2, 500 tokens: 0.301 Wh.
        run = {"tokens_per_second": "494.5", "gpus": 1, "watts": "892.5"}
        figures = figures_from_document({"prefill": run, "cached": run, "decode": run})

        watt_hours = 500 * priced(figures, boundary="server", pue="1.2") / 3_600

        assert f"{watt_hours:.3f}" == "0.301"


@pytest.mark.django_db
class TestEstimateBenchmark:
    def estimate(self, **options: Any) -> dict[str, Any]:
        out = StringIO()
        stated = {
            "model": "llama",
            "hardware": "h100",
            "active": "8",
            "total": "8",
            "mean_input": "245",
            "mean_output": "400",
        }
        call_command(
            "estimate_benchmark", "llama", stdout=out, stderr=StringIO(), **(stated | options)
        )
        document: dict[str, Any] = json.loads(out.getvalue())
        return document

    def test_writes_a_document_that_is_published_with_grade_d(self) -> None:
        factories.publish()

        factories.publish(self.estimate())

        row = BenchmarkRow.objects.select_related("provenance").get(code="llama")
        assert (row.gpu_count, row.provenance.grade) == (1, "D")
        assert f"{row.joules_per_output_token:.4f}" == "0.1623"

    @pytest.mark.parametrize("change", [{"active": "many"}, {"batch": 1_000}])
    def test_refuses_what_it_cannot_estimate(self, change: dict[str, Any]) -> None:
        with pytest.raises(CommandError, match="no estimate"):
            self.estimate(**change)
