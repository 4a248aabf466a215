"""The written formulas are worked out here, and come to what is charged."""

import ast
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ledger.pricing import catalogue, derivation, published, slot_inputs, tariff_derivation
from ledger.pricing.derivation import Step
from ledger.pricing.figures import slot_figures
from ledger.pricing.inputs import Inputs
from ledger.pricing.models import TariffVersion
from ledger.pricing.profile import Phase
from ledger.pricing.tariff import slot_of
from tests import factories
from tests.ledger.rating.test_worked_event import SHIPPED, commercial

HALF_PAST_TEN = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)

pytestmark = pytest.mark.django_db

ACTS: dict[type[ast.operator], Callable[[Decimal, Decimal], Decimal]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.Div: lambda left, right: left / right,
}


def worked_out(filled: str) -> Decimal:
    """Work a formula out as a person with a calculator does."""

    def value(node: ast.expr) -> Decimal:
        if isinstance(node, ast.BinOp):
            return ACTS[type(node.op)](value(node.left), value(node.right))
        if isinstance(node, ast.UnaryOp):
            return -value(node.operand)
        assert isinstance(node, ast.Constant)
        return Decimal(ast.get_source_segment(text, node) or "")

    text = filled.replace("×", "*")
    return value(ast.parse(text, mode="eval").body)


def steps(site: str) -> tuple[list[Step], Any]:
    factories.publish(catalogue.read_document(SHIPPED))
    factories.publish(commercial(site))
    known = published.load()
    (deployment,) = (one for one in known.deployments.values() if one.code == "qwen")
    inputs = slot_inputs.of_slot(
        known, deployment=deployment, context_from_tokens=0, slot=slot_of(HALF_PAST_TEN)
    )
    assert isinstance(inputs, Inputs)
    phases = (Phase.PREFILL, Phase.CACHED, Phase.DECODE)
    return derivation.derive(inputs.values, phases=phases), inputs.values


def step(found: list[Step], subject: str, name: str) -> Step:
    (one,) = (one for one in found if (one.subject, one.name) == (subject, name))
    return one


class TestDerive:
    @pytest.mark.parametrize("site", ["zhongwei", "beijing"])
    def test_writes_formulas_that_come_to_their_results(self, site: str) -> None:
        found, _ = steps(site)

        assert len(found) == 4 + 3 * 9
        for one in found:
            result = worked_out(one.filled)
            assert abs(result - one.result) <= abs(one.result) * Decimal("1e-10"), one

    def test_ends_in_the_rates_that_are_stored(self) -> None:
        found, inputs = steps("zhongwei")

        stored = slot_figures(inputs)
        # Of the worked event: 1,785,939 µJ and 10,811,214 pico-CNY a token that is written.
        joules = step(found, "a decode token", "energy at the meter")
        assert round(joules.result * 10**6) == stored["energy_microjoules"][4] == 1_785_939
        compute = step(found, "a decode token", "compute")
        assert round(compute.result * 10**12) == stored["compute"][4] == 10_811_214

    def test_tells_the_division_of_a_benchmark(self) -> None:
        found, _ = steps("zhongwei")

        energy = step(found, "a cached token", "energy at the boundary")
        assert energy.formula == "J per output token × L_out / (L_out + L_in / r) / r × rho"
        assert energy.filled == "1.10397 × 887 / (887 + 245 / 2.5) / 2.5 × 0.1"


class TestElectricity:
    def test_comes_from_components_and_the_ratio_of_the_period(self) -> None:
        _, inputs = steps("beijing")
        version = TariffVersion.objects.get(tariff__code="beijing-1-10kv")

        found = tariff_derivation.electricity_steps(
            version.terms, electricity=inputs["electricity"], slot=slot_of(HALF_PAST_TEN)
        )
        (window,) = tariff_derivation.windows_at(
            version.terms, period="peak", slot=slot_of(HALF_PAST_TEN)
        )

        assert [one.name for one in found] == [
            "peak price, as published",
            "peak price, from components",
            "demand price",
        ]
        assert found[1].filled == "0.409176 × 1.6 + 0.012185 + 0.2065 + 0.026306 + 0.027168"
        # The grid company printed 0.926841; its own components come to a millionth of that.
        assert abs(worked_out(found[1].filled) - Decimal("0.926841")) < Decimal("0.000001")
        assert worked_out(found[2].filled) == found[2].result
        assert "10:00–13:00" in window.spans
