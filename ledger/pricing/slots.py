"""Compile rates from their inputs, store them once, and hold them as columns for the kernel.

Slots with equal inputs share one `SlotRate`, and agreements with equal terms one `PriceRate`:
a time-of-use tariff needs a handful of rows a day, not one per quarter hour and agreement
(docs/adr/0005-rates-by-content.md).
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt
from django.db import transaction

from ledger.errors import LedgerError
from ledger.parties.models import Deployment
from ledger.pricing import figures, grading, price_inputs, slot_inputs
from ledger.pricing.figures import PerClass
from ledger.pricing.inputs import Inputs
from ledger.pricing.models import Agreement, AgreementVersion
from ledger.pricing.naming import NameBook
from ledger.pricing.price_inputs import Asked
from ledger.pricing.published import Lack, Published
from ledger.pricing.rates import PriceRate, SlotRate
from ledger.pricing.tariff import slot_starts_at
from ledger.service_tiers import STANDARD
from ledger.tokens import TOKEN_CLASSES

logger = logging.getLogger(__name__)

PHYSICAL: Final = (
    "gpu_nanoseconds",
    "energy_microjoules",
    "co2_location_nanograms",
    "co2_market_nanograms",
)
"""Components taken from the slot rate."""

MONEY: Final = (
    "compute",
    "energy",
    "green",
    "scarcity",
    "margin",
    "fee_provider",
    "fee_consumer",
)
"""Components taken from the price rate: pico-units of the agreement's currency."""

COMPONENTS: Final = PHYSICAL + MONEY
"""The rows of a rate table, in the order of a usage entry's columns."""

ANSWERS_KEPT: Final = 500_000
"""Asked (deployment, agreement, band, slot, tier) combinations that a process remembers."""

AskKey = tuple[int, int, int, int, str]


@dataclass(frozen=True, slots=True)
class Ask:
    """A price that is wanted: for a deployment, a band, a slot and a tier, under an agreement."""

    deployment: Deployment
    agreement: Agreement
    context_from_tokens: int
    slot: int
    service_tier: str = STANDARD


@dataclass(frozen=True, slots=True)
class Wanted:
    """A price rate that may not be stored yet, with the slot rate beneath it."""

    deployment_id: int
    agreement_version_id: int
    slot_inputs: Inputs
    price_inputs: Inputs


@dataclass(frozen=True, slots=True)
class Compiled:
    """A price rate and the slot rate beneath it, computed and ready to store."""

    wanted: Wanted
    slot_figures: dict[str, PerClass]
    reported_figures: dict[str, PerClass | None]
    price_figures: dict[str, PerClass]
    grade_shares: list[int]


@dataclass(frozen=True, slots=True)
class Priced:
    """An answer: the row of the rate table, and the ids that a usage entry names."""

    row: int
    price_rate_id: int
    agreement_version_id: int
    currency: str
    rate_card: str


class RatesMissing(Exception):
    """Rates must be stored, in a transaction of their own, before the claim can go on."""

    def __init__(self, compiled: Sequence[Compiled]) -> None:
        self.compiled = list(compiled)
        super().__init__(f"{len(self.compiled)} rates are not stored yet")


