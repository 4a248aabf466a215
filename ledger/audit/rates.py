"""Audits of the rates: recomputed from the inputs that they were made from."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ledger.audit.findings import Audit
from ledger.errors import LedgerError
from ledger.pricing import figures
from ledger.pricing.inputs import digest
from ledger.pricing.rates import PriceRate, SlotRate


def _slot_rates() -> Iterator[str]:
    for rate in SlotRate.objects.order_by("id").iterator():
        yield from _faults(f"slot rate {rate.id}", rate, rate.inputs, _slot_figures(rate))


def _price_rates() -> Iterator[str]:
    rates = PriceRate.objects.select_related("slot_rate").order_by("id")
    for rate in rates.iterator():
        yield from _faults(f"price rate {rate.id}", rate, rate.inputs, _price_figures(rate))
        if rate.inputs["slot_rate"] != bytes(rate.slot_rate.inputs_digest).hex():
            yield f"price rate {rate.id} was made from another slot rate than it names"


def _slot_figures(rate: SlotRate) -> Mapping[str, Any] | str:
    try:
        return figures.slot_figures(rate.inputs) | figures.reported_figures(rate.inputs)
    except (LedgerError, ArithmeticError, KeyError) as error:
        return str(error)


def _price_figures(rate: PriceRate) -> Mapping[str, Any] | str:
    try:
        found = figures.price_figures(rate.inputs, slot=rate.slot_rate.inputs)
    except (LedgerError, ArithmeticError, KeyError) as error:
        return str(error)
    return {"compared_price": None, **found}


def _faults(
    name: str,
    rate: SlotRate | PriceRate,
    inputs: Mapping[str, Any],
    recomputed: Mapping[str, Any] | str,
) -> Iterator[str]:
    if digest(inputs) != bytes(rate.inputs_digest):
        yield f"{name}: its inputs are not those that it was compiled from"
    if rate.quantisation_bound != figures.QUANTISATION_BOUND:
        yield f"{name}: its quantisation bound is {rate.quantisation_bound}"
    if isinstance(recomputed, str):
        yield f"{name} cannot be recomputed: {recomputed}"
        return
    for component, per_class in recomputed.items():
        if getattr(rate, component) != per_class:
            yield f"{name}: {component} is {getattr(rate, component)}, its inputs give {per_class}"


AUDITS: Final[tuple[Audit, ...]] = (
    Audit("slot-rates", "Slot rates recompute from their inputs", _slot_rates),
    Audit("price-rates", "Price rates recompute from their inputs", _price_rates),
)
