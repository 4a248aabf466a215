"""How a rate follows from the catalogue, with the grade of each step and what each part weighs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from ledger.pricing import charge_derivation, derivation, grading, tariff_derivation
from ledger.pricing.derivation import Step
from ledger.pricing.models import Provenance, TariffVersion
from ledger.pricing.profile import CLASS_PHASES, Phase
from ledger.pricing.quoting import comparing
from ledger.pricing.rates import PriceRate
from ledger.pricing.tariff_derivation import Window
from ledger.quantities import PICO_PER_UNIT, in_units

KWH: Final = "a kilowatt-hour"
COST_PARTS: Final = ("compute", "energy", "green", "scarcity")


@dataclass(frozen=True, slots=True)
class GradedStep:
    """A step, and the weakest grade of the figures that it rests on; None without any."""

    step: Step
    grade: str | None

    @property
    def result(self) -> str:
        """Return the result as it is written."""
        return derivation.written(self.step.result)


@dataclass(frozen=True, slots=True)
class Share:
    """What a part is of the price, and in percent of it; None of a price that is not positive."""

    part: str
    amount: int
    percent: Decimal | None


@dataclass(frozen=True, slots=True)
class Derivation:
    """The way from the catalogue to a price rate: steps, tariff windows, shares, grades.

    `cost_by_grade` are the shares of the cost that rest on figures of each grade.
    """

    steps: Sequence[GradedStep] = ()
    windows: Sequence[Window] = ()
    shares: Sequence[Share] = ()
    cost_by_grade: Mapping[str, Decimal] | None = None


NOTHING: Final = Derivation()
"""What is shown to those who may not see what a price is made of."""


def of_rate(
    price_rate: PriceRate,
    *,
    slot: int,
    token_classes: Sequence[str],
    amounts: Mapping[str, int],
    provenances: Iterable[Provenance],
) -> Derivation:
    """Return how the rate follows from its inputs, for the classes of which there are tokens.

    `amounts` are those of the usage entry, in pico-units, by part of the price and `price`.
    """
    of_slot, of_price = price_rate.slot_rate.inputs, price_rate.inputs
    document = _tariff(of_slot["electricity"])
    phases = [phase for phase in Phase if phase in {CLASS_PHASES.get(one) for one in token_classes}]
    of_tariff = tariff_derivation.electricity_steps(
        document, electricity=of_slot["electricity"], slot=slot
    )
    steps = [
        *of_tariff,
        *(
            one
            for one in derivation.derive(of_slot, phases=phases)
            if not (of_tariff and one.formula == derivation.AS_PUBLISHED and one.subject == KWH)
        ),
        *charge_derivation.charge(
            of_price,
            slot=of_slot,
            rates={"price": price_rate.price},
            token_classes=token_classes,
        ),
    ]
    grade_of = {one.code: str(one.grade) for one in provenances}
    graded = _by_part(of_slot, grade_of) | _by_part(of_price, grade_of)
    component_grades = grading.grades(of_slot, grade_of=grade_of)
    costs = {name: in_units(amounts[name], per_unit=PICO_PER_UNIT) for name in COST_PARTS}
    price = Decimal(amounts["price"])
    return Derivation(
        steps=[GradedStep(one, _grade(one, graded)) for one in steps],
        windows=tariff_derivation.windows_at(
            document, period=str(of_slot["electricity"].get("period")), slot=slot
        ),
        shares=[
            Share(
                part,
                amounts[part],
                comparing.percent_saved(before=price, after=price - amounts[part]),
            )
            for part in (*COST_PARTS, "margin")
        ],
        cost_by_grade=grading.shares(costs, graded=component_grades),
    )


def _tariff(electricity: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the terms of the tariff version that a rate names; versions never change."""
    named = {"id": electricity.get("id"), "tariff__code": electricity.get("tariff")}
    version = TariffVersion.objects.filter(**named).first()
    return version.terms if version else {}


def _by_part(inputs: Mapping[str, Any], grade_of: Mapping[str, str]) -> dict[str, str]:
    """Return the weakest grade of each part that names a provenance."""
    return {
        part: grading.weakest(grade_of.get(code, grading.UNKNOWN) for code in codes)
        for part, codes in grading.provenances(inputs).items()
        if codes
    }


def _grade(step: Step, graded: Mapping[str, str]) -> str | None:
    grades = [graded[part] for part in step.rests_on if part in graded]
    return grading.weakest(grades) if grades else None