class RateBook:
    """The rates of one revision of the catalogue, as a table that grows as prices are asked.

    `names` says of the same revision what the words of sources stand for.
    `rates[component, token class, row]` are whole sub-units per token; `rated[class, row]` says
    whether the class has a price at all, `costed[class, row]` whether what it takes is known.
    """

    def __init__(self, published: Published, *, names: NameBook) -> None:
        self.published = published
        self.names = names
        self.rates: npt.NDArray[np.int64] = np.zeros(
            (len(COMPONENTS), len(TOKEN_CLASSES), 0), dtype=np.int64
        )
        self.rated: npt.NDArray[np.bool_] = np.zeros((len(TOKEN_CLASSES), 0), dtype=np.bool_)
        self.costed: npt.NDArray[np.bool_] = np.zeros((len(TOKEN_CLASSES), 0), dtype=np.bool_)
        self._answers: dict[AskKey, Priced | Lack] = {}
        self._by_digest: dict[bytes, Priced | Lack] = {}
        self._slot_inputs: dict[tuple[int, int, int], Inputs | Lack] = {}

    def price(self, asks: Sequence[Ask]) -> list[Priced | Lack]:
        """Answer each ask with a row of the table or with what is lacking.

        :raises RatesMissing: if a rate must be stored first.
        """
        if len(self._answers) > ANSWERS_KEPT:
            self._answers.clear()
            self._slot_inputs.clear()
        wanted: dict[bytes, Wanted] = {}
        unanswered: list[tuple[AskKey, bytes]] = []
        for ask in asks:
            key = _key(ask)
            if key in self._answers:
                continue
            found = self._resolve(ask)
            if isinstance(found, Lack):
                self._answers[key] = found
            else:
                wanted[found.price_inputs.digest] = found
                unanswered.append((key, found.price_inputs.digest))
        self._admit(wanted)
        for key, digest in unanswered:
            self._answers[key] = self._by_digest[digest]
        return [self._answers[_key(ask)] for ask in asks]

    def _resolve(self, ask: Ask) -> Wanted | Lack:
        """Return the inputs of a price, or what is not published for it."""
        version: AgreementVersion | None = self.published.in_force(
            AgreementVersion, (ask.agreement.id,), slot_starts_at(ask.slot)
        )
        if version is None:
            return Lack("no_agreement_version", f"agreement_version:{ask.agreement.code}")
        slot_key = (ask.deployment.id, ask.context_from_tokens, ask.slot)
        if slot_key not in self._slot_inputs:
            self._slot_inputs[slot_key] = slot_inputs.of_slot(
                self.published,
                deployment=ask.deployment,
                context_from_tokens=ask.context_from_tokens,
                slot=ask.slot,
            )
        cost = self._slot_inputs[slot_key]
        if isinstance(cost, Lack):
            return cost
        price = price_inputs.of_price(
            self.published,
            slot_rate=cost,
            agreement=version,
            asked=Asked(ask.slot, ask.context_from_tokens, ask.service_tier),
        )
        if isinstance(price, Lack):
            return price
        return Wanted(ask.deployment.id, version.id, cost, price)

    def _admit(self, wanted: dict[bytes, Wanted]) -> None:
        """Append the stored rates that are asked for to the table.

        :raises RatesMissing: if one of them is not stored.
        """
        unknown = [digest for digest in wanted if digest not in self._by_digest]
        if not unknown:
            return
        stored = list(
            PriceRate.objects.filter(inputs_digest__in=unknown).select_related(
                "slot_rate", "agreement_version__rate_card"
            )
        )
        found = {bytes(rate.inputs_digest) for rate in stored}
        compiled = [
            one
            for digest in unknown
            if digest not in found and (one := self._compiled(wanted[digest])) is not None
        ]
        if compiled:
            raise RatesMissing(compiled)
        if not stored:
            return
        first = self.rates.shape[2]
        self.rates = np.concatenate([self.rates, _table(stored)], axis=2)
        self.rated = np.concatenate([self.rated, _known([one.price for one in stored])], axis=1)
        taken = [one.slot_rate.gpu_nanoseconds for one in stored]
        self.costed = np.concatenate([self.costed, _known(taken)], axis=1)
        for offset, rate in enumerate(stored):
            self._by_digest[bytes(rate.inputs_digest)] = Priced(
                row=first + offset,
                price_rate_id=rate.id,
                agreement_version_id=rate.agreement_version_id,
                currency=rate.currency,
                rate_card=rate.agreement_version.rate_card.code,
            )

    def _compiled(self, wanted: Wanted) -> Compiled | None:
        """Compute a rate; inputs that make no sense are remembered as what is lacking."""
        slot = wanted.slot_inputs.values
        try:
            return Compiled(
                wanted,
                figures.slot_figures(slot),
                figures.reported_figures(slot),
                of_price := figures.price_figures(wanted.price_inputs.values, slot=slot),
                grading.millionths(
                    of_price, graded=grading.grades(slot, grade_of=self.published.grade_of)
                ),
            )
        except LedgerError as error:
            logger.warning("rate refused", extra={"deployment": slot["deployment"]}, exc_info=error)
            self._by_digest[wanted.price_inputs.digest] = Lack(
                "invalid_input", f"terms:{slot['deployment']}"
            )
            return None


