"""The default catalogue, and the worked event of docs/pricing.md made from its figures."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from ledger.pricing.cost import CostInputs
from ledger.pricing.profile import Benchmark, Phase, split_benchmark
from ledger.pricing.tariff import (
    TariffTerms,
    demand_price_per_kwh,
    local_month,
    period_at,
    price_per_kwh,
    slot_of,
)
from ledger.pricing.terms import CostPlus

CATALOGUE = Path(__file__).parents[3] / "ledger" / "fixtures" / "catalogue.yaml"

Catalogue = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Event:
    """800 fresh and 1,200 cached prompt tokens, 500 answered."""

    tokens: dict[Phase, int]
    terms: CostPlus


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    loaded: Catalogue = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="session")
def event() -> Event:
    return Event(
        tokens={Phase.PREFILL: 800, Phase.CACHED: 1_200, Phase.DECODE: 500},
        terms=CostPlus(margin=Decimal("0.20"), floor_per_token={}, cap_per_token={}),
    )


@pytest.fixture(scope="session")
def inputs_of(catalogue: Catalogue) -> Callable[[str], CostInputs]:
    """What a token is costed from at a site on Tuesday 2026-11-24 at 10:30 in Shanghai."""

    def row(section: str, **key: str) -> dict[str, Any]:
        (found,) = (
            one
            for one in catalogue[section]
            if all(one[name] == value for name, value in key.items())
        )
        return found

    def inputs(site: str) -> CostInputs:
        measured = row("benchmarks", code="qwen3-235b-a22b-fp8-8xh100")
        gpu_hour = row("gpu_hours", code="h100-owned")
        zone = row("sites", code=site)["grid_zone"]
        green = row("green_supplies", site=site)
        tariff = row("tariff_versions", tariff=row("site_tariffs", site=site)["tariff"])
        terms = TariffTerms.from_document(tariff["terms"])
        slot = slot_of(datetime(2026, 11, 24, 10, 30, tzinfo=ZoneInfo("Asia/Shanghai")))
        period = period_at(terms, slot=slot, calendar=None)
        return CostInputs(
            figures=split_benchmark(benchmark=benchmark(measured)),
            boundary="gpu",
            host_watts_per_gpu=Decimal(150),
            idle_watts_per_gpu=Decimal(195),
            utilisation=Decimal("0.60"),
            pue=Decimal(row("site_pue", site=site)["pue"]),
            gpu_hour_price=Decimal(gpu_hour["price"]),
            gpu_hour_includes_energy=gpu_hour["includes_energy"],
            electricity_price_per_kwh=price_per_kwh(
                terms, period=period, month=local_month(terms, slot=slot)
            ),
            demand_price_per_kwh=demand_price_per_kwh(terms),
            green_share=Decimal(green["share"]),
            green_price_per_kwh=Decimal(green["price_per_mwh"]) / 1_000,
            carbon_location_grams_per_kwh=carbon(zone, "location"),
            carbon_residual_grams_per_kwh=carbon(zone, "residual"),
            scarcity_factor=Decimal("1.36"),
        )

    def carbon(zone: str, method: str) -> Decimal:
        return Decimal(row("carbon_factors", zone=zone, method=method)["grams_per_kwh"])

    return inputs


def benchmark(measured: dict[str, Any]) -> Benchmark:
    return Benchmark(
        gpu_count=measured["gpu_count"],
        joules_per_output_token=Decimal(measured["joules_per_output_token"]),
        output_tokens_per_second=Decimal(measured["output_tokens_per_second"]),
        mean_output_tokens=Decimal(measured["mean_output_tokens"]),
        mean_input_tokens=Decimal(measured["mean_input_tokens"]),
        decode_to_prefill=Decimal(measured["decode_to_prefill"]),
        cached_to_prefill=Decimal(measured["cached_to_prefill"]),
    )


@pytest.fixture(scope="session")
def benchmark_of(catalogue: Catalogue) -> Callable[[str], Benchmark]:
    by_code = {one["code"]: benchmark(one) for one in catalogue["benchmarks"]}
    return by_code.__getitem__
