"""Every row and multiplication behind the price of one usage event."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from ledger.pricing import grading
from ledger.pricing.models import Provenance
from ledger.pricing.rates import PriceRate
from ledger.pricing.slots import MONEY, PHYSICAL
from ledger.pricing.tariff import slot_of, slot_starts_at
from ledger.quantities import (
    MICROJOULES_PER_JOULE,
    NANOGRAMS_PER_GRAM,
    NANOSECONDS_PER_SECOND,
    PICO_PER_UNIT,
    in_units,
)
from ledger.rating import derivations
from ledger.rating.derivations import Derivation
from ledger.rating.identity import NoSuchUsageEntry, parse_public_id
from ledger.rating.models import UsageEntry
from ledger.rating.reasons import Reason, reasons
from ledger.rating.rerating import reading as rerating
from ledger.rating.rerating.reading import Rerated
from ledger.rating.written import Understood, understood
from ledger.tokens import TOKEN_CLASSES

UNITS: dict[str, tuple[str, int]] = {
    "gpu_nanoseconds": ("GPU-s", NANOSECONDS_PER_SECOND),
    "energy_microjoules": ("J", MICROJOULES_PER_JOULE),
    "co2_location_nanograms": ("g", NANOGRAMS_PER_GRAM),
    "co2_market_nanograms": ("g", NANOGRAMS_PER_GRAM),
}
"""The unit in which a component is shown; money is shown in the currency of the price rate."""

PRICE_PARTS = ("compute", "energy", "green", "scarcity", "margin")
"""They sum to the price."""

KEPT_FROM_CONSUMERS = frozenset({*PRICE_PARTS, "fee_provider", "gpu_nanoseconds"})
"""What a consumer does not see unless the agreement discloses it."""


@dataclass(frozen=True, slots=True)
class Product:
    """tokens × rate = amount, in whole sub-units: the arithmetic that was done."""

    token_class: str
    tokens: int
    rate: int
    amount: int


@dataclass(frozen=True, slots=True)
class Line:
    """One component: its products, their sum, and the sum in the unit that people read."""

    component: str
    products: tuple[Product, ...]
    amount: int
    unit: str
    quantity: Decimal
    booked: int

    @property
    def agrees(self) -> bool:
        """Whether the usage entry holds what its rates give."""
        return self.amount == self.booked


@dataclass(frozen=True, slots=True)
class Reported:
    """What a usage entry takes beside what it books; None where nothing is known of it."""

    embodied_nanograms: int | None
    water_nanolitres: int | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """An entry, the slot it fell into, the rates it names with their inputs, and the products.

    `grade` is that of the cost, and `grade_shares` how much of it rests on each grade;
    `compared_price` is what the other price of a card with two comes to, in pico-units.
    `provenance` gives source and grade of every catalogue figure that carries one; `names` those
    that the source wrote in words of its own; `reasons` the corrections behind the entry, and
    `reratings` the runs that priced its usage anew.
    """

    entry: UsageEntry
    slot: int
    slot_starts_at: datetime
    price_rate: PriceRate
    lines: tuple[Line, ...]
    reported: Reported | None
    provenance: tuple[dict[str, Any], ...]
    discloses_cost: bool
    grade: str | None
    grade_shares: Mapping[str, Decimal]
    compared_price: int | None
    names: Sequence[Understood]
    reasons: Sequence[Reason]
    derivation: Derivation
    reratings: Sequence[Rerated]

    def for_consumer(self) -> "Explanation":
        """Leave out the provider's cost, unless the agreement discloses it."""
        if self.discloses_cost:
            return self
        return Explanation(
            entry=self.entry,
            slot=self.slot,
            slot_starts_at=self.slot_starts_at,
            price_rate=self.price_rate,
            lines=tuple(line for line in self.lines if line.component not in KEPT_FROM_CONSUMERS),
            # Embodied emissions are busy seconds in other words, and those are kept.
            reported=None,
            provenance=(),
            discloses_cost=False,
            grade=None,
            grade_shares={},
            compared_price=None,
            names=self.names,
            reasons=self.reasons,
            derivation=derivations.NOTHING,
            reratings=self.reratings,
        )