@transaction.atomic
def store(compiled: Iterable[Compiled], *, now: datetime) -> None:
    """Store rates that are not stored, sorted; another worker's are kept.

    A short transaction of its own: stored inside a claim, two workers would wait for each
    other's whole claim.
    """
    ordered = sorted(compiled, key=lambda one: one.wanted.price_inputs.digest)
    by_slot_digest = {one.wanted.slot_inputs.digest: one for one in ordered}
    SlotRate.objects.bulk_create(
        [_slot_rate(by_slot_digest[digest], now=now) for digest in sorted(by_slot_digest)],
        ignore_conflicts=True,
    )
    slot_ids = {
        bytes(digest): id_
        for digest, id_ in SlotRate.objects.filter(
            inputs_digest__in=list(by_slot_digest)
        ).values_list("inputs_digest", "id")
    }
    PriceRate.objects.bulk_create(
        [_price_rate(one, slot_ids[one.wanted.slot_inputs.digest], now=now) for one in ordered],
        ignore_conflicts=True,
    )


def _key(ask: Ask) -> AskKey:
    return (
        ask.deployment.id,
        ask.agreement.id,
        ask.context_from_tokens,
        ask.slot,
        ask.service_tier,
    )


def _slot_rate(compiled: Compiled, *, now: datetime) -> SlotRate:
    inputs_ = compiled.wanted.slot_inputs
    return SlotRate(
        deployment_id=compiled.wanted.deployment_id,
        context_from_tokens=inputs_.values["profile"]["context_from_tokens"],
        currency=inputs_.values["currency"],
        inputs=inputs_.values,
        inputs_digest=inputs_.digest,
        compiled_at=now,
        quantisation_bound=figures.QUANTISATION_BOUND,
        **compiled.slot_figures,
        **compiled.reported_figures,
    )


def _price_rate(compiled: Compiled, slot_rate_id: int, *, now: datetime) -> PriceRate:
    inputs_ = compiled.wanted.price_inputs
    return PriceRate(
        slot_rate_id=slot_rate_id,
        agreement_version_id=compiled.wanted.agreement_version_id,
        currency=inputs_.values["currency"],
        service_tier=inputs_.values.get("service_tier", STANDARD),
        inputs=inputs_.values,
        inputs_digest=inputs_.digest,
        compiled_at=now,
        quantisation_bound=figures.QUANTISATION_BOUND,
        grade=grading.overall(compiled.grade_shares),
        grade_shares=compiled.grade_shares,
        **compiled.price_figures,
    )


def _table(stored: Sequence[PriceRate]) -> npt.NDArray[np.int64]:
    """Return rates[component, class, row]; a class without a rate counts nothing here."""
    columns: list[list[list[int]]] = [
        [_filled(getattr(rate.slot_rate, name)) for rate in stored] for name in PHYSICAL
    ] + [[_filled(getattr(rate, name)) for rate in stored] for name in MONEY]
    return np.array(columns, dtype=np.int64).transpose(0, 2, 1)


def _filled(per_class: Sequence[int | None]) -> list[int]:
    return [0 if rate is None else rate for rate in per_class]


def _known(per_class: Sequence[Sequence[int | None]]) -> npt.NDArray[np.bool_]:
    rows = [[figure is not None for figure in one] for one in per_class]
    return np.array(rows, dtype=np.bool_).transpose()