def find(public_id: str) -> UsageEntry:
    """Return the usage entry, meeting only the partition of its month.

    :raises NoSuchUsageEntry: if there is none with this id.
    """
    id_, starts_at, ends_at = parse_public_id(public_id)
    entry = UsageEntry.objects.filter(
        id=id_, occurred_at__gte=starts_at, occurred_at__lt=ends_at
    ).first()
    if entry is None:
        raise NoSuchUsageEntry(public_id)
    return entry


def explain(entry: UsageEntry) -> Explanation:
    """Return how the entry's amounts follow from the rates that it names."""
    price_rate = PriceRate.objects.select_related(
        "slot_rate__deployment__provider", "agreement_version__agreement"
    ).get(id=entry.price_rate_id)
    lines = tuple(_line(entry, price_rate, component) for component in ("price", *MONEY, *PHYSICAL))
    slot = slot_of(entry.occurred_at)
    named = _named_in(price_rate)
    provenances = {one.code: one for one in Provenance.objects.filter(code__in=set(named.values()))}
    return Explanation(
        entry=entry,
        slot=slot,
        slot_starts_at=slot_starts_at(slot),
        price_rate=price_rate,
        lines=lines,
        reported=Reported(
            _beside(entry, price_rate.slot_rate.embodied_nanograms),
            _beside(entry, price_rate.slot_rate.water_nanolitres),
        ),
        provenance=tuple(_provenance(named, provenances)),
        discloses_cost=price_rate.agreement_version.discloses_cost,
        grade=price_rate.grade,
        grade_shares=grading.by_grade(price_rate.grade_shares),
        compared_price=_beside(entry, price_rate.compared_price),
        names=understood(entry),
        reasons=reasons(entry.id),
        derivation=derivations.of_rate(
            price_rate,
            slot=slot,
            token_classes=[name for name in TOKEN_CLASSES if getattr(entry, name)],
            amounts={line.component: line.booked for line in lines},
            provenances=provenances.values(),
        ),
        reratings=rerating.reasons(entry),
    )


def _beside(entry: UsageEntry, rates: Sequence[int | None] | None) -> int | None:
    """Return tokens times rates; None if a class of the entry has none."""
    if rates is None:
        return None
    total = 0
    for name, rate in zip(TOKEN_CLASSES, rates, strict=True):
        tokens = getattr(entry, name)
        if tokens and rate is None:
            return None
        total += tokens * (rate or 0)
    return total


def _line(entry: UsageEntry, price_rate: PriceRate, component: str) -> Line:
    rates = getattr(price_rate.slot_rate if component in PHYSICAL else price_rate, component)
    products = tuple(
        Product(name, tokens, rate, tokens * rate)
        for name, rate in zip(TOKEN_CLASSES, rates, strict=True)
        if (tokens := getattr(entry, name)) and rate is not None
    )
    amount = sum(product.amount for product in products)
    unit, per_unit = UNITS.get(component, (price_rate.currency, PICO_PER_UNIT))
    return Line(
        component=component,
        products=products,
        amount=amount,
        unit=unit,
        quantity=in_units(amount, per_unit=per_unit),
        booked=sum(getattr(entry, part) for part in PRICE_PARTS)
        if component == "price"
        else getattr(entry, component),
    )


def _named_in(price_rate: PriceRate) -> dict[str, str]:
    """Return the provenance of each figure of both rates, by the names their inputs give them."""
    return dict(
        pair
        for inputs in (price_rate.slot_rate.inputs, price_rate.inputs)
        for pair in _named(inputs)
    )


def _provenance(
    named: Mapping[str, str], provenances: Mapping[str, Provenance]
) -> list[dict[str, Any]]:
    """Return where the figures come from, as far as it is on record."""
    return [
        {
            "figure": name,
            "code": code,
            "grade": found.grade,
            "source": found.source,
            "document": found.document,
            "url": found.url,
            "retrieved_on": found.retrieved_on and found.retrieved_on.isoformat(),
            "licence": found.licence,
            "note": found.note,
        }
        for name, code in named.items()
        if (found := provenances.get(code)) is not None
    ]


def _named(inputs: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (figure, provenance code) of every figure among the inputs, however deep."""
    return [
        pair
        for name, value in inputs.items()
        if isinstance(value, dict)
        for pair in (
            *([(name, value["provenance"])] if value.get("provenance") else []),
            *_named(value),
        )
    ]
